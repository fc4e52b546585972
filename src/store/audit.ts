// The audit: what happened at the doors, with the picture, kept on disk for so many days and megabytes (X6, X12).
//
//   <folder>/2026-01-31.jsonl              one JSON object a line, one file a day (UTC)
//   <folder>/pictures/2026-01-31/….jpg  named by the entry's `picture`, relative to the folder
//   <folder>/clock.json                    what time it was (calendar.ts)
//
// An entry is on the disk when `append` resolves. A line torn by a crash stays alone and is skipped by readers.
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Cancel, Clock } from "../clock.ts";
import { giveUp, sentence, tryAgain } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { Calendar, dayOf } from "./calendar.ts";
import { Shelf } from "./shelf.ts";

/** One line. What is not JSON is left out; a Secret is written as ***. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly ts: number;
  /** "opening", "refused", "visit" … */
  readonly kind?: string;
  /** Set by `append` when there is a picture: its file, relative to the folder. */
  readonly picture?: string;
  readonly [field: string]: unknown;
}

export interface AuditOptions {
  /** Older days are removed. At least 1. */
  readonly days: number;
  /** Beyond this the oldest pictures go, then the oldest days. */
  readonly megabytes: number;
}

const sweepMs = 3_600_000;

export class Audit {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #shelf: Shelf;
  readonly #calendar: Calendar;
  readonly #cancelSweep: Cancel;
  #day = "";
  #lines: FileHandle | undefined;
  #torn = false;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(folder: string, deps: { clock: Clock; log?: Log }, options: AuditOptions) {
    this.#folder = folder;
    this.#clock = deps.clock;
    this.#log = deps.log ?? silent;
    this.#shelf = new Shelf(folder, options);
    this.#calendar = new Calendar(join(folder, "clock.json"), deps.clock, this.#log);
    this.#cancelSweep = this.#clock.every(sweepMs, () => void this.#inTurn(() => this.#sweep()).catch(() => {}));
  }

  /**
   * Opens or makes the folder and removes what is too old.
   * @throws PorteroError `invalid` for options that keep nothing, `no-folder` where the folder cannot be written.
   */
  static async open(
    folder: string,
    deps: { clock: Clock; log?: Log },
    options: { days: number; megabytes: number },
  ): Promise<Audit> {
    for (const [name, value] of Object.entries(options))
      if (!(value > 0)) throw giveUp("invalid", `audit: ${name} must be more than 0`, { data: { field: name } });
    try {
      // Pictures of visitors are nobody else's on this machine.
      await mkdir(join(folder, "pictures"), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw giveUp("no-folder", `the audit's folder ${folder} cannot be made: ${sentence(error)}`, { cause: error });
    }
    const audit = new Audit(folder, deps, options);
    await audit.#inTurn(() => audit.#sweep());
    return audit;
  }

  /** Resolves when the entry (and its picture) are on the disk. Rejects with tryAgain `disk`, giveUp `closed` or `invalid`. */
  append(entry: AuditEntry, picture?: Buffer): Promise<void> {
    if (this.#closed) return Promise.reject(giveUp("closed", "the audit is closed: nothing more is written to it"));
    const now = this.#clock.now();
    let text: string;
    try {
      // Taken now: the caller may change its object while others are written.
      text = JSON.stringify(picture === undefined ? entry : { ...entry, picture: undefined });
    } catch (error) {
      return Promise.reject(giveUp("invalid", `an audit entry must be plain JSON: ${sentence(error)}`));
    }
    return this.#inTurn(async () => {
      try {
        await this.#write(now, text, picture);
      } catch (error) {
        throw tryAgain("disk", `the audit cannot be written to ${this.#folder}: ${sentence(error)}`, { cause: error });
      }
      if (this.#shelf.tooMuch) await this.#sweep();
    });
  }

  /** The newest entries of those `wanted`, newest first; fewer if there are not so many. */
  recent(count: number, wanted: (entry: AuditEntry) => boolean = () => true): Promise<AuditEntry[]> {
    return this.#inTurn(async () => {
      const found: AuditEntry[] = [];
      for (const day of (await this.#shelf.days()).reverse()) {
        if (found.length >= count) break;
        const lines = (await readFile(join(this.#folder, `${day}.jsonl`), "utf8").catch(() => "")).split("\n");
        for (const line of lines.reverse()) {
          const entry = found.length < count ? read(line) : undefined;
          if (entry && wanted(entry)) found.push(entry);
        }
      }
      return found;
    });
  }

  /** The picture of an entry; nothing where it has none, or has been removed to make room. */
  picture({ picture }: AuditEntry): Promise<Buffer | undefined> {
    // Only what we have named ourselves: the line may have been written by others.
    if (typeof picture !== "string" || !/^pictures\/[\d-]{10}\/[\da-f-]+\.jpg$/.test(picture))
      return Promise.resolve(undefined);
    return readFile(join(this.#folder, picture)).catch(() => undefined);
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep();
    await this.#inTurn(async () => {
      await this.#lines?.close();
      this.#lines = undefined;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #write(now: number, text: string, picture: Buffer | undefined): Promise<void> {
    const day = dayOf(now);
    const lines = await this.#linesOf(day);
    const name = picture === undefined ? undefined : await this.#keepPicture(day, now, picture);
    const line = name === undefined ? text : `${text.slice(0, -1)},"picture":${JSON.stringify(name)}}`;
    // After a crash or a full disk the file may end in half a line: the next begins on its own.
    const bytes = Buffer.from(`${this.#torn ? "\n" : ""}${line}\n`);
    this.#torn = true;
    await lines.appendFile(bytes);
    await lines.datasync();
    this.#torn = false;
    this.#shelf.added(bytes.length);
  }

  async #linesOf(day: string): Promise<FileHandle> {
    if (this.#lines && day === this.#day) return this.#lines;
    await this.#lines?.close();
    this.#lines = undefined;
    await mkdir(join(this.#folder, "pictures", day), { recursive: true, mode: 0o700 });
    const lines = await open(join(this.#folder, `${day}.jsonl`), "a+", 0o600);
    try {
      const { size } = await lines.stat();
      const end = Buffer.alloc(1);
      if (size > 0) await lines.read(end, 0, 1, size - 1);
      this.#torn = size > 0 && end[0] !== 0x0a;
      await this.#syncFolder(this.#folder);
    } catch (error) {
      await lines.close();
      throw error;
    }
    this.#lines = lines;
    this.#day = day;
    await this.#sweep();
    return lines;
  }

  // The line counts for more than its picture: without room for this one it is written alone.
  async #keepPicture(day: string, now: number, picture: Buffer): Promise<string | undefined> {
    try {
      return await this.#writePicture(day, now, picture);
    } catch (error) {
      this.#log.warn(`the audit cannot keep a picture in ${this.#folder}: ${sentence(error)}`);
      return undefined;
    }
  }

  async #writePicture(day: string, now: number, picture: Buffer): Promise<string> {
    const folder = join("pictures", day);
    const time = new Date(now).toISOString().slice(11, 19).replaceAll(":", "");
    const name = join(folder, `${time}-${randomUUID().slice(0, 8)}.jpg`);
    const file = await open(join(this.#folder, name), "wx", 0o600);
    try {
      await file.writeFile(picture);
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#syncFolder(join(this.#folder, folder));
    this.#shelf.added(picture.length);
    return name.replaceAll("\\", "/");
  }

  // A new file's name is on the disk only after its folder is. Windows cannot do it and needs not.
  async #syncFolder(folder: string): Promise<void> {
    const handle = await open(folder, "r").catch(() => undefined);
    await handle?.sync().catch(() => {});
    await handle?.close();
  }

  async #sweep(): Promise<void> {
    try {
      await this.#shelf.sweep(this.#clock.now(), this.#calendar.now());
    } catch (error) {
      this.#log.warn(`the audit cannot remove what is too old in ${this.#folder}: ${sentence(error)}`);
    }
  }
}

function read(line: string): AuditEntry | undefined {
  try {
    const entry: unknown = line === "" ? undefined : JSON.parse(line);
    return typeof entry === "object" && entry !== null && "ts" in entry ? (entry as AuditEntry) : undefined;
  } catch {
    return undefined;
  }
}
