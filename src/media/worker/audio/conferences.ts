// All conferences of the worker, as the main thread orders them.
import type { Metronome } from "../metronome.ts";
import type { ToWorker } from "../messages.ts";
import type { Stream } from "../stream.ts";
import { Conference } from "./conference.ts";

export class Conferences {
  readonly #metronome: Pick<Metronome, "add">;
  readonly #conferences = new Map<number, Conference>();

  constructor(metronome: Pick<Metronome, "add">) {
    this.#metronome = metronome;
  }

  /** `streamOf` gives the sound of a session, where it is open. */
  handle(
    { conference: id, order }: Extract<ToWorker, { type: "conference" }>,
    streamOf: (session: number) => Stream | undefined,
  ): void {
    const conference = this.#conferences.get(id) ?? new Conference(this.#metronome);
    this.#conferences.set(id, conference);
    switch (order.do) {
      case "add": {
        const stream = streamOf(order.session);
        if (stream) conference.add(order.session, stream, order.muted);
        break;
      }
      case "remove":
        conference.remove(order.session);
        break;
      case "mute":
        conference.mute(order.session, order.on);
        break;
      case "keys":
        conference.passKeys(order.session, order.pass);
        break;
      case "close":
        conference.close();
        this.#conferences.delete(id);
        break;
    }
  }

  /** Nothing beats any more. */
  end(): void {
    for (const conference of this.#conferences.values()) conference.close();
    this.#conferences.clear();
  }
}
