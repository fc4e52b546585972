// Handshakes with browsers, in a thread of their own that starts with the first: loading werift takes half a second and more on
// a small machine, and each handshake some milliseconds, in which nobody's speech may wait (docs/decisions/060-browsers-talk.md).
import { Worker } from "node:worker_threads";
import { sentence } from "../../../errors.ts";
import { programFile } from "../../../program.ts";
import type { SrtpKeys } from "../../suites.ts";
import type { DtlsEvents, DtlsOptions } from "./dtls.ts";

export interface Handshake {
  /** A datagram that is DTLS by its first byte. */
  receive(datagram: Buffer): void;
  close(): void;
}

export type StartHandshake = (options: DtlsOptions, events: DtlsEvents) => Handshake;

export type ToHandshakes =
  | { readonly type: "start"; readonly id: number; readonly options: DtlsOptions }
  | { readonly type: "datagram"; readonly id: number; readonly datagram: Uint8Array }
  | { readonly type: "close"; readonly id: number };

export type FromHandshakes =
  | { readonly type: "send"; readonly id: number; readonly datagram: Uint8Array }
  | { readonly type: "keys"; readonly id: number; readonly keys: SrtpKeys }
  | { readonly type: "failed"; readonly id: number; readonly why: string };

/** How its thread is started; tests put in their own to see it die. */
export type SpawnHandshakes = () => Worker;

const threadFile = programFile(import.meta.url, "./handshake-thread");

const spawnThread: SpawnHandshakes = () => new Worker(threadFile, { name: "portero-dtls" });

export class Handshakes {
  readonly #spawn: SpawnHandshakes;
  #thread: Worker | undefined;
  readonly #open = new Map<number, DtlsEvents>();
  #next = 1;

  constructor(spawn = spawnThread) {
    this.#spawn = spawn;
  }

  /** Has it ready when the first browser comes. */
  prepare(): void {
    this.#running();
  }

  readonly start: StartHandshake = (options, events) => {
    const id = this.#next++;
    const thread = this.#running();
    const post = (message: ToHandshakes) => {
      if (this.#thread === thread && this.#open.has(id)) thread.postMessage(message);
    };
    this.#open.set(id, events);
    post({ type: "start", id, options });
    return {
      receive: (datagram) => post({ type: "datagram", id, datagram: new Uint8Array(datagram) }),
      close: () => {
        post({ type: "close", id });
        this.#open.delete(id);
      },
    };
  };

  async end(): Promise<void> {
    this.#open.clear();
    await this.#thread?.terminate();
  }

  #running(): Worker {
    if (this.#thread) return this.#thread;
    const thread = this.#spawn();
    this.#thread = thread;
    let problem = "it ended by itself";
    thread.on("message", (message: FromHandshakes) => this.#told(message));
    thread.on("error", (error) => (problem = sentence(error)));
    thread.once("exit", () => {
      this.#thread = undefined;
      const lost = [...this.#open.values()];
      this.#open.clear();
      for (const events of lost) events.failed(`the part that speaks DTLS has stopped (${problem})`);
    });
    return thread;
  }

  #told(message: FromHandshakes): void {
    const events = this.#open.get(message.id);
    if (message.type === "send") events?.send(Buffer.from(message.datagram));
    else if (message.type === "keys") events?.keys(message.keys);
    else events?.failed(message.why);
  }
}
