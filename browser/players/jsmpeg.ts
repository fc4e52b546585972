// MPEG-1 in a transport stream, which a script decodes: for browsers that play nothing else that the camera sends. The
// script is large, and loaded by those only that come here.
import type { Mpeg1 } from "../jsmpeg.ts";
import type { Format, Player, Watcher } from "./player.ts";

const mostWaiting = 500;

export class JsmpegPlayer implements Player {
  readonly surface = document.createElement("canvas");
  readonly #watcher: Watcher;
  #make: ((canvas: HTMLCanvasElement) => Mpeg1) | undefined;
  #decoder: Mpeg1 | undefined;
  #waiting: ArrayBuffer[] = [];
  #closed = false;

  /** `script`: where jsmpeg.js is. */
  constructor(watcher: Watcher, script: URL) {
    this.#watcher = watcher;
    void this.#load(script.href);
  }

  format({ codec }: Format): void {
    // Another film begins.
    this.#decoder = undefined;
    this.#waiting = [];
    if (codec !== "mpeg1") this.#fail(true);
  }

  take(bytes: ArrayBuffer): void {
    if (this.#closed) return;
    this.#waiting.push(bytes);
    if (this.#waiting.length > mostWaiting) this.#fail(false);
    else this.#play();
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  async #load(script: string): Promise<void> {
    try {
      const { Mpeg1 } = (await import(script)) as typeof import("../jsmpeg.ts");
      this.#make = (canvas) => new Mpeg1(canvas);
      this.#play();
    } catch {
      this.#fail(false);
    }
  }

  #play(): void {
    if (this.#closed || !this.#make || this.#waiting.length === 0) return;
    try {
      this.#decoder ??= this.#make(this.surface);
      const shown = this.#decoder.show(this.#waiting.splice(0));
      if (shown) this.#watcher.shown();
    } catch {
      this.#fail(false);
    }
  }

  #fail(never: boolean): void {
    if (!this.#closed) this.#watcher.failed(never);
  }
}
