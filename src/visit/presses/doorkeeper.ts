// Opens doors, one way for everybody who asks.
import type { Clock } from "../../clock.ts";
import { DoorOpener, type Means, type Opening, type OpenRequest } from "../../door/door.ts";
import { HttpClient } from "../../http.ts";
import type { Log } from "../../log.ts";
import type { Door } from "./doors.ts";

export class Doorkeeper {
  readonly #opener: DoorOpener;
  readonly #http: HttpClient;

  constructor(clock: Clock, log: Log) {
    this.#opener = new DoorOpener({ clock, log });
    this.#http = new HttpClient({ clock });
  }

  open(door: Door, request: OpenRequest, digits: Pick<Means, "sendDigits" | "answersFirst">): Promise<Opening> {
    const { address } = door;
    return this.#opener.open(door.settings, request, {
      ...{ http: this.#http, ...digits },
      ...(address === undefined ? {} : { address }),
    });
  }

  close(): void {
    this.#http.close();
  }
}
