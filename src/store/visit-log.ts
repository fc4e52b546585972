// The log of visits (X12): every press with its picture, whom it rang, what happened and how it ended, on disk for so many
// days and megabytes. docs/decisions/040-visit-log.md says why it is as it is.
//
// `take` writes at once: what was told is not lost by a crash of this process. Nothing in here throws at whoever rings; a
// disk that is full or gone costs the log and nothing else.
import { join } from "node:path";
import type { Cancel, Clock } from "../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { Calendar } from "./calendar.ts";
import { faultOf, loadSqlite, type Sqlite } from "./sqlite.ts";
import { VisitBook, type VisitFilter } from "./visit-book.ts";
import { enter, isLogged } from "./visit-entry.ts";
import { VisitFolder } from "./visit-folder.ts";
import { VisitKeeper } from "./visit-keeper.ts";
import type { LoggedEvent, LoggedVisit, VisitDetails } from "./visit-shapes.ts";

export interface VisitLogOptions {
  /** Older visits are removed. */
  readonly days: number;
  /** Beyond this the oldest visits go: their rows, pictures and recordings together. */
  readonly megabytes: number;
  /** The folder that visits put their recordings in. */
  readonly recordings?: string | undefined;
}

export interface VisitLogDeps {
  readonly clock: Clock;
  readonly log?: Log;
  /** Gives node:sqlite, or undefined. */
  readonly load?: () => Sqlite | undefined;
}

export const visitLogDefaults = { days: 90, megabytes: 500 } as const;

/** How often it is looked whether there is something to tidy up. */
const tidyMs = 60_000;
const sweepMs = 3_600_000;
/** Another process has the database, or our own thread for a moment: tried again after this. */
const busyMs = 20;
/** Events that wait for that, at most. */
const mostWaiting = 1_000;
/** Deleted visits of which something may still come. */
const mostGone = 1_000;

export class VisitLog {
  readonly #folder: VisitFolder;
  readonly #sqlite: Sqlite;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #keeper: VisitKeeper;
  readonly #calendar: Calendar;
  readonly #cancelTidy: Cancel;
  /** Visits that are under way. */
  readonly #open = new Set<string>();
  /** Visits that were deleted since the start. */
  readonly #gone = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #book: VisitBook | undefined;
  #retry: Cancel = () => {};
  #turn: Promise<unknown> = Promise.resolve();
  #trouble: string | undefined;
  #complainedAt = -Infinity;
  #dirty = false;
  #tidiedAt: number;
  #closed = false;

  private constructor(sqlite: Sqlite, folder: VisitFolder, deps: VisitLogDeps, options: VisitLogOptions) {
    [this.#sqlite, this.#folder, this.#clock] = [sqlite, folder, deps.clock];
    this.#log = deps.log ?? silent;
    this.#tidiedAt = deps.clock.passed();
    this.#keeper = new VisitKeeper((work) => this.#read(work), folder, this.#log, options);
    this.#calendar = new Calendar(join(folder.path, "clock.json"), deps.clock, this.#log);
    this.#openBook();
    this.#cancelTidy = this.#clock.every(tidyMs, () => {
      const quiet = this.#dirty && this.#open.size === 0;
      if (quiet || this.#clock.passed() - this.#tidiedAt >= sweepMs) void this.tidy().catch(() => {});
    });
  }

  /**
   * Opens or makes the log in a folder.
   * @throws PorteroError `no-sqlite` where this Node has none, `no-folder`, `too-new`, `invalid`
   */
  static open(folder: string, deps: VisitLogDeps, options: VisitLogOptions): VisitLog {
    for (const name of ["days", "megabytes"] as const)
      if (!(options[name] > 0))
        throw giveUp("invalid", `visit log: ${name} must be more than 0`, { data: { field: name } });
    const sqlite = (deps.load ?? loadSqlite)();
    if (!sqlite)
      throw giveUp("no-sqlite", `the visit log needs Node.js 22.13 or later, and this is ${process.versions.node}`);
    try {
      const place = new VisitFolder(folder, options.recordings);
      place.make();
      return new VisitLog(sqlite, place, deps, options);
    } catch (error) {
      if (error instanceof PorteroError)
        throw giveUp(error.code, `the visit log in ${folder} is left alone: ${error.message}`);
      throw giveUp("no-folder", `the visit log cannot be kept in ${folder}: ${sentence(error)}`, { cause: error });
    }
  }

  /** Why visits are not kept at the moment; undefined while they are. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Keeps an event. It is in the system's hands when this returns, unless another program has the database. Never throws. */
  take(event: LoggedEvent): void {
    if (this.#closed || !isLogged(event)) return;
    const { id, state } = event.visit;
    if (event.event === "ended") this.#open.delete(id);
    else if (state !== "ended") this.#open.add(id);
    const at = this.#clock.now();
    this.#waiting.push(() => {
      if (this.#book) enter(this.#book, this.#folder, event, at, this.#gone.has(id));
    });
    if (this.#waiting.length > mostWaiting) {
      this.#waiting.shift();
      this.#complain("another program keeps the database to itself");
    }
    this.#write();
  }

  /** How many visits there are, and some of them, the newest first. @throws PorteroError `disk` */
  find(filter: VisitFilter, limit: number, offset = 0): { total: number; visits: LoggedVisit[] } {
    return this.#read((book) => ({
      total: book.count(filter),
      visits: book.find(filter, limit, offset).map((visit) => this.#located(visit)),
    }));
  }

  /** Everything that is known of one visit. @throws PorteroError `disk`, `unknown-visit` */
  get(id: string): VisitDetails {
    const visit = this.#read((book) => book.get(id));
    if (!visit) throw giveUp("unknown-visit", `the log has no visit ${id}: it was never there, or has been removed`);
    return this.#located(visit);
  }

  /** The picture of a visit, while there is one. */
  picture(id: string): Promise<Buffer | undefined> {
    return this.#folder.read(id, "picture");
  }

  /** The clip of a visit, MP4, while there is one. */
  clip(id: string): Promise<Buffer | undefined> {
    return this.#folder.read(id, "clip");
  }

  /**
   * Removes visits with all that belongs to them, and says how many; those under way stay. When it resolves nothing of
   * them is left in the files, unless another program reads them: then it is a minute after that. Rejects with `disk`, or `unknown-visit` and `under-way` where one visit is named.
   */
  delete(filter: VisitFilter): Promise<number> {
    return this.#inTurn(async () => {
      const { visit } = filter;
      if (visit !== undefined && this.get(visit).state !== "ended")
        throw giveUp("under-way", `the visit ${visit} is still under way: delete it when it has ended`);
      const count = await this.#keeper.delete(filter, (id) => {
        this.#gone.add(id);
        const [first] = this.#gone;
        if (this.#gone.size > mostGone && first !== undefined) this.#gone.delete(first);
      });
      await this.#giveBack();
      return count;
    });
  }

  /** Removes what is too old or too much, gives its room back, and brings what was written to the disk. */
  tidy(): Promise<void> {
    return this.#inTurn(async () => {
      this.#tidiedAt = this.#clock.passed();
      if ((await this.#keeper.sweep(this.#calendar.now())) > 0 || this.#dirty) await this.#giveBack();
    });
  }

  /** Waits for what is being done, and frees the files. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTidy();
    this.#retry();
    await this.#turn;
    this.#write();
    this.#retry();
    this.#book?.close();
    this.#book = undefined;
  }

  async #giveBack(): Promise<void> {
    this.#dirty = false;
    if (!(await this.#keeper.giveBack())) this.#dirty = true;
  }

  #openBook(): void {
    try {
      this.#book = new VisitBook(this.#sqlite, this.#folder.database);
      this.#book.interrupt("the program was ended before the visit was");
      this.#folder.removeStrays(this.#book.seen());
      // Those that a crash or a full disk kept from being told.
      this.#book.adopt(this.#folder.recorded());
    } catch (error) {
      if (faultOf(error) !== "damaged") throw error;
      this.#renew(error);
    }
  }

  /** Begins a new database where the old one cannot be read. */
  #renew(why: unknown): void {
    try {
      this.#book?.close();
    } catch {
      // It is damaged.
    }
    this.#book = undefined;
    const name = this.#folder.putAside(this.#clock.now());
    this.#log.warn(
      `the visit log in ${this.#folder.path} is damaged (${sentence(why)}): a new one has begun, the old one lies in ${name} until it is too old`,
    );
    this.#book = new VisitBook(this.#sqlite, this.#folder.database);
  }

  #write(): void {
    this.#retry();
    for (let work = this.#waiting[0]; work; work = this.#waiting[0]) {
      try {
        this.#mended(() => this.#book?.transaction(work));
        if (this.#book) this.#trouble = undefined;
        this.#dirty = true;
      } catch (error) {
        if (faultOf(error) === "busy" && !this.#closed) {
          this.#retry = this.#clock.after(busyMs, () => this.#write());
          return;
        }
        this.#complain(sentence(error));
      }
      this.#waiting.shift();
    }
  }

  /** Does something with the database; where that shows that it is damaged, once more with a new one. */
  #mended<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (faultOf(error) !== "damaged") throw error;
      this.#renew(error);
      return work();
    }
  }

  #read<T>(work: (book: VisitBook) => T): T {
    try {
      return this.#mended(() => {
        if (!this.#book) throw giveUp("closed", "it is closed");
        return work(this.#book);
      });
    } catch (error) {
      throw tryAgain("disk", `the visit log in ${this.#folder.path} cannot be used: ${sentence(error)}`, {
        cause: error,
      });
    }
  }

  // Said once an hour: on a disk that is full some things can still be written now and then.
  #complain(why: string): void {
    const now = this.#clock.passed();
    this.#trouble = why;
    if (now - this.#complainedAt < sweepMs) return;
    this.#complainedAt = now;
    this.#log.warn(`visits are not kept in ${this.#folder.path} for now: ${why}. The house goes on without`);
  }

  #located<V extends LoggedVisit>(visit: V): V {
    const recordings = visit.recordings.map((one) => ({ ...one, file: this.#folder.recording(one.file) }));
    return { ...visit, recordings };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}
