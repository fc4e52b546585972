// Who has typed too many wrong codes waits, longer each time: nobody is to find a code by trying. Each place counts for itself, so
// that nobody locks out others; and each door counts them all, since some places are only names, of which anybody has enough.
import type { Clock } from "../clock.ts";

/** Where a code is typed. */
export interface Place {
  readonly door: string;
  readonly who: string;
  /** Nobody can call himself that: a phone that has shown its password, the door's own keypad. */
  readonly proven: boolean;
}

/** A try that is under way. */
export interface Try {
  /** It was no guess, but nothing that makes up for those before it. */
  wasKnown(): void;
  wasRight(): void;
}

interface Tries {
  wrong: number;
  /** No try before. */
  until: number;
  at: number;
}

/** So many may be wrong before one waits. */
export const freeTries = 3;
const firstMs = 60_000;
const longestMs = 3_600_000;
/** After a day without a wrong one it is all forgotten. */
const forgetMs = 86_400_000;
const mostKept = 10_000;
/** So many wrong ones a door takes from wherever, and one more for each time of this. More than any one place has in a day. */
export const doorTries = 60;
export const doorMs = 900_000;

export class LockOut {
  readonly #clock: Clock;
  readonly #tries = new Map<string, Tries>();
  /** The wrong ones of each door, less one for each quarter of an hour, as they were at a time. */
  readonly #doors = new Map<string, { wrong: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the next try, and whether the whole door waits; undefined: now. */
  waits(place: Place): { readonly ms: number; readonly door: boolean } | undefined {
    const own = (this.#tries.get(keyOf(place))?.until ?? 0) - this.#clock.now();
    const all = place.proven ? 0 : (this.#wrongAt(place.door) + 1 - doorTries) * doorMs;
    const ms = Math.ceil(Math.max(own, all));
    return ms > 0 ? { ms, door: all >= own } : undefined;
  }

  /** A try begins. It counts as a wrong one until it is known to be none: several at once are several tries. */
  begins(place: Place): Try {
    const now = this.#clock.now();
    this.#forget(now);
    const key = keyOf(place);
    const tries = this.#tries.get(key) ?? { wrong: 0, until: 0, at: now };
    this.#tries.delete(key);
    this.#tries.set(key, tries);
    const before = tries.until;
    tries.wrong++;
    tries.at = now;
    if (tries.wrong >= freeTries) tries.until = now + Math.min(longestMs, firstMs * 2 ** (tries.wrong - freeTries));
    const { until } = tries;
    this.#count(place.door, 1);
    const wasKnown = () => {
      this.#count(place.door, -1);
      tries.wrong--;
      if (tries.until === until) tries.until = before;
    };
    const wasRight = () => {
      const isFull = this.#wrongAt(place.door) >= doorTries;
      wasKnown();
      // Who has a code of his own is not to look for others behind it.
      if (!isFull) this.#tries.delete(key);
    };
    return { wasKnown, wasRight };
  }

  #wrongAt(door: string): number {
    const { wrong, at } = this.#doors.get(door) ?? { wrong: 0, at: 0 };
    return Math.max(0, wrong - Math.max(0, this.#clock.now() - at) / doorMs);
  }

  #count(door: string, by: number): void {
    const wrong = Math.max(0, this.#wrongAt(door) + by);
    if (wrong === 0) this.#doors.delete(door);
    else this.#doors.set(door, { wrong, at: this.#clock.now() });
  }

  // The oldest first.
  #forget(now: number): void {
    for (const [key, { at }] of this.#tries) {
      if (now - at < forgetMs && this.#tries.size < mostKept) return;
      this.#tries.delete(key);
    }
  }
}

const keyOf = ({ door, who, proven }: Place): string => JSON.stringify([door, who, proven]);
