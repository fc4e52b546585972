// What an event of a visit leaves in the log: the visit's row, who was rung, what happened, its picture, its recordings.
import type { VisitBook } from "./visit-book.ts";
import type { VisitFolder } from "./visit-folder.ts";
import type { LoggedEvent, LoggedParty } from "./visit-shapes.ts";

/** Digits may be a door's code; figures come every second and stand in `ended` too. */
const left = new Set(["dtmf", "stats"]);
/** What is in no log, wherever it stands. */
const secret = /^(digits?|code|pin|password)$/i;
const longest = 100_000;

type Fields = Record<string, unknown>;

export const isLogged = ({ event }: LoggedEvent): boolean => !left.has(event);

/** Writes an event into the open transaction of a book. `gone`: the visit was deleted; what still comes of it goes too. */
export function enter(book: VisitBook, folder: VisitFolder, told: LoggedEvent, at: number, gone: boolean): void {
  const { event, visit } = told;
  const payload: Fields = typeof told.payload === "object" && told.payload !== null ? { ...told.payload } : {};
  const recording = event === "recorded" ? recordingIn(folder, payload) : undefined;
  if (gone) {
    if (recording) book.keep(null, recording);
    return;
  }
  book.put(told, at);
  if (recording) book.keep(visit.id, recording);
  for (const [kind, bytes] of [
    ["picture", payload["jpeg"]],
    ["clip", payload["mp4"]],
  ] as const) {
    if (event !== (kind === "picture" ? "snapshot" : kind) || !(bytes instanceof Uint8Array)) continue;
    if (!book.has(visit.id, kind))
      book.keep(visit.id, { kind, name: folder.write(visit.id, kind, bytes), bytes: bytes.length });
  }
  if (event === "opened") book.opened(visit.id);
  if (event === "ended") book.end(visit.id, at, payload);
  const parties = partiesIn(payload);
  if (parties?.length) book.rung(visit.id, parties, event === "ended");
  book.note(visit.id, at, event, jsonOf(payload));
}

function recordingIn(folder: VisitFolder, { kind, file, bytes, seconds, by }: Fields) {
  const name = typeof file === "string" ? folder.nameOf(file) : undefined;
  if (name === undefined || typeof kind !== "string") return undefined;
  return { kind, name, bytes: Number(bytes), seconds: Number(seconds), by: String(by) };
}

function partiesIn({ parties }: Fields): LoggedParty[] | undefined {
  if (!Array.isArray(parties)) return undefined;
  return parties.filter(
    (party: Partial<LoggedParty> | null): party is LoggedParty =>
      typeof party?.target === "string" && typeof party.result === "string" && typeof party.try === "number",
  );
}

/** A payload without pictures, films, sounds, secrets, and who was rung; null for one that says nothing. */
function jsonOf({ jpeg: _jpeg, mp4: _mp4, wav: _wav, parties: _parties, ...rest }: Fields): string | null {
  const text = JSON.stringify(rest, (key, value: unknown) => (secret.test(key) ? undefined : value));
  return text === "{}" || text.length > longest ? null : text;
}
