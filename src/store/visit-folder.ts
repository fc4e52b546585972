// Where the visit log lies:
//
//   <folder>/visits.db                  the database, with visits.db-wal and visits.db-shm beside it
//   <folder>/pictures/<visit>.jpg       the picture of a press
//   <folder>/pictures/<visit>.mp4       the clip of a press
//   <folder>/clock.json                 what time it was (calendar.ts)
//   <folder>/damaged-20260131T175536Z/  all of that, where the database could not be read any more
//
// Recordings are elsewhere, where visits put them; the log only takes them away with their visit.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { KeptFile } from "./visit-book.ts";
import { seenKinds, type SeenKind } from "./visit-seen.ts";
import type { FoundRecording } from "./visit-shapes.ts";

const damaged = /^damaged-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** As conversations and messages are called when they are recorded; docs/recording.md. */
const recorded = /^\d{8}T\d{6}Z-(.+)-(call|message)-([0-9a-f]{8})\.wav$/;
const headBytes = 44;
/** Of 16-bit sound at 8 kHz: a conversation has two channels. */
const bytesPerSecond = { call: 32_000, message: 16_000 } as const;

const nameFor = (visit: string, kind: SeenKind): string => `${visit.replace(/[^\w-]/g, "_")}.${seenKinds[kind]}`;

export class VisitFolder {
  readonly path: string;
  readonly #recordings: string | undefined;

  constructor(path: string, recordings: string | undefined) {
    [this.path, this.#recordings] = [path, recordings];
  }

  get database(): string {
    return join(this.path, "visits.db");
  }

  /** Visits and their pictures are nobody else's on this machine. */
  make(): void {
    mkdirSync(join(this.path, "pictures"), { recursive: true, mode: 0o700 });
    // SQLite would make it as the umask has it; what it puts beside it has the database's mode.
    closeSync(openSync(this.database, "a", 0o600));
  }

  /** The name of a recording below the folder of recordings; undefined for a file that is elsewhere. */
  nameOf(recording: string): string | undefined {
    const name = basename(recording);
    return this.#recordings !== undefined && resolve(this.#recordings, name) === resolve(recording) ? name : undefined;
  }

  /** The whole path of a recording. */
  recording(name: string): string {
    return join(this.#recordings ?? "", basename(name));
  }

  /** All recordings that there are. */
  recorded(): FoundRecording[] {
    const folder = this.#recordings;
    if (folder === undefined || !existsSync(folder)) return [];
    return readdirSync(folder).flatMap((name) => {
      const [, named, kind, visit] = recorded.exec(name) ?? [];
      if (visit === undefined || (kind !== "call" && kind !== "message")) return [];
      const { size: bytes = headBytes } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
      const isOf = (door: string) => door.replace(/[^\w-]/g, "_") === named;
      return [{ visit, isOf, file: { kind, name, bytes, seconds: (bytes - headBytes) / bytesPerSecond[kind] } }];
    });
  }

  /** Writes a picture or a clip at once, so that it is there when its row is. */
  write(visit: string, kind: SeenKind, bytes: Uint8Array): string {
    const name = nameFor(visit, kind);
    writeFileSync(join(this.path, "pictures", name), bytes, { mode: 0o600 });
    return name;
  }

  /** Undefined where there is none any more. */
  read(visit: string, kind: SeenKind): Promise<Buffer | undefined> {
    return readFile(join(this.path, "pictures", nameFor(visit, kind))).catch(() => undefined);
  }

  /** Rejects where it cannot be removed; one that is gone already is fine. */
  async remove({ kind, name }: Pick<KeptFile, "kind" | "name">): Promise<void> {
    if (kind in seenKinds) await rm(join(this.path, "pictures", basename(name)), { force: true });
    else if (this.#recordings !== undefined) await rm(this.recording(name), { force: true });
  }

  /** Removes pictures and clips that nobody knows: written just before a crash. */
  removeStrays(known: ReadonlySet<string>): void {
    const folder = join(this.path, "pictures");
    for (const name of readdirSync(folder)) if (!known.has(name)) rmSync(join(folder, name), { force: true });
  }

  /** Puts database and pictures away, and gives the name of the folder they are in. */
  putAside(now: number): string {
    const name = `damaged-${new Date(now).toISOString().replace(/[-:]|\.\d+/g, "")}`;
    mkdirSync(join(this.path, name), { recursive: true, mode: 0o700 });
    for (const file of ["visits.db", "visits.db-wal", "visits.db-shm", "pictures"])
      if (existsSync(join(this.path, file))) renameSync(join(this.path, file), join(this.path, name, file));
    this.make();
    return name;
  }

  /** Removes what was put away before that time. */
  async forgetDamaged(before: number): Promise<void> {
    for (const name of readdirSync(this.path)) {
      const [, ...parts] = damaged.exec(name) ?? [];
      const [year = 0, month = 1, day, hour, minute, second] = parts.map(Number);
      if (parts.length > 0 && Date.UTC(year, month - 1, day, hour, minute, second) < before)
        await rm(join(this.path, name), { recursive: true, force: true });
    }
  }
}
