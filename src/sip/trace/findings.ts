// What is wrong in a house, in plain words (X10): a finding is told once when it is first made, counted while it goes on,
// and gone when it is settled or was not seen for half an hour.

export interface Finding {
  /** A short stable word for programs: `refused`, `no-ack`. */
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Whom it is about: an extension, or an address. */
  readonly subject: string;
  /** What is so. */
  readonly text: string;
  /** What to do about it. */
  readonly advice: string;
  readonly count: number;
  /** ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
}

/** `error`: something does not work. `warning`: it will fail sooner or later. `info`: good to know when something fails. */
export type Severity = "error" | "warning" | "info";

/** Short stable words for programs; docs/trace.md explains each. */
export const findingCodes = [
  ...(["refused", "many-logins", "banned", "registers-often", "port-changes", "behind-nat", "challenge-loop"] as const),
  ...(["no-ack", "no-codec", "unknown-number", "private-media", "open-keys"] as const),
  ...(["no-answer", "packet-loss", "rewritten", "large-datagram", "tls"] as const),
] as const;

export type FindingCode = (typeof findingCodes)[number];

/** What a rule has found. */
export type Found = Pick<Finding, "code" | "severity" | "subject" | "text" | "advice">;

/** What rules tell. */
export interface Tell {
  found(found: Found, at: number): void;
  /** It is well again. */
  settled(code: FindingCode, subject: string): void;
}

const mostFindings = 100;
/** New findings that are told in `quietMs`; what strangers cause beyond that only stands in the list. */
const mostTold = 30;
export const quietMs = 30 * 60_000;
const longest = 300;

interface Kept extends Found {
  count: number;
  firstAt: number;
  lastAt: number;
}

const iso = (at: number): string => new Date(at).toISOString();
const viewOf = ({ firstAt, lastAt, ...kept }: Kept): Finding => ({
  ...kept,
  firstAt: iso(firstAt),
  lastAt: iso(lastAt),
});
// What devices send stands in subjects and texts: no control characters, and not without end.
const plain = (text: string): string => text.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, longest);

export class Findings implements Tell {
  readonly #told: (finding: Finding) => void;
  /** By code and subject, the one seen longest ago first. */
  readonly #kept = new Map<string, Kept>();
  #tells: number[] = [];

  constructor(told: (finding: Finding) => void) {
    this.#told = told;
  }

  found({ code, severity, subject, text, advice }: Found, at: number): void {
    this.#expire(at);
    const key = `${code} ${plain(subject)}`;
    const before = this.#kept.get(key);
    const words = { code, severity, subject: plain(subject), text: plain(text), advice };
    const now: Kept = { ...words, count: (before?.count ?? 0) + 1, firstAt: before?.firstAt ?? at, lastAt: at };
    this.#kept.delete(key);
    this.#kept.set(key, now);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostFindings && oldest !== undefined) this.#kept.delete(oldest);
    if (before) return;
    this.#tells = this.#tells.filter((told) => at - told < quietMs);
    if (this.#tells.length >= mostTold) return;
    this.#tells.push(at);
    this.#told(viewOf(now));
  }

  settled(code: FindingCode, subject: string): void {
    this.#kept.delete(`${code} ${plain(subject)}`);
  }

  /** The worst first, and the latest first among equals. */
  list(at: number): Finding[] {
    this.#expire(at);
    const weight = { error: 0, warning: 1, info: 2 };
    return [...this.#kept.values()]
      .sort((a, b) => weight[a.severity] - weight[b.severity] || b.lastAt - a.lastAt)
      .map(viewOf);
  }

  #expire(at: number): void {
    for (const [key, { lastAt }] of this.#kept) {
      if (at - lastAt < quietMs) break;
      this.#kept.delete(key);
    }
  }
}
