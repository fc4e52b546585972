// What the audit keeps: not more days and megabytes than it may. The oldest pictures go first, then the oldest days.
import { readdir, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { dayOf } from "./calendar.ts";

const dayFile = /^(\d{4}-\d{2}-\d{2})\.jsonl$/;
const dayFolder = /^\d{4}-\d{2}-\d{2}$/;
const dayMs = 86_400_000;

interface Kept {
  readonly path: string;
  readonly day: string;
  readonly picture: boolean;
  readonly bytes: number;
  readonly written: number;
}

export class Shelf {
  readonly #folder: string;
  readonly #days: number;
  readonly #most: number;
  #bytes = 0;

  constructor(folder: string, options: { readonly days: number; readonly megabytes: number }) {
    this.#folder = folder;
    this.#days = options.days;
    this.#most = options.megabytes * 1_000_000;
  }

  /** Counts what was written since the last sweep. */
  added(bytes: number): void {
    this.#bytes += bytes;
  }

  get tooMuch(): boolean {
    return this.#bytes > this.#most;
  }

  /** The days that have lines, the oldest first. */
  async days(): Promise<string[]> {
    const names = await readdir(this.#folder);
    return names.flatMap((name) => dayFile.exec(name)?.[1] ?? []).sort();
  }

  /** Removes what is too much, and too old at the time `believed`; the lines of today, `now`, stay in any case. */
  async sweep(now: number, believed: number): Promise<void> {
    const today = dayOf(now);
    const oldest = dayOf(believed - (Math.ceil(this.#days) - 1) * dayMs);
    const all = await this.#kept();
    const stale = all.filter(({ day }) => day < oldest);
    const fresh = all.filter(({ day }) => day >= oldest);
    // Pictures before lines, and of each the oldest first.
    const order = fresh.toSorted(
      (a, b) =>
        Number(b.picture) - Number(a.picture) ||
        a.day.localeCompare(b.day) ||
        a.written - b.written ||
        a.path.localeCompare(b.path),
    );
    this.#bytes = fresh.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { path } of stale) await rm(path, { force: true });
    // A tenth more than needed, so that not every entry that follows has to sweep again.
    const enough = this.tooMuch ? this.#most * 0.9 : this.#most;
    for (const { path, bytes, picture, day } of order) {
      if (this.#bytes <= enough || (!picture && day === today)) break;
      await rm(path, { force: true });
      this.#bytes -= bytes;
    }
    await this.#removeEmptyFolders(today);
  }

  async #kept(): Promise<Kept[]> {
    const found: Kept[] = [];
    const add = async (path: string, day: string, picture: boolean) => {
      const { size, mtimeMs } = await stat(path);
      found.push({ path, day, picture, bytes: size, written: mtimeMs });
    };
    for (const day of await this.days()) await add(join(this.#folder, `${day}.jsonl`), day, false);
    for (const day of await this.#pictureDays())
      for (const name of await readdir(join(this.#folder, "pictures", day)))
        await add(join(this.#folder, "pictures", day, name), day, true);
    return found;
  }

  async #pictureDays(): Promise<string[]> {
    const names = await readdir(join(this.#folder, "pictures")).catch(() => []);
    return names.filter((name) => dayFolder.test(name)).sort();
  }

  async #removeEmptyFolders(today: string): Promise<void> {
    for (const day of await this.#pictureDays())
      if (day !== today) await rmdir(join(this.#folder, "pictures", day)).catch(() => {});
  }
}
