// The media worker of many houses of one test file: a thread takes a tenth of a second to start, most tests no longer. Each house
// has a relay of its own in it, with ports and calls of its own.
import { EventEmitter } from "node:events";
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import type { WorkerSettings } from "../../src/media/worker/messages.ts";

/** Told to the thread. */
export interface Serve {
  readonly settings: WorkerSettings;
  readonly port: MessagePort;
}

let thread: Worker | undefined;

/** One house's part of the thread, as the engine takes it. */
class Share extends EventEmitter {
  readonly #port: MessagePort;

  constructor(settings: WorkerSettings, worker: Worker) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1.on("message", (messages) => this.emit("message", messages));
    const failed = (error: Error) => {
      thread = undefined;
      this.emit("error", error);
      void this.terminate();
    };
    worker.once("error", failed);
    this.once("exit", () => worker.off("error", failed));
    worker.postMessage({ settings, port: port2 } satisfies Serve, [port2]);
  }

  postMessage(messages: unknown): void {
    this.#port.postMessage(messages);
  }

  terminate(): Promise<number> {
    this.#port.close();
    this.emit("exit", 0);
    return Promise.resolve(0);
  }
}

/** For an engine's `spawn`. */
export function shareMediaThread(settings: WorkerSettings): Worker {
  if (!thread) {
    thread = new Worker(new URL("./media-thread-program.ts", import.meta.url), { name: "portero-media" });
    thread.setMaxListeners(0);
    thread.unref();
  }
  return new Share(settings, thread) as unknown as Worker;
}
