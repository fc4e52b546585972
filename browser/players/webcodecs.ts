// WebCodecs: each frame is decoded and drawn as it comes, which is the least delay a browser can have.
import { Screen, type Format, type Player, type Watcher } from "./player.ts";

// More than this waiting means that this device is too slow: what is old is left out up to the next whole picture.
const mostWaiting = 6;
const flagKey = 1;
const headerBytes = 9;

/** Browsers have it on https and on localhost only. */
export const canDecode = (): boolean => "VideoDecoder" in globalThis;

export class WebCodecsPlayer implements Player {
  readonly #screen = new Screen();
  readonly surface = this.#screen.canvas;
  readonly #watcher: Watcher;
  #decoder: VideoDecoder | undefined;
  #format: Format | undefined;
  #waitsForKey = true;
  /** Pictures since the decoder was begun: one that fails before its first will always. */
  #decoded = 0;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  format(format: Format): void {
    this.#format = format;
    this.#begin();
  }

  take(bytes: ArrayBuffer): void {
    const decoder = this.#decoder;
    if (decoder?.state !== "configured" || bytes.byteLength <= headerBytes) return;
    const header = new DataView(bytes);
    const key = (header.getUint8(0) & flagKey) !== 0;
    if (decoder.decodeQueueSize > mostWaiting) this.#waitsForKey = true;
    if (this.#waitsForKey && !key) return;
    this.#waitsForKey = false;
    const data = new Uint8Array(bytes, headerBytes);
    decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: header.getFloat64(1), data }));
  }

  close(): void {
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = undefined;
  }

  #begin(): void {
    this.close();
    this.#waitsForKey = true;
    this.#decoded = 0;
    const { codec } = this.#format ?? { codec: "" };
    const decoder = new VideoDecoder({
      output: (frame) => {
        if (decoder !== this.#decoder) {
          frame.close();
          return;
        }
        this.#decoded += 1;
        this.#screen.draw(frame);
        this.#watcher.shown();
      },
      error: (error) => {
        if (decoder !== this.#decoder) return;
        if (error.name === "NotSupportedError" || this.#decoded === 0) this.#watcher.failed(true);
        else this.#begin();
      },
    });
    this.#decoder = decoder;
    try {
      decoder.configure({ codec, optimizeForLatency: true });
    } catch {
      this.#watcher.failed(true);
    }
  }
}
