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

/** A line that cannot be anything but a comment's remains would be noise; a password must not stand in a flow (P7). */
const shown = (text: string): string =>
  text
    .trim()
    .replace(/^(\s*(?:password|secret|md5_cred|md5secret|remotesecret)\s*=>?\s*).*$/i, "$1***")
    .replace(/(\b(?:SIP|PJSIP|IAX2)\/[^:@/,&()\s${}]+):[^@,&()\s{}]+@/gi, "$1:***@")
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
    if (!this.#left.has(line.number)) this.#left.set(line.number, { number: line.number, text: shown(line.text), why });
  }

  /** Something that the reader should know of what was made. */
  note(sentence: string): void {
    if (!this.#notes.includes(sentence)) this.#notes.push(sentence);
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
