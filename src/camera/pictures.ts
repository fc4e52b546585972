// Picture work away from the main thread, which never decodes: one worker, one job at a time, a short queue. The worker is
// a process and ends when it has been idle: jimp takes half a gigabyte for a 4K picture in hundreds of thousands of small
// pieces, and of a thread's the system gets hardly anything back.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { systemClock, type Cancel, type Clock } from "../clock.ts";
import { giveUp, tryAgain, type PorteroError } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { programFile } from "../program.ts";
import { readJpeg } from "./jpeg.ts";
import { checkWork, isNothing, mostPixels, type PictureWork } from "./picture-work.ts";
import type { Job, Result } from "./job.ts";

export type { PictureWork };

export interface PicturesDeps {
  readonly clock?: Clock;
  readonly log?: Log;
  /** jimp also where sharp is installed. */
  readonly engine?: "jimp";
}

interface Waiting {
  readonly job: Job;
  readonly resolve: (jpeg: Buffer) => void;
  readonly reject: (error: PorteroError) => void;
}

const mostWaiting = 8;
const idleMs = 20_000;
const jobMs = 30_000;
// Of JavaScript's heap; the pixels lie outside of it.
const heapMegabytes = 256;

export class Pictures {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #engine: Pick<Job, "engine">;
  readonly #queue: Waiting[] = [];
  #running: Waiting | undefined;
  #worker: ChildProcess | undefined;
  #cancelTimer: Cancel = () => {};
  #closed = false;

  constructor(deps: PicturesDeps = {}) {
    this.#clock = deps.clock ?? systemClock;
    this.#log = deps.log ?? silent;
    this.#engine = deps.engine ? { engine: deps.engine } : {};
  }

  /** Whether a worker holds memory at this moment. */
  get awake(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * Resolves with the changed picture; with the same bytes if there is nothing to do. Rejects with a PorteroError: to give
   * up `invalid` (the work), `bad-picture`, `too-many-pixels`; to try again `pictures-busy`, `pictures-failed`, `closed`.
   */
  process(jpeg: Buffer, work: PictureWork): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const found = readJpeg(jpeg);
      if ("fault" in found) throw giveUp("bad-picture", `This picture cannot be changed: it ${found.fault}`);
      const { width, height } = found.frame;
      checkWork(work);
      if (isNothing(work)) {
        resolve(jpeg);
        return;
      }
      if (width * height > mostPixels) {
        const limit = `${mostPixels / 1e6} million`;
        throw giveUp(
          "too-many-pixels",
          `This picture has ${width}×${height} pixels, more than the ${limit} that can be changed here: choose a smaller one in the camera`,
        );
      }
      if (this.#closed) throw closed();
      if (this.#queue.length >= mostWaiting) {
        throw tryAgain("pictures-busy", `${mostWaiting} pictures wait for their turn already: ask for fewer at a time`);
      }
      this.#queue.push({ job: { jpeg, work, mostPixels, ...this.#engine }, resolve, reject });
      this.#next();
    });
  }

  /** Ends the worker; jobs that wait are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const ending = this.#endWorker();
    for (const { reject } of [...(this.#running ? [this.#running] : []), ...this.#queue.splice(0)]) reject(closed());
    this.#running = undefined;
    await ending;
  }

  #next(): void {
    if (this.#running) return;
    this.#cancelTimer();
    this.#running = this.#queue.shift();
    if (!this.#running) {
      // An idle worker must not keep the process alive.
      this.#worker?.unref();
      this.#worker?.channel?.unref();
      if (this.#worker) this.#cancelTimer = this.#clock.after(idleMs, () => void this.#endWorker());
      return;
    }
    const worker = (this.#worker ??= this.#startWorker());
    worker.ref();
    worker.channel?.ref();
    this.#cancelTimer = this.#clock.after(jobMs, () => {
      this.#fail(worker, `it took more than ${jobMs / 1000} s`);
    });
    worker.send(this.#running.job, (error) => {
      if (error) this.#fail(worker, error.message);
    });
  }

  #startWorker(): ChildProcess {
    const worker = fork(programFile(import.meta.url, "./worker"), {
      execArgv: [`--max-old-space-size=${heapMegabytes}`],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    worker.on("message", (result: Result) => {
      if (worker === this.#worker) this.#finish(result);
    });
    worker.on("error", (error) => this.#fail(worker, error.message));
    worker.on("exit", (code, signal) => this.#fail(worker, `its process ended (${signal ?? code ?? "?"})`));
    return worker;
  }

  #finish(result: Result): void {
    const finished = this.#running;
    this.#running = undefined;
    if ("jpeg" in result) finished?.resolve(Buffer.from(result.jpeg));
    else {
      const start = result.fault === "invalid" ? "Picture work: " : "This picture cannot be decoded: ";
      finished?.reject(giveUp(result.fault, start + result.why));
    }
    this.#next();
  }

  #fail(worker: ChildProcess, why: string): void {
    if (worker !== this.#worker) return;
    this.#log.warn(`Picture work was ended: ${why}`);
    void this.#endWorker();
    const failed = this.#running;
    this.#running = undefined;
    failed?.reject(tryAgain("pictures-failed", `This picture could not be changed: ${why}`));
    this.#next();
  }

  async #endWorker(): Promise<void> {
    this.#cancelTimer();
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker?.pid === undefined || worker.exitCode !== null || worker.signalCode !== null) return;
    // Idle, it was let go of: now its end is waited for.
    worker.ref();
    worker.kill("SIGKILL");
    await once(worker, "exit");
  }
}

const closed = () => tryAgain("closed", "Picture work has ended: its owner closed");
