// What is played in a visit, and to whom: one sound at a time.
import { giveUp } from "../../errors.ts";
import type { MediaSession, Playback } from "../../media/media.ts";
import type { PlaybackEnd, Sound } from "../../media/sound.ts";

export type Listener = "door" | "answerer" | "both";

export interface PlayOptions {
  /** The door where it is absent. */
  readonly to?: Listener;
  /** Again and again until it is stopped. */
  readonly loop?: boolean;
  /** Aborted: it is not begun any more, or stopped. */
  readonly signal?: AbortSignal;
}

export interface AnnouncementHost {
  /** A way for sound to the door, opened before its call is answered where it must be. Rejects with a sentence. */
  readonly door: () => Promise<MediaSession>;
  readonly answerer: () => MediaSession | undefined;
  /** Has those who talk with each other do so in a codec that can be played in. Rejects with a sentence. */
  readonly understood: () => Promise<void>;
  /** Whether everybody has gone. */
  readonly over: () => boolean;
  /** A sound has begun or ended. */
  readonly changed: () => void;
}

export class Announcements {
  readonly #host: AnnouncementHost;
  #playing: Playback | undefined;

  constructor(host: AnnouncementHost) {
    this.#host = host;
  }

  get playing(): boolean {
    return this.#playing !== undefined;
  }

  /**
   * Lets the door hear a sound, or who answered, or both, in the place of what they hear; fades away when the visitor is
   * answered.
   * @throws PorteroError `no-call`, `no-media`, `no-codec`
   */
  async play(sound: Sound, { to = "door", loop = false, signal }: PlayOptions = {}): Promise<Playback> {
    const sessions = await this.#sides(to);
    if (sessions.some(({ codec, mixable }) => codec !== undefined && !mixable)) await this.#host.understood();
    const before = this.#playing;
    const parts: Playback[] = [];
    const stop = () => {
      for (const part of parts) part.stop();
    };
    try {
      if (!signal?.aborted) for (const session of sessions) parts.push(session.play(sound, loop));
    } catch (error) {
      stop();
      throw error;
    }
    const playback: Playback = {
      stop,
      ended: Promise.all(parts.map(({ ended }) => ended)).then((ends) => {
        if (this.#playing === playback) this.#playing = undefined;
        this.#host.changed();
        return together(ends);
      }),
    };
    if (parts.length === 0) return playback;
    // What was played to others as well is over for them too.
    before?.stop();
    this.#playing = playback;
    this.#host.changed();
    signal?.addEventListener("abort", stop, { once: true });
    void playback.ended.then(() => signal?.removeEventListener("abort", stop));
    return playback;
  }

  /** Stops what is heard; harmless where nothing is. */
  stop(): void {
    this.#playing?.stop();
  }

  async #sides(to: Listener): Promise<MediaSession[]> {
    if (this.#host.over()) throw giveUp("no-call", "the visit is over: there is nobody to hear a sound");
    const answerer = this.#host.answerer();
    if (to !== "door" && !answerer)
      throw giveUp("no-call", "nobody has answered the visitor, so nobody there hears a sound");
    const door = to === "answerer" ? [] : [await this.#host.door()];
    return to === "door" || !answerer ? door : [...door, answerer];
  }
}

/** Heard to the end by all, or how it ended for who did not; by nobody: it was stopped before it began. */
const together = (ends: readonly PlaybackEnd[]): PlaybackEnd =>
  ends.find((end) => end !== "finished") ?? ends[0] ?? "stopped";
