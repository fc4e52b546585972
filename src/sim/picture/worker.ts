// The thread behind painter.ts: draws one scene at a time and encodes it with jimp.
import { parentPort } from "node:worker_threads";
import { Jimp } from "jimp";
import { Easel, height, width, type Scene } from "./scene.ts";

export interface Order {
  readonly id: number;
  readonly scene: Scene;
}

export interface Painted {
  readonly id: number;
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

const easel = new Easel();

async function painted({ id, scene }: Order): Promise<Painted> {
  const picture = new Jimp({ data: Buffer.from(easel.draw(scene).buffer), width, height });
  return { id, jpeg: new Uint8Array(await picture.getBuffer("image/jpeg", { quality: 88 })) };
}

const port = parentPort;
port?.on("message", (order: Order) => {
  painted(order)
    .then((result) => port.postMessage(result, [result.jpeg.buffer]))
    .catch((error: unknown) => {
      // Ends the thread, which painter.ts notices.
      queueMicrotask(() => {
        throw error;
      });
    });
});
