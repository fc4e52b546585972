// A recording as the rest of the program sees it: 16-bit samples at 8 kHz as they come from the worker, a second at a time.
// Where they are kept is the listener's business.
import { EventEmitter } from "node:events";
import { giveUp } from "../errors.ts";
import { understoodNames } from "./codec.ts";
import type { MediaSession } from "./session.ts";
import type { FromWorker, RecordOrder } from "./worker/messages.ts";

export interface RecordOptions {
  /** How often a tone tells both sides of it, in seconds; never where it is absent. */
  readonly toneSeconds?: number;
}

export class Recording extends EventEmitter<{ samples: [samples: Int16Array]; ended: [] }> {
  readonly channels: 1 | 2;
  readonly #order: (order: RecordOrder) => void;
  #state: "on" | "stopping" | "over" = "on";

  /** Made by Media.record(). */
  constructor(order: (order: RecordOrder) => void, channels: 1 | 2, { toneSeconds = 0 }: RecordOptions) {
    super();
    this.#order = order;
    this.channels = channels;
    order({ do: "start", channels, toneMs: 1000 * toneSeconds });
  }

  /** Hears a session on a channel (0 = left) from now on. @throws PorteroError `no-codec` */
  hear(channel: 0 | 1, session: MediaSession): void {
    mustBeRecordable(session);
    if (this.#state === "on") this.#order({ do: "hear", channel, session: session.number });
  }

  /** `ended` follows, behind the last samples. Harmless afterwards. */
  stop(): void {
    if (this.#state !== "on") return;
    this.#state = "stopping";
    this.#order({ do: "stop" });
  }

  /** The worker says so, or is gone; for Media. */
  end(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.emit("ended");
    this.removeAllListeners();
  }
}

/** @throws PorteroError `no-codec` */
export function mustBeRecordable({ mixable, codec }: MediaSession): void {
  if (mixable) return;
  throw giveUp(
    "no-codec",
    codec === undefined
      ? "The call has no sound yet, so it cannot be recorded."
      : `The call has the codec ${codec}, and a recording needs ${understoodNames}; limit its devices to those.`,
  );
}

export class Recordings {
  readonly #order: (recording: number, order: RecordOrder) => void;
  readonly #open = new Map<number, Recording>();

  constructor(order: (recording: number, order: RecordOrder) => void) {
    this.#order = order;
  }

  open(number: number, channels: 1 | 2, options: RecordOptions): Recording {
    const recording = new Recording((order) => this.#order(number, order), channels, options);
    this.#open.set(number, recording);
    return recording;
  }

  told(message: Extract<FromWorker, { type: "recorded" | "record-ended" }>): void {
    const recording = this.#open.get(message.recording);
    if (message.type === "recorded") return void recording?.emit("samples", message.samples);
    this.#open.delete(message.recording);
    recording?.end();
  }

  end(): void {
    for (const recording of this.#open.values()) recording.end();
    this.#open.clear();
  }
}
