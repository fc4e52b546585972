// Bans: who gives too many wrong answers is not heard for a while, and longer each time. They live in memory only, as
// many as a fixed number, and are forgotten with the process.
import type { Cancel, Clock } from "../../clock.ts";
import { Recent } from "./recent.ts";

export interface BanRules {
  /** Wrong answers that make a ban; 0 = nobody is banned. */
  readonly answers: number;
  /** Minutes in which they must come. */
  readonly within: number;
  /** Minutes of the first ban; each further one is twice as long. */
  readonly minutes: number;
  /** Minutes of the longest. */
  readonly longest: number;
}

export interface Ban {
  /** An IPv4 address, or the /64 of an IPv6 address. */
  readonly source: string;
  /**
   * Another device at the address is registered: only answers as this login are not heard. "" stands for wrong ones, whoever they
   * name: they get no word.
   */
  readonly login?: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  /** A whole sentence. */
  readonly text: string;
}

export type Wrong = "password" | "login";

export interface WrongAnswer {
  readonly source: string;
  readonly login: string;
  readonly why: Wrong;
  /** The digest itself: the same answer repeated by UDP is one answer. */
  readonly response: string;
}

interface Record {
  answers: { at: number; response: string }[];
  bans: number;
  bannedUntil: number;
}

const mostBans = 1_000;
const mostRecords = 10_000;
/** A source that behaved for this long begins again with a short ban. */
const forgiveMs = 7 * 24 * 3_600_000;

export class Bans {
  readonly #clock: Clock;
  readonly #rules: BanRules;
  readonly #lifted: (ban: Ban, why: "expired" | "lifted") => void;
  readonly #records = new Recent<Record>(mostRecords);
  readonly #bans = new Map<string, { ban: Ban; expiry: Cancel }>();

  constructor(clock: Clock, rules: BanRules, lifted: (ban: Ban, why: "expired" | "lifted") => void) {
    this.#clock = clock;
    this.#rules = rules;
    this.#lifted = lifted;
  }

  /** Notes a wrong answer; gives the bans that it made. `narrow`: another device there is registered, and shall go on. */
  wrong(answer: WrongAnswer, narrow: boolean): Ban[] {
    if (!narrow) return this.#count(answer);
    // All wrong answers count together too, whoever they name, and fall silent together: or silence would tell which logins exist.
    const together = this.has(answer.source, "") ? [] : this.#count(answer, "");
    return answer.why === "login" ? together : [...this.#count(answer, answer.login), ...together];
  }

  /** Counts it for one login of its source, for all wrong answers together (""), or for all that comes from there. */
  #count(answer: WrongAnswer, as?: string): Ban[] {
    const { answers: most, within } = this.#rules;
    const now = this.#clock.now();
    const { source, response } = answer;
    const key = as === undefined ? source : keyOf(source, as);
    let record = this.#records.get(key);
    if (!record) this.#records.set(key, (record = { answers: [], bans: 0, bannedUntil: -Infinity }));
    if (most === 0 || record.answers.some((before) => before.response === response)) return [];
    record.answers = record.answers.filter(({ at }) => now - at < within * 60_000);
    record.answers.push({ at: now, response });
    if (record.answers.length < most) return [];
    if (now - record.bannedUntil > forgiveMs) record.bans = 0;
    const minutes = Math.min(this.#rules.longest, this.#rules.minutes * 2 ** record.bans);
    const until = now + minutes * 60_000;
    Object.assign(record, { answers: [], bans: record.bans + 1, bannedUntil: until });
    const plural = most === 1 ? "" : "s";
    const what =
      answer.why === "login" || as === ""
        ? `wrong answer${plural}, the last as "${shown(answer.login)}"`
        : `wrong password${plural} for ${shown(answer.login)}`;
    const others = as === undefined ? "" : "; other devices at this address are registered and go on";
    const banned =
      as === undefined ? "is banned" : as === "" ? "gets no word to wrong answers" : `is banned as ${shown(as)}`;
    const text = `${source} ${banned} for ${duration(minutes)}: ${most} ${what}${others}`;
    const ban = { source, ...(as !== undefined && { login: as }), since: now, until, text };
    this.#put(key, ban);
    return [ban];
  }

  has(source: string, login?: string): boolean {
    return this.#bans.size > 0 && this.#bans.has(login === undefined ? source : keyOf(source, login));
  }

  /** Whether wrong answers of a source get no word, since some login is not heard there. */
  silences(source: string): boolean {
    return this.#bans.size > 0 && this.list().some((ban) => ban.source === source && ban.login !== undefined);
  }

  list(): Ban[] {
    return [...this.#bans.values()].map(({ ban }) => ban);
  }

  /** Ends the bans of a source, all where none is named, and forgets what it did; says how many there were. */
  lift(source?: string): number {
    const mine = [...this.#bans].filter(([, { ban }]) => source === undefined || ban.source === source);
    for (const [key] of mine) {
      this.#records.delete(key);
      this.#end(key, "lifted");
    }
    return mine.length;
  }

  close(): void {
    for (const { expiry } of this.#bans.values()) expiry();
    this.#bans.clear();
    this.#records.clear();
  }

  #put(key: string, ban: Ban): void {
    this.#bans.get(key)?.expiry();
    this.#bans.delete(key);
    const [oldest] = this.#bans.keys();
    if (oldest !== undefined && this.#bans.size >= mostBans) this.#end(oldest, "expired");
    const expiry = this.#clock.after(ban.until - ban.since, () => this.#end(key, "expired"));
    this.#bans.set(key, { ban, expiry });
  }

  #end(key: string, why: "expired" | "lifted"): void {
    const found = this.#bans.get(key);
    if (!found) return;
    found.expiry();
    this.#bans.delete(key);
    this.#lifted(found.ban, why);
  }
}

const keyOf = (source: string, login: string): string => `${source} ${login}`;

// What a stranger wrote stands in a sentence that is shown: one line, and not a long one.
const shown = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 40);

function duration(minutes: number): string {
  if (minutes % 1440 === 0) return minutes === 1440 ? "1 day" : `${minutes / 1440} days`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
