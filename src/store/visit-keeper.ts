// What the visit log keeps: not more days and megabytes than it may, the oldest visits going first, whole. What is deleted
// is overwritten, its files are removed, and its room is given back.
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { sentence } from "../errors.ts";
import type { Log } from "../log.ts";
import { programFile } from "../program.ts";
import type { VisitBook, VisitFilter } from "./visit-book.ts";
import type { VisitFolder } from "./visit-folder.ts";

const dayMs = 86_400_000;
const pagesAtOnce = 64;
const workerFile = programFile(import.meta.url, "./visit-checkpoint");

export class VisitKeeper {
  readonly #on: <T>(work: (book: VisitBook) => T) => T;
  readonly #folder: VisitFolder;
  readonly #log: Log;
  readonly #limits: { readonly days: number; readonly megabytes: number };

  constructor(
    on: <T>(work: (book: VisitBook) => T) => T,
    folder: VisitFolder,
    log: Log,
    limits: { readonly days: number; readonly megabytes: number },
  ) {
    [this.#on, this.#folder, this.#log, this.#limits] = [on, folder, log, limits];
  }

  /** Removes visits that are over, and says how many; rejects where it cannot. `giveBack` belongs behind it. */
  delete(filter: VisitFilter, each: (id: string) => void): Promise<number> {
    return this.#remove(filter, Infinity, each);
  }

  /** Removes what is too old or too much, and says how many visits that were; never rejects. `giveBack` belongs behind it. */
  async sweep(now: number): Promise<number> {
    const old = now - this.#limits.days * dayMs;
    const most = this.#limits.megabytes * 1_000_000;
    let removed = 0;
    try {
      await this.#removeFiles();
      removed = await this.#remove({ to: old });
      await this.#folder.forgetDamaged(old);
      // A tenth more than needed, so that not each visit that follows has to make room again.
      if (this.#size() > most) while (this.#size() > most * 0.9 && (await this.#remove({}, 1)) > 0) removed++;
    } catch (error) {
      this.#log.warn(`the visit log cannot remove what is too old in ${this.#folder.path}: ${sentence(error)}`);
    }
    return removed;
  }

  #size(): number {
    return this.#on((book) => book.bytes());
  }

  // A visit at a time, with a turn of the event loop between: whoever rings meanwhile does not wait for thousands.
  async #remove(filter: VisitFilter, most = Infinity, each: (id: string) => void = () => {}): Promise<number> {
    let count = 0;
    while (count < most) {
      const [id] = this.#on((book) => book.oldest(filter, 1));
      if (id === undefined) break;
      this.#on((book) => book.transaction(() => book.delete(id)));
      each(id);
      count++;
      await this.#removeFiles();
      await nextTurn();
    }
    return count;
  }

  // Its row stays until a file is gone, so that one that could not be removed is tried again.
  async #removeFiles(): Promise<void> {
    for (const file of this.#on((book) => book.doomed())) {
      await this.#folder.remove(file);
      this.#on((book) => book.removed(file));
    }
  }

  /**
   * Gives free room back, brings what was written to the disk, and empties the write-ahead log, where deleted things would
   * still stand. Resolves to false, and never rejects, where that has to be done again later.
   */
  async giveBack(): Promise<boolean> {
    try {
      while (this.#on((book) => book.shrink(pagesAtOnce))) await nextTurn();
      await checkpoint(this.#folder.database);
      return true;
    } catch (error) {
      this.#log.debug(`the visit log was not tidied up: ${sentence(error)}`);
      return false;
    }
  }
}

function checkpoint(file: string): Promise<void> {
  const worker = new Worker(workerFile, { workerData: file, name: "portero-visit-log" });
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", () => resolve());
  });
}
