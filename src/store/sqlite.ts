// node:sqlite, where this Node has it (from 22.13 on), without the warning that it is new: whoever reads Node-RED's log can
// do nothing about that. And what SQLite's result codes mean for us (https://www.sqlite.org/rescode.html).
import type * as sqlite from "node:sqlite";

export type Sqlite = Pick<typeof sqlite, "DatabaseSync">;

/** Loads it; undefined where this Node has none. */
export function loadSqlite(): Sqlite | undefined {
  const warning = Object.getOwnPropertyDescriptor(process, "emitWarning");
  const warn = (...about: unknown[]): unknown =>
    String(about[0]).includes("SQLite") || Reflect.apply(warning?.value as () => void, process, about);
  Object.defineProperty(process, "emitWarning", { ...warning, value: warn });
  try {
    // Loaded at once, so that nobody else warns meanwhile; undefined on a Node without it, whatever the types say.
    return process.getBuiltinModule("node:sqlite");
  } finally {
    if (warning) Object.defineProperty(process, "emitWarning", warning);
  }
}

export type SqliteFault = "busy" | "damaged" | "other";

const faults: Readonly<Record<number, SqliteFault>> = { 5: "busy", 6: "busy", 11: "damaged", 26: "damaged" };

/** What an error of SQLite asks for: waiting, a new file, or a sentence. */
export function faultOf(error: unknown): SqliteFault {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? (faults[code & 0xff] ?? "other") : "other";
}
