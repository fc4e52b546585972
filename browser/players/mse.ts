// Media Source Extensions: the film goes into a <video>.
import type { Format, Player, Watcher } from "./player.ts";
import { Tail } from "./tail.ts";

const [hurryFrom, jumpFrom] = [0.08, 0.7];

export class MsePlayer implements Player {
  readonly surface = document.createElement("video");
  readonly #tail: Tail;
  #closed = false;

  constructor(watcher: Watcher) {
    const video = this.surface;
    video.muted = video.playsInline = true;
    this.#tail = new Tail(video, {
      ...{ hurryFrom, jumpFrom },
      failed: (never) => watcher.failed(never),
      touch: () => watcher.touch(),
    });
    // Not every browser tells of pictures, and WebKit does not always: then its clock, which goes on, has to do.
    let [isTold, time] = [false, 0];
    const seen = () => {
      if (this.#closed) return;
      isTold = true;
      watcher.shown();
      video.requestVideoFrameCallback(seen);
    };
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(seen);
    video.addEventListener("timeupdate", () => {
      if (!isTold && !this.#closed && video.currentTime > time && video.videoWidth > 0) watcher.shown();
      [isTold, time] = [false, video.currentTime];
    });
  }

  format({ mime = "" }: Format): void {
    this.#tail.begin(mime);
  }

  take(bytes: ArrayBuffer): void {
    this.#tail.take(bytes);
  }

  close(): void {
    this.#closed = true;
    this.#tail.close();
  }
}
