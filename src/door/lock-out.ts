// Who has typed too many wrong codes waits, longer each time: nobody is to find a code by trying.
import type { Clock } from "../clock.ts";

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

export class LockOut {
  readonly #clock: Clock;
  readonly #tries = new Map<string, Tries>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the next try. */
  waits(who: string): number {
    return Math.max(0, (this.#tries.get(who)?.until ?? 0) - this.#clock.now());
  }

  /** A try begins. It counts as a wrong one until it is known to be none: several at once are several tries. */
  begins(who: string): void {
    const now = this.#clock.now();
    this.#forget(now);
    const tries = this.#tries.get(who) ?? { wrong: 0, until: 0, at: now };
    this.#tries.delete(who);
    this.#tries.set(who, tries);
    tries.wrong++;
    tries.at = now;
    if (tries.wrong >= freeTries) tries.until = now + Math.min(longestMs, firstMs * 2 ** (tries.wrong - freeTries));
  }

  /** It was no guess, but nothing that makes up for those before it. */
  wasKnown(who: string): void {
    const tries = this.#tries.get(who);
    if (!tries) return;
    tries.wrong--;
    if (tries.wrong < freeTries) tries.until = 0;
  }

  /** It was right. */
  wasRight(who: string): void {
    this.#tries.delete(who);
  }

  // The oldest first.
  #forget(now: number): void {
    for (const [who, { at }] of this.#tries) {
      if (now - at < forgetMs && this.#tries.size < mostKept) return;
      this.#tries.delete(who);
    }
  }
}
