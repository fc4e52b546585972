// A record of what came in, to be asked for what has come or is still to come.
import { patienceMs } from "../support/patience.ts";

export class Record<T> {
  readonly all: T[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  add(entry: T): void {
    this.all.push(entry);
    for (const look of [...this.#waiting]) look();
  }

  /** How many have come so far: a place from which `next` can look. */
  get now(): number {
    return this.all.length;
  }

  /**
   * The first entry from `since` on that pleases `wanted`.
   * @throws Error after a long time; what came is in the message.
   */
  next(wanted: (entry: T) => boolean, { since = 0 } = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      let seen = since;
      const look = () => {
        for (; seen < this.all.length; seen++) {
          const entry = this.all[seen];
          if (entry === undefined || !wanted(entry)) continue;
          clearTimeout(timer);
          this.#waiting.delete(look);
          resolve(entry);
          return;
        }
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        const came = this.all.slice(since).map((entry) => JSON.stringify(entry).slice(0, 200));
        reject(new Error(`${this.#what}: nothing as wanted in ${patienceMs / 1000} s. What came:\n${came.join("\n")}`));
      }, patienceMs);
      this.#waiting.add(look);
      look();
    });
  }
}
