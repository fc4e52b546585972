// Draws the camera's picture away from the main thread: a picture takes some 100 ms, in which RTP must go on.
import { Worker } from "node:worker_threads";
import { sentence, tryAgain } from "../../errors.ts";
import { programFile } from "../../program.ts";
import type { Scene } from "./scene.ts";
import type { Order, Painted } from "./worker.ts";

interface Waiting {
  readonly resolve: (jpeg: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class Painter {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #orders = 0;
  #closed = false;

  /** Starts the thread ahead of the first picture. */
  warm(): void {
    if (this.#worker || this.#closed) return;
    this.#worker = this.#start();
    this.#worker.unref();
  }

  /** A JPEG of 640 × 480. Rejects with a PorteroError `no-picture`. */
  paint(scene: Scene): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw tryAgain("no-picture", "the simulated camera is switched off");
      const worker = (this.#worker ??= this.#start());
      const order: Order = { id: this.#orders++, scene };
      this.#waiting.set(order.id, { resolve, reject });
      worker.ref();
      worker.postMessage(order);
    });
  }

  /** Ends the thread; pictures in work are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#end("it was switched off");
  }

  #start(): Worker {
    const worker = new Worker(programFile(import.meta.url, "./worker"), { name: "portero-sim-camera" });
    worker.on("message", ({ id, jpeg }: Painted) => {
      this.#waiting.get(id)?.resolve(Buffer.from(jpeg.buffer));
      this.#waiting.delete(id);
      // A thread that waits must not keep the process alive.
      if (this.#waiting.size === 0) worker.unref();
    });
    worker.on("error", (error) => void this.#end(sentence(error)));
    return worker;
  }

  async #end(why: string): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values())
      reject(tryAgain("no-picture", `the simulated camera has no picture: ${why}`));
    this.#waiting.clear();
    await worker?.terminate();
  }
}
