// A thread of its own that brings what was written to its place in the database, and to the disk: the one thing here that
// waits for a disk, so never on the thread that rings. Ends by itself.
import { workerData } from "node:worker_threads";
import { loadSqlite } from "./sqlite.ts";
import { touch } from "./visit-schema.ts";

const sqlite = loadSqlite();
if (sqlite) {
  const db = new sqlite.DatabaseSync(workerData as string);
  try {
    db.exec("PRAGMA busy_timeout = 1000; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
    // The long part keeps nobody from writing. The rest is short, and empties the log of what was deleted.
    db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    const { busy } = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {};
    if (busy === 1) throw new Error("another program is reading it");
    // Better this thread waits than the next press.
    touch(db);
  } finally {
    db.close();
  }
}
