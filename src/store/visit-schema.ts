// The tables of the visit log. Each step leads from one version to the next; a step that was published never changes.
import type { DatabaseSync } from "node:sqlite";
import { giveUp } from "../errors.ts";

const steps: readonly string[] = [
  `CREATE TABLE visits (
     id TEXT PRIMARY KEY, door TEXT NOT NULL, number TEXT NOT NULL, name TEXT NOT NULL, dialled TEXT NOT NULL,
     button TEXT NOT NULL, state TEXT NOT NULL, started INTEGER NOT NULL, answered INTEGER, ended INTEGER, outcome TEXT,
     cause INTEGER, text TEXT, answeredBy TEXT, attempts INTEGER NOT NULL, ringSeconds REAL, talkSeconds REAL,
     openings INTEGER NOT NULL DEFAULT 0, more TEXT
   ) STRICT;
   CREATE INDEX visits_by_time ON visits (started);
   CREATE INDEX visits_by_door ON visits (door, started);
   CREATE TABLE events (
     id INTEGER PRIMARY KEY, visit TEXT NOT NULL REFERENCES visits ON DELETE CASCADE, at INTEGER NOT NULL,
     event TEXT NOT NULL, payload TEXT
   ) STRICT;
   CREATE INDEX events_by_visit ON events (visit, id);
   CREATE TABLE parties (
     id INTEGER PRIMARY KEY, visit TEXT NOT NULL REFERENCES visits ON DELETE CASCADE, try INTEGER NOT NULL,
     target TEXT NOT NULL, result TEXT NOT NULL, status INTEGER, cause INTEGER, more TEXT
   ) STRICT;
   CREATE INDEX parties_by_visit ON parties (visit, id);
   -- A file without a visit is to be removed, and its row after it.
   CREATE TABLE files (
     id INTEGER PRIMARY KEY, visit TEXT REFERENCES visits ON DELETE SET NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
     bytes INTEGER NOT NULL, seconds REAL, "by" TEXT
   ) STRICT;
   CREATE INDEX files_by_visit ON files (visit, id);`,
];

const versionOf = (db: DatabaseSync): number => Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);

/**
 * Makes an open database the newest there is, in one transaction.
 * @throws PorteroError `too-new` for one that a later version of this package has made; it is not touched
 */
export function migrate(db: DatabaseSync, to: readonly string[] = steps): void {
  const version = versionOf(db);
  if (version > to.length)
    throw giveUp("too-new", "it was written by a newer version of this package: install that, or move the folder away");
  if (version === to.length) return;
  // Only an empty database can be told, and writing it each time would touch every one.
  if (version === 0) db.exec("PRAGMA auto_vacuum = INCREMENTAL");
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const step of to.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${to.length}`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/** Writes something that changes nothing: the first write into an empty write-ahead log waits for the disk. */
export const touch = (db: DatabaseSync): void => db.exec(`PRAGMA user_version = ${versionOf(db)}`);
