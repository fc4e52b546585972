// All conferences of the worker, as the main thread orders them.
import { beatMs, type Metronome } from "../metronome.ts";
import type { FromWorker, ToWorker } from "../messages.ts";
import type { Stream } from "../stream.ts";
import { Conference } from "./conference.ts";

export class Conferences {
  readonly #metronome: Pick<Metronome, "add">;
  readonly #tell: (message: FromWorker) => void;
  readonly #conferences = new Map<number, Conference>();

  constructor(metronome: Pick<Metronome, "add">, tell: (message: FromWorker) => void) {
    this.#metronome = metronome;
    this.#tell = tell;
  }

  /** `streamOf` gives the sound of a session, where it is open. */
  handle(
    { conference: id, order }: Extract<ToWorker, { type: "conference" }>,
    streamOf: (session: number) => Stream | undefined,
  ): void {
    const conference =
      this.#conferences.get(id) ??
      new Conference(this.#metronome, (levels) => this.#tell({ type: "levels", conference: id, levels }));
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
      case "levels":
        conference.tellLevels(Math.round(order.everyMs / beatMs));
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
