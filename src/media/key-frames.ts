// Whole pictures that a camera sent last, as the main thread asks the worker for them.
import type { FromWorker, ToWorker } from "./worker/messages.ts";

type Told = Extract<FromWorker, { type: "key-frame" }>;

/** The packets of a whole picture of H.264 (RFC 6184) in order, its parameter sets first. */
export interface KeyFrame {
  readonly packets: readonly Uint8Array[];
  /** Milliseconds since it came. */
  readonly age: number;
}

export class KeyFrames {
  readonly #post: (message: ToWorker) => void;
  readonly #waiting = new Map<number, (found: KeyFrame | undefined) => void>();
  #next = 1;

  constructor(post: (message: ToWorker) => void) {
    this.#post = post;
  }

  /** The last one of a session's peer; undefined where none came whole. */
  of(session: number): Promise<KeyFrame | undefined> {
    const ask = this.#next++;
    return new Promise((found) => {
      this.#waiting.set(ask, found);
      this.#post({ type: "key-frame", session, ask });
    });
  }

  told({ ask, packets, age }: Told): void {
    this.#waiting.get(ask)?.(packets.length > 0 ? { packets, age } : undefined);
    this.#waiting.delete(ask);
  }

  /** The worker is gone. */
  end(): void {
    for (const found of this.#waiting.values()) found(undefined);
    this.#waiting.clear();
  }
}
