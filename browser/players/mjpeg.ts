// Whole JPEGs, drawn as they come; while one is decoded only the newest of the others waits.
import { Screen, type Player, type Watcher } from "./player.ts";

export class MjpegPlayer implements Player {
  readonly #screen = new Screen();
  readonly surface = this.#screen.canvas;
  readonly #watcher: Watcher;
  #next: Blob | undefined;
  #busy = false;
  #closed = false;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  format(): void {}

  take(bytes: ArrayBuffer | Blob): void {
    this.#next = bytes instanceof Blob ? bytes : new Blob([bytes], { type: "image/jpeg" });
    if (!this.#busy) void this.#draw();
  }

  close(): void {
    this.#closed = true;
    this.#next = undefined;
  }

  async #draw(): Promise<void> {
    this.#busy = true;
    while (this.#next) {
      const picture = this.#next;
      this.#next = undefined;
      // What is no picture is passed over: the next one may be.
      const bitmap = await createImageBitmap(picture).catch(() => undefined);
      if (this.#closed) bitmap?.close();
      else if (bitmap) {
        this.#screen.draw(bitmap);
        this.#watcher.shown();
      }
    }
    this.#busy = false;
  }
}
