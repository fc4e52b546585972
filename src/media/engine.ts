// What carries the sound and video of calls: the worker of this process (media.ts), or a program beside it. The rest of the
// house knows only this.
import type { EventEmitter } from "node:events";
import type { PorteroError } from "../errors.ts";
import type { Conference, ConferenceOptions } from "./conference.ts";
import type { Recording, RecordOptions } from "./recording.ts";
import type { MediaSession } from "./session.ts";

export interface MediaEngine extends EventEmitter<{ down: [PorteroError] }> {
  /** How many sessions are open. */
  readonly sessions: number;
  /**
   * A session with the port of its sound, at once where one is ready; `like` is the one that it is likely to be bridged with.
   * Rejects tryAgain "no-ports" or "media-down".
   */
  open(like?: MediaSession): MediaSession | Promise<MediaSession>;
  /** Passes media both ways, from now on and through every new offer of either; each session has one other. */
  bridge(a: MediaSession, b: MediaSession): void;
  /** Sessions that all hear each other, as they are added; absent where nothing is mixed. */
  conference?(options?: ConferenceOptions): Conference;
  /** Records sessions; absent where their sound does not come by here. */
  record?(channels: 1 | 2, options: RecordOptions): Recording;
  /** Lets `to` see what the camera of a session sends, beside all others that do, until it is bridged; absent as `record`. */
  show?(camera: MediaSession, to: MediaSession): void;
  /** Closes all sessions and whatever carries them. */
  close(): Promise<void>;
}
