// What became of each line that was pasted. Whatever no part of the import has taken is named in the end: nothing is lost
// without a word.

export interface Line {
  /** From 1 on, as in the text. */
  readonly number: number;
  readonly text: string;
}

/** A line that has no counterpart in the flow, and why. */
export interface LeftLine extends Line {
  readonly why: string;
}

/** Logins in addresses and door codes, as they may stand in a flow and its export (P7). */
const masked = (text: string): string =>
  text
    .replace(/(?<!\bsips?):[^:@/,&()\s${}]+@/gi, ":***@")
    .replace(/\b(senddtmf|authenticate|D)\([0-9*#wW,:]+/gi, "$1(***");

/** A line, also without passwords that are settings, and numbers of mailboxes. */
const shown = (text: string): string =>
  masked(text.trim())
    .replace(/^([\w-]*(?:pass|secret|md5|pin\b)[\w-]*\s*=>?\s*).+$/i, "$1***")
    .replace(/^(\d+\s*=>?\s*)\d+(?=,|$)/, "$1***")
    .slice(0, 160);

export class Report {
  readonly #open = new Map<number, Line>();
  readonly #left = new Map<number, LeftLine>();
  readonly #notes: string[] = [];

  /** A line that somebody must take. */
  expect(line: Line): void {
    this.#open.set(line.number, line);
  }

  /** It is understood: it stands in the flow, or there is nothing to do for it. */
  take(line: Line): void {
    this.#open.delete(line.number);
  }

  /** It has no counterpart; the first reason counts. */
  leave(line: Line, why: string): void {
    this.#open.delete(line.number);
    if (!this.#left.has(line.number))
      this.#left.set(line.number, { number: line.number, text: shown(line.text), why: masked(why) });
  }

  /** Something that the reader should know of what was made. */
  note(sentence: string): void {
    const said = masked(sentence);
    if (!this.#notes.includes(said)) this.#notes.push(said);
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  /** All that was not taken over, in the order of the text. */
  left(): LeftLine[] {
    for (const line of [...this.#open.values()]) this.leave(line, "it is reached by no number that was pasted");
    return [...this.#left.values()].sort((a, b) => a.number - b.number);
  }
}
