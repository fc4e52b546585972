// What is played to one leg: one sound at a time, made in the worker.
import { giveUp } from "../errors.ts";
import { isUnderstood, understoodNames } from "./codec.ts";
import type { PlaybackEnd, Sound } from "./sound.ts";
import type { ToWorker } from "./worker/messages.ts";

export interface Playback {
  /** How it ended; never rejects. */
  readonly ended: Promise<PlaybackEnd>;
  /** Fades it out within 20 ms; harmless afterwards. */
  stop(): void;
}

export class Playbacks {
  readonly #session: number;
  readonly #post: (message: ToWorker) => void;
  readonly #open = new Map<number, (end: PlaybackEnd) => void>();
  #next = 1;

  constructor(session: number, post: (message: ToWorker) => void) {
    this.#session = session;
    this.#post = post;
  }

  /** @throws PorteroError `no-media`, `no-codec`, `media-cannot` */
  play(codec: string | undefined, sound: Sound, loop: boolean): Playback {
    if (codec === undefined)
      throw giveUp("no-media", "There is no way for sound to this side yet, or not any more: answer the call first.");
    if (!isUnderstood({ name: codec.split("/")[0] ?? "" }))
      throw giveUp(
        "no-codec",
        `Sounds are played in ${understoodNames}, and this side talks ${codec}: allow it one of them.`,
      );
    const [session, play] = [this.#session, this.#next++];
    this.#post({ type: "play", session, play, sound, loop });
    const ended = new Promise<PlaybackEnd>((resolve) => this.#open.set(play, resolve));
    return { ended, stop: () => this.#open.has(play) && this.#post({ type: "stop", session, play }) };
  }

  /** The worker says so. */
  ended(play: number, end: PlaybackEnd): void {
    this.#open.get(play)?.(end);
    this.#open.delete(play);
  }

  /** The leg is gone, or the worker is. */
  close(): void {
    for (const play of [...this.#open.keys()]) this.ended(play, "closed");
  }
}
