// Media Source Extensions, and Apple's ManagedMediaSource: fragments of MP4 go into a <video>, which is kept near the end
// of what has come.
import type { Format, Player, Watcher } from "./player.ts";

type Source = typeof MediaSource;
type VideoWithRest = HTMLVideoElement & { disableRemotePlayback?: boolean };

// iPhones have the managed one only.
const source = (): Source | undefined => {
  const known = globalThis as { ManagedMediaSource?: Source; MediaSource?: Source };
  return known.ManagedMediaSource ?? known.MediaSource;
};

export const canBuffer = (): boolean => source() !== undefined;

// Seconds behind the newest picture: more than the first is caught up a little faster, more than the second by a jump.
const hurryFrom = 0.08;
const jumpFrom = 0.7;
const keptSeconds = 10;
const mostWaiting = 500;

export class MsePlayer implements Player {
  readonly surface: VideoWithRest = document.createElement("video");
  readonly #watcher: Watcher;
  #media: MediaSource | undefined;
  #buffer: SourceBuffer | undefined;
  #url = "";
  #waiting: ArrayBuffer[] = [];
  #closed = false;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
    const video = this.surface;
    video.muted = video.playsInline = video.autoplay = true;
    video.disableRemotePlayback = true; // Else Apple's source does not open.
    video.addEventListener("error", () => this.#fail(false));
    const seen = () => {
      if (this.#closed) return;
      watcher.shown();
      video.requestVideoFrameCallback(seen);
    };
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(seen);
    else (video as HTMLVideoElement).addEventListener("timeupdate", () => watcher.shown());
  }

  format({ mime = "" }: Format): void {
    const Known = source();
    if (!Known?.isTypeSupported(mime)) {
      this.#fail(true);
      return;
    }
    this.#waiting = [];
    if (this.#url !== "") URL.revokeObjectURL(this.#url);
    const media = (this.#media = new Known());
    this.#buffer = undefined;
    media.addEventListener("sourceopen", () => {
      if (media !== this.#media || this.#buffer) return;
      try {
        this.#buffer = media.addSourceBuffer(mime);
      } catch {
        this.#fail(true);
        return;
      }
      this.#buffer.addEventListener("updateend", () => this.#appended());
      this.#append();
    });
    this.surface.src = this.#url = URL.createObjectURL(media);
  }

  take(bytes: ArrayBuffer): void {
    this.#waiting.push(bytes);
    if (this.#waiting.length > mostWaiting) return this.#fail(false);
    this.#append();
  }

  close(): void {
    // Its last picture stays to be seen for as long as it is in the page.
    this.#closed = true;
    this.#waiting = [];
    this.#media = this.#buffer = undefined;
    this.surface.pause();
    URL.revokeObjectURL(this.#url);
  }

  #append(): void {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#media?.readyState !== "open") return;
    const next = this.#waiting.shift();
    if (!next) return;
    try {
      buffer.appendBuffer(next);
    } catch {
      this.#fail(false); // Full, or the <video> has given up: begun anew it plays again.
    }
  }

  #appended(): void {
    const [video, buffer] = [this.surface, this.#buffer];
    const ranges = buffer?.buffered.length ?? 0;
    if (buffer && ranges > 0 && !this.#closed) {
      const [start, end] = [buffer.buffered.start(ranges - 1), buffer.buffered.end(ranges - 1)];
      const behind = end - video.currentTime;
      if (video.currentTime < start || behind > jumpFrom) video.currentTime = Math.max(start, end - hurryFrom / 2);
      video.playbackRate = behind > hurryFrom ? 1.1 : 1;
      if (video.paused) this.#play();
      if (video.currentTime - buffer.buffered.start(0) > 2 * keptSeconds && !buffer.updating)
        return buffer.remove(0, video.currentTime - keptSeconds);
    }
    this.#append();
  }

  #play(): void {
    this.surface.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError" && !this.#closed) this.#watcher.touch();
    });
  }

  #fail(never: boolean): void {
    if (!this.#closed) this.#watcher.failed(never);
  }
}
