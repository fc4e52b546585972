// The database of the visit log: what is written into it and read from it. Knows nothing of retention, damage or time;
// that is visit-log.ts. Values are bound, never put into the text of a statement.
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Sqlite } from "./sqlite.ts";
import { seenKinds, type SeenKind } from "./visit-seen.ts";
import { migrate, touch } from "./visit-schema.ts";
import type {
  FoundRecording,
  LoggedEvent,
  LoggedFile,
  LoggedParty,
  LoggedRecording,
  LoggedVisit,
  VisitDetails,
} from "./visit-shapes.ts";

/** Which visits: what is not named is any. */
export interface VisitFilter {
  readonly visit?: string | undefined;
  readonly door?: string | undefined;
  readonly outcome?: string | undefined;
  /** Begun at this time or later, and before that; milliseconds since 1970. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface KeptFile {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
}

type Row = Record<string, unknown>;

// A commit is in the system's hands, so that a killed process loses nothing; only a checkpoint waits for the disk, and
// that is done elsewhere (docs/decisions/040-visit-log.md). What is deleted is overwritten. Who is busy is not waited for.
const pragmas = `
  PRAGMA busy_timeout = 0;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 0;
  PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = ON;`;

export class VisitBook {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens or makes it. @throws what SQLite says, PorteroError `too-new` */
  constructor(sqlite: Sqlite, file: string) {
    this.#db = new sqlite.DatabaseSync(file);
    try {
      this.#db.exec("PRAGMA busy_timeout = 500");
      migrate(this.#db);
      this.#db.exec(pragmas);
      touch(this.#db);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }

  /** All of `work` or nothing of it. */
  transaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const done = work();
      this.#db.exec("COMMIT");
      return done;
    } catch (error) {
      try {
        this.#db.exec("ROLLBACK");
      } catch {
        // A full disk has rolled it back already.
      }
      throw error;
    }
  }

  /** The visit as it stands in an event, begun or known before. */
  put({ visit, event }: LoggedEvent, at: number): void {
    const { buttonName, asserted, diversion, headers } = visit;
    const more = JSON.stringify({ buttonName, asserted, diversion, headers });
    this.#run(
      `INSERT INTO visits (id, door, number, name, dialled, button, state, started, attempts, answeredBy, answered,
         more)
       VALUES (:id, :door, :number, :name, :dialled, :button, :state, :started, :attempts, :by, :answered, :more)
       ON CONFLICT (id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
         answeredBy = excluded.answeredBy, answered = coalesce(answered, excluded.answered)`,
      {
        ...{ id: visit.id, door: visit.door, number: visit.caller.number, name: visit.caller.name },
        ...{ dialled: visit.dialled, button: visit.button, state: visit.state, started: Date.parse(visit.startedAt) },
        ...{ attempts: visit.attempt, by: visit.answeredBy ?? null, answered: event === "answered" ? at : null },
        more: more === "{}" ? null : more,
      },
    );
  }

  note(visit: string, at: number, event: string, payload: string | null): void {
    this.#run("INSERT INTO events (visit, at, event, payload) VALUES (:visit, :at, :event, :payload)", {
      ...{ visit, at, event, payload },
    });
  }

  opened(visit: string): void {
    this.#run("UPDATE visits SET openings = openings + 1 WHERE id = :visit", { visit });
  }

  end(visit: string, at: number, end: Row): void {
    const text = (name: string) => (typeof end[name] === "string" ? end[name] : null);
    const number = (name: string) => (typeof end[name] === "number" ? end[name] : null);
    this.#run(
      `UPDATE visits SET ended = :at, outcome = :outcome, cause = :cause, text = :text, ringSeconds = :ring,
         talkSeconds = :talk, openings = coalesce(:openings, openings) WHERE id = :visit`,
      {
        ...{ visit, at, outcome: text("outcome"), cause: number("cause"), text: text("text") },
        ...{ ring: number("ringSeconds"), talk: number("talkSeconds"), openings: number("openings") },
      },
    );
  }

  /** Who was rung, in the order of the list; what was known of these tries before goes where `instead` is set. */
  rung(visit: string, parties: readonly LoggedParty[], instead: boolean): void {
    if (instead) {
      const from = Math.min(...parties.map((party) => party.try));
      this.#run("DELETE FROM parties WHERE visit = :visit AND try >= :from", { visit, from });
    }
    for (const { try: nth, target, result, status = null, cause = null, ...more } of parties)
      this.#run(
        `INSERT INTO parties (visit, try, target, result, status, cause, more)
         VALUES (:visit, :nth, :target, :result, :status, :cause, :more)`,
        {
          ...{ visit, nth, target, result, status, cause },
          more: Object.keys(more).length > 0 ? JSON.stringify(more) : null,
        },
      );
  }

  /** A file that goes with the visit, or with none any more: a picture or clip of the log, or a recording (its kind says of what). */
  keep(visit: string | null, { kind, name, bytes, seconds, by }: LoggedFile): void {
    this.#run(
      `INSERT INTO files (visit, kind, name, bytes, seconds, "by") VALUES (:visit, :kind, :name, :bytes, :seconds, :by)`,
      { visit, kind, name, bytes, seconds: seconds ?? null, by: by ?? null },
    );
  }

  has(visit: string, kind: SeenKind): boolean {
    return this.#all("SELECT id FROM files WHERE visit = :visit AND kind = :kind", { visit, kind }).length > 0;
  }

  /** Visits that a process which is gone has left open are over, as far as anybody knows. */
  interrupt(text: string): number {
    return this.#run(
      `UPDATE visits SET state = 'ended', outcome = 'interrupted', text = :text,
         ended = coalesce((SELECT max(at) FROM events WHERE visit = visits.id), started) WHERE state <> 'ended' OR ended IS NULL`,
      { text },
    );
  }

  count(filter: VisitFilter): number {
    const { where, values } = conditions(filter);
    return Number(this.#all(`SELECT count(*) AS n FROM visits${where}`, values)[0]?.["n"] ?? 0);
  }

  /** The newest first. */
  find(filter: VisitFilter, limit: number, offset: number): LoggedVisit[] {
    const { where, values } = conditions(filter);
    const order = "ORDER BY started DESC, rowid DESC LIMIT :limit OFFSET :offset";
    return this.#all(`SELECT * FROM visits${where} ${order}`, { ...values, limit, offset }).map((row) =>
      visitOf(row, this.#files(String(row["id"]))),
    );
  }

  get(id: string): VisitDetails | undefined {
    const [visit] = this.find({ visit: id }, 1, 0);
    if (!visit) return undefined;
    const parties = this.#all("SELECT * FROM parties WHERE visit = :id ORDER BY id", { id }).map(partyOf);
    const events = this.#all("SELECT at, event, payload FROM events WHERE visit = :id ORDER BY id", { id }).map(
      ({ at, event, payload }) => ({
        ...{ at: iso(at), event: String(event) },
        ...(payload === null ? {} : { payload: JSON.parse(payload as string) as unknown }),
      }),
    );
    return { ...visit, parties, events };
  }

  /** The ids of visits that are over, the oldest first. */
  oldest(filter: VisitFilter, most: number): string[] {
    const { where, values } = conditions(filter);
    const over = `${where === "" ? " WHERE" : `${where} AND`} state = 'ended'`;
    return this.#all(`SELECT id FROM visits${over} ORDER BY started, rowid LIMIT :most`, { ...values, most }).map(
      ({ id }) => String(id),
    );
  }

  /** Its files lose their visit by that, and are to be removed. */
  delete(visit: string): boolean {
    return this.#run("DELETE FROM visits WHERE id = :visit", { visit }) > 0;
  }

  doomed(): KeptFile[] {
    return this.#all("SELECT id, kind, name FROM files WHERE visit IS NULL", {}).map(({ id, kind, name }) => ({
      ...{ id: Number(id), kind: String(kind), name: String(name) },
    }));
  }

  removed(file: KeptFile): void {
    this.#run("DELETE FROM files WHERE id = :id", { id: file.id });
  }

  /** Keeps recordings that it does not know with the visits that their names speak of; nothing where there are none. */
  adopt(found: readonly FoundRecording[]): void {
    const known = new Set(this.#all("SELECT name FROM files", {}).map(({ name }) => String(name)));
    for (const { file, visit, isOf } of found) {
      if (known.has(file.name)) continue;
      const begun = this.#all("SELECT id, door FROM visits WHERE id BETWEEN :visit AND :visit || '~'", { visit });
      const own = begun.find(({ door }) => isOf(String(door)));
      if (own) this.keep(String(own["id"]), file);
    }
  }

  /** The names of pictures and clips. */
  seen(): Set<string> {
    const files = this.#all("SELECT kind, name FROM files", {});
    return new Set(files.flatMap(({ kind, name }) => (String(kind) in seenKinds ? [String(name)] : [])));
  }

  /** Bytes of all files and of the database itself, without what is free in it. */
  bytes(): number {
    const files = Number(this.#all("SELECT coalesce(sum(bytes), 0) AS n FROM files", {})[0]?.["n"]);
    return files + (this.#pragma("page_count") - this.#pragma("freelist_count")) * this.#pragma("page_size");
  }

  /** Gives up to so many free pages back to the system; true while there are more. */
  shrink(pages: number): boolean {
    // Each row of its result is a page.
    this.#db.prepare(`PRAGMA incremental_vacuum(${Math.trunc(pages)})`).all();
    return this.#pragma("freelist_count") > 0;
  }

  #pragma(name: "page_count" | "freelist_count" | "page_size"): number {
    return Number(this.#all(`PRAGMA ${name}`, {})[0]?.[name] ?? 0);
  }

  #files(id: string): Row[] {
    return this.#all("SELECT * FROM files WHERE visit = :id ORDER BY id", { id });
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  #run(sql: string, values: Record<string, SQLInputValue>): number {
    return Number(this.#prepared(sql).run(values).changes);
  }

  #all(sql: string, values: Record<string, SQLInputValue>): Row[] {
    return this.#prepared(sql).all(values);
  }
}

function conditions({ visit, door, outcome, from, to }: VisitFilter) {
  const parts: string[] = [];
  const values: Record<string, SQLInputValue> = {};
  const add = (text: string, name: string, value: string | number | undefined) => {
    if (value === undefined) return;
    parts.push(text);
    values[name] = value;
  };
  add("id = :visit", "visit", visit);
  add("door = :door", "door", door);
  add("outcome = :outcome", "outcome", outcome);
  add("started >= :from", "from", from);
  add("started < :to", "to", to);
  return { where: parts.length > 0 ? ` WHERE ${parts.join(" AND ")}` : "", values };
}

const iso = (ms: unknown): string => new Date(Number(ms)).toISOString();
/** The columns that hold something. */
const given = (row: Row, ...names: string[]): Row =>
  Object.fromEntries(names.flatMap((name) => (row[name] === null ? [] : [[name, row[name]]])));

function visitOf(row: Row, files: Row[]): LoggedVisit {
  return {
    ...(given(row, "id", "door") as Pick<LoggedVisit, "id" | "door">),
    caller: { number: String(row["number"]), name: String(row["name"]) },
    ...(row["more"] === null ? {} : (JSON.parse(row["more"] as string) as object)),
    ...(given(row, "dialled", "button", "state") as Pick<LoggedVisit, "dialled" | "button" | "state">),
    startedAt: iso(row["started"]),
    ...(row["answered"] === null ? {} : { answeredAt: iso(row["answered"]) }),
    ...(row["ended"] === null ? {} : { endedAt: iso(row["ended"]) }),
    ...given(row, "answeredBy", "outcome", "cause", "text", "ringSeconds", "talkSeconds"),
    ...{ attempt: Number(row["attempts"]), openings: Number(row["openings"]) },
    hasPicture: files.some(({ kind }) => kind === "picture"),
    hasClip: files.some(({ kind }) => kind === "clip"),
    recordings: files
      .filter(({ kind }) => !(String(kind) in seenKinds))
      .map((file) => ({
        ...(given(file, "kind", "by", "seconds", "bytes") as Omit<LoggedRecording, "file">),
        file: String(file["name"]),
      })),
  };
}

const partyOf = (row: Row): LoggedParty => ({
  ...(given(row, "target", "try", "result", "status", "cause") as unknown as LoggedParty),
  ...(row["more"] === null ? {} : (JSON.parse(row["more"] as string) as object)),
});
