// Who is mute: what a peer says is kept here and reaches nobody, except for the digits that it presses.
import { isEvents } from "../codec.ts";
import type { Ear, Stream } from "./stream.ts";

const mute: Ear = { heard: (_packet, format) => !isEvents(format) };

export class Mutes {
  /** What lets a mute stream be heard again. */
  readonly #mute = new WeakMap<Stream, () => void>();

  set(stream: Stream | undefined, on: boolean): void {
    if (!stream) return;
    this.#mute.get(stream)?.();
    this.#mute.delete(stream);
    if (on) this.#mute.set(stream, stream.hear(mute));
  }
}
