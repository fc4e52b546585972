// One camera's film for any number of viewers (X3): a single connection, opened when somebody looks and kept for some time
// after the last one has left, or always. It comes back by itself, with pauses that grow. Who comes sees the last group of
// pictures at once. While nobody looks there is no connection, no timer, nothing.
import type { Cancel, Clock } from "../../clock.ts";
import { PorteroError, sentence, tryAgain } from "../../errors.ts";
import { span } from "../../http/faults.ts";
import type { Log } from "../../log.ts";
import { stillOf, type Still } from "../still.ts";
import { openVideo, type VideoSettings } from "../upstream.ts";
import type { Frame, Sound, SoundFormat, VideoFormat, VideoStream } from "../video.ts";
import { clipOf, Kept, type Clip, type Group } from "./kept.ts";

export interface LiveOptions {
  /** What to open now, asked anew for each try since a device's address may change. @throws PorteroError where there is nothing. */
  settings(): VideoSettings;
  /** How long the film goes on after the last viewer has left. */
  readonly warmMs: number;
  /** It goes on whether or not anybody looks. */
  readonly always: boolean;
  /** How much of what was seen is kept; the last group in any case. */
  readonly keepMs: number;
}

export interface LiveDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly open?: typeof openVideo;
}

export interface Viewer {
  /** Before the first frame, and when it changes. */
  format(format: VideoFormat): void;
  /** `behind`: so many newer ones follow at once, since it is of the time before the viewer came. */
  frame(frame: Frame, behind: number): void;
  /** What is heard now, where the film has sound. */
  sound?(sound: Sound): void;
  /** No pictures now: why, and after how many milliseconds it is tried again. They come back by themselves. */
  trouble(error: PorteroError, retryMs: number): void;
  /** The camera was taken away: nothing comes any more. */
  ended(): void;
}

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
// What somebody has to change first (a password): asking often may lock an account.
const patientMs = 60_000;
const mostPatientMs = 15 * 60_000;
// A camera that has shown pictures for so long begins with the first pause again.
const steadyMs = 10_000;

interface Pause {
  readonly error: PorteroError;
  readonly until: number;
  readonly cancel: Cancel;
}

export class LiveCamera {
  readonly #options: LiveOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open: typeof openVideo;
  readonly #viewers = new Set<Viewer>();
  /** They have missed something since their last key frame. */
  readonly #waiting = new Set<Viewer>();
  readonly #kept: Kept;
  #stream: VideoStream | undefined;
  #offset: number | undefined;
  #soundOffset: { readonly format: SoundFormat; readonly offset: number } | undefined;
  #firstAt: number | undefined;
  #pause: Pause | undefined;
  #failures = 0;
  #stopWarm: Cancel | undefined;
  #closed = false;

  constructor(options: LiveOptions, { clock, log, open = openVideo }: LiveDeps) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#open = open;
    this.#kept = new Kept(options.keepMs);
    if (options.always) this.#start();
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** A connection is open or being opened. */
  get running(): boolean {
    return this.#stream !== undefined;
  }

  /** The last one, while it runs. */
  get format(): VideoFormat | undefined {
    return this.#kept.format;
  }

  /** What its film is like, as far as its address tells. */
  get likely(): VideoFormat["codec"] {
    try {
      return this.format?.codec ?? (/^\s*http/i.test(this.#options.settings().videoUrl.reveal()) ? "jpeg" : "h264");
    } catch {
      return "h264";
    }
  }

  /** Bytes of the pictures that are kept. */
  get keptBytes(): number {
    return this.#kept.bytes;
  }

  /** The last key frame of the running film; `frame.at` says when it was seen. */
  lastKey(): Still | undefined {
    const { format, frames = [] } = this.#kept.last ?? {};
    return format && frames[0] && stillOf(format, frames[0]);
  }

  /** Shows the film to a viewer until the result is called. */
  watch(viewer: Viewer): () => void {
    if (this.#closed) {
      viewer.ended();
      return () => {};
    }
    this.#viewers.add(viewer);
    this.#stopWarm?.();
    this.#stopWarm = undefined;
    if (this.#stream) this.#catchUp(viewer);
    else if (this.#pause && this.#pause.error.advice === "giveUp") this.#tellPause(viewer, this.#pause);
    else this.#start();
    return () => this.#leave(viewer);
  }

  /**
   * What its film is like, as soon as that is known; the film goes on for a while. Rejects with why there is none, or
   * tryAgain `timeout`.
   */
  async look(timeoutMs: number): Promise<VideoFormat> {
    const late = `The camera has shown no picture within ${span(timeoutMs)}`;
    let end = () => {};
    try {
      return await new Promise((resolve, reject) => {
        const cancel = this.#clock.after(timeoutMs, () => reject(tryAgain("timeout", late)));
        const ended = () => reject(tryAgain("closed", "The camera was taken away"));
        const leave = this.watch({ format: resolve, frame: () => {}, trouble: reject, ended });
        end = () => {
          cancel();
          leave();
        };
      });
    } finally {
      end();
    }
  }

  /** What was seen from `from` to `to`, milliseconds since 1970, as far as it is kept; it begins at the key frame before. */
  clip(from: number, to: number): Clip | undefined {
    const clip = clipOf(this.#kept.between(from, to));
    return clip && clip.to >= from ? clip : undefined;
  }

  /** What was seen in the last so many milliseconds, as far as it is kept. */
  past(ms: number): Group[] {
    const now = this.#clock.now();
    return ms > 0 && this.#stream ? this.#kept.between(now - ms, now) : [];
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    this.#each((viewer) => viewer.ended());
    this.#viewers.clear();
  }

  #leave(viewer: Viewer): void {
    this.#waiting.delete(viewer);
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0 || this.#options.always || this.#closed) return;
    if (!this.#stream || this.#options.warmMs === 0) {
      this.#stop();
      return;
    }
    this.#stopWarm = this.#clock.after(this.#options.warmMs, () => {
      this.#stopWarm = undefined;
      this.#stop();
    });
  }

  #start(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    if (this.#stream || this.#closed) return;
    try {
      const stream = this.#open(this.#options.settings(), { clock: this.#clock, log: this.#log });
      this.#stream = stream;
      const own = (run: () => void) => {
        if (this.#stream === stream) run();
      };
      stream.on("format", (format) => own(() => this.#format(format)));
      stream.on("frame", (frame) => own(() => this.#frame(frame)));
      stream.on("sound", (sound) => own(() => this.#sound(sound)));
      stream.on("ended", (error) => own(() => this.#failed(error ?? tryAgain("ended", "The camera ended its film"))));
    } catch (error) {
      this.#failed(error instanceof PorteroError ? error : tryAgain("network", sentence(error)));
    }
  }

  #stop(): void {
    this.#stopWarm?.();
    this.#stopWarm = undefined;
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#failures = 0;
    this.#forget();
  }

  #forget(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#offset = undefined;
    this.#soundOffset = undefined;
    this.#firstAt = undefined;
    this.#kept.clear();
    this.#waiting.clear();
    stream?.close();
  }

  #format(format: VideoFormat): void {
    this.#kept.begin(format);
    this.#each((viewer) => viewer.format(format));
  }

  #frame(frame: Frame): void {
    // The camera's own time, moved to ours when it begins: it goes on over a new connection.
    this.#offset ??= frame.at * 90 - frame.timestamp;
    this.#firstAt ??= frame.at;
    if (frame.at - this.#firstAt >= steadyMs) this.#failures = 0;
    const moved = { ...frame, timestamp: frame.timestamp + this.#offset };
    this.#kept.add(moved);
    this.#each((viewer) => {
      if (frame.key) this.#waiting.delete(viewer);
      if (!this.#waiting.has(viewer)) viewer.frame(moved, 0);
    });
  }

  #sound(sound: Sound): void {
    // Nothing is heard before anything is seen.
    if (!this.#kept.last) return;
    const { format, at, timestamp } = sound;
    if (this.#soundOffset?.format !== format)
      this.#soundOffset = { format, offset: Math.round((at * format.rate) / 1000) - timestamp };
    const moved = { ...sound, timestamp: timestamp + this.#soundOffset.offset };
    this.#kept.hear(moved);
    this.#each((viewer) => viewer.sound?.(moved));
  }

  #failed(error: PorteroError): void {
    this.#forget();
    if (this.#viewers.size === 0 && !this.#options.always) {
      this.#stop();
      return;
    }
    const patient = error.advice === "giveUp";
    const [first, most] = patient ? [patientMs, mostPatientMs] : [firstPauseMs, longestPauseMs];
    const retryMs = Math.min(most, first * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#log.debug(`${error.message}; asked again in ${Math.round(retryMs / 1000)} s`);
    const cancel = this.#clock.after(retryMs, () => this.#start());
    const pause = { error, until: this.#clock.now() + retryMs, cancel };
    this.#pause = pause;
    this.#each((viewer) => this.#tellPause(viewer, pause));
  }

  #tellPause(viewer: Viewer, { error, until }: Pause): void {
    viewer.trouble(error, Math.max(0, until - this.#clock.now()));
  }

  #catchUp(viewer: Viewer): void {
    const { format, last } = this.#kept;
    if (!format) return;
    viewer.format(last?.format ?? format);
    last?.frames.forEach((frame, index) => {
      viewer.frame(frame, last.frames.length - 1 - index);
    });
    if (last?.cut) this.#waiting.add(viewer);
    if (last && last.format !== format) viewer.format(format);
  }

  // One viewer's fault is neither the camera's nor the others'.
  #each(tell: (viewer: Viewer) => void): void {
    for (const viewer of [...this.#viewers]) {
      try {
        tell(viewer);
      } catch (error) {
        this.#log.warn(`A viewer of a camera failed: ${sentence(error)}`);
        this.#leave(viewer);
      }
    }
  }
}
