// A camera's film as MPEG-1, for any number of viewers: one process for all of them, fed by the camera's one connection. It begins
// with the first viewer and ends with the last one, and is begun anew, with pauses that grow, when it ends by itself.
import type { Cancel, Clock } from "../../clock.ts";
import { sentence, tryAgain, type PorteroError } from "../../errors.ts";
import { stillOf } from "../still.ts";
import type { Frame, VideoFormat } from "../video.ts";
import type { LiveCamera, Viewer } from "./live-camera.ts";
import { Transcoder } from "./transcoder.ts";

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
// One that has run for so long begins with the first pause again.
const steadyMs = 10_000;

export class Transcoded {
  readonly #camera: Pick<LiveCamera, "watch">;
  readonly #clock: Clock;
  readonly #viewers = new Set<Viewer>();
  #format: VideoFormat | undefined;
  #trouble: { readonly error: PorteroError; readonly until: number } | undefined;
  #transcoder: Transcoder | undefined;
  #leaveCamera: (() => void) | undefined;
  #cancelPause: Cancel | undefined;
  #beganAt = 0;
  #failures = 0;

  constructor(camera: Pick<LiveCamera, "watch">, clock: Clock) {
    this.#camera = camera;
    this.#clock = clock;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Shows it to a viewer until the result is called; its frames are parts of a transport stream. */
  watch(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    if (this.#viewers.size === 1) this.#begin();
    else if (this.#trouble) viewer.trouble(this.#trouble.error, Math.max(0, this.#trouble.until - this.#clock.now()));
    else if (this.#format) viewer.format(this.#format);
    return () => this.#leave(viewer);
  }

  #leave(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return;
    this.#cancelPause?.();
    this.#failures = 0;
    this.#end();
  }

  #begin(): void {
    this.#cancelPause = undefined;
    this.#leaveCamera = this.#camera.watch({
      format: (format) => this.#start(format),
      frame: (frame, behind) => this.#frame(frame, behind),
      trouble: (error, retryMs) => {
        this.#stop();
        this.#tell(error, retryMs);
      },
      ended: () => {
        this.#each((viewer) => viewer.ended());
        this.#viewers.clear();
        this.#end();
      },
    });
  }

  #end(): void {
    this.#stop();
    this.#format = undefined;
    this.#trouble = undefined;
    this.#leaveCamera?.();
    this.#leaveCamera = undefined;
  }

  #stop(): void {
    this.#transcoder?.close();
    this.#transcoder = undefined;
  }

  #start(format: VideoFormat): void {
    this.#stop();
    this.#format = format;
    this.#trouble = undefined;
    this.#each((viewer) => viewer.format(format));
    if (format.codec === "jpeg") return;
    this.#beganAt = this.#clock.now();
    try {
      const transcoder = new Transcoder(format.codec, {
        piece: ({ bytes, key }) => {
          const frame = { units: [bytes], key, at: this.#clock.now(), timestamp: 0 };
          if (transcoder === this.#transcoder) this.#each((viewer) => viewer.frame(frame, 0));
        },
        ended: (why) => {
          if (transcoder === this.#transcoder) this.#failed(why);
        },
      });
      this.#transcoder = transcoder;
    } catch (error) {
      this.#failed(sentence(error));
    }
  }

  #frame(frame: Frame, behind: number): void {
    const format = this.#format;
    // A camera that sends JPEGs is shown as that.
    if (format?.codec === "jpeg") this.#each((viewer) => viewer.frame(frame, behind));
    else if (format)
      this.#transcoder?.write(stillOf(frame.key ? format : { ...format, sets: [] }, frame).bytes, frame.key);
  }

  #failed(why: string): void {
    this.#end();
    if (this.#clock.now() - this.#beganAt >= steadyMs) this.#failures = 0;
    const retryMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#cancelPause = this.#clock.after(retryMs, () => this.#begin());
    const ended = "ffmpeg, which makes a film for this browser, has ended";
    this.#tell(tryAgain("not-transcoded", why === "" ? ended : `${ended}: ${why}`), retryMs);
  }

  #tell(error: PorteroError, retryMs: number): void {
    this.#trouble = { error, until: this.#clock.now() + retryMs };
    this.#each((viewer) => viewer.trouble(error, retryMs));
  }

  // One viewer's fault is not the others', and none may leave the process's events.
  #each(tell: (viewer: Viewer) => void): void {
    for (const viewer of [...this.#viewers]) {
      try {
        tell(viewer);
      } catch {
        this.#leave(viewer);
      }
    }
  }
}
