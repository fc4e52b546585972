// All recordings of the worker, as the main thread orders them.
import type { FromWorker, ToWorker } from "../messages.ts";
import type { Metronome } from "../metronome.ts";
import type { Stream } from "../stream.ts";
import { Recorder } from "./recorder.ts";

export class Recorders {
  readonly #metronome: Pick<Metronome, "add">;
  readonly #tell: (message: FromWorker) => void;
  readonly #recorders = new Map<number, Recorder>();

  constructor(metronome: Pick<Metronome, "add">, tell: (message: FromWorker) => void) {
    this.#metronome = metronome;
    this.#tell = tell;
  }

  /** `streamOf` gives the sound of a session, where it is open. */
  handle(
    { recording, order }: Extract<ToWorker, { type: "record" }>,
    streamOf: (session: number) => Stream | undefined,
  ): void {
    const recorder = this.#recorders.get(recording);
    switch (order.do) {
      case "start": {
        const tell = (samples: Int16Array) => this.#tell({ type: "recorded", recording, samples });
        this.#recorders.set(recording, new Recorder(order.channels, order.toneMs, this.#metronome, tell));
        break;
      }
      case "hear":
        recorder?.hear(order.channel, order.session === undefined ? undefined : streamOf(order.session));
        break;
      case "stop":
        recorder?.stop();
        this.#recorders.delete(recording);
        this.#tell({ type: "record-ended", recording });
        break;
    }
  }

  /** Nothing is recorded any more. */
  end(): void {
    for (const recorder of this.#recorders.values()) recorder.stop();
    this.#recorders.clear();
  }
}
