// While, EndWhile, ExitWhile and ContinueWhile as Asterisk keeps them: a loop that was left by a Goto stays open, and an EndWhile
// belongs to the last one that is.
import type { Place } from "./run.ts";

const keyOf = ({ context, number, priority }: Place): string => `${context} ${number} ${priority}`;

export class Whiles {
  /** Those that run, one in the other; undefined where one was left while another in it is open. */
  readonly #open: (Place | undefined)[] = [];
  /** Which of them a While is, once it has been reached. */
  readonly #known = new Map<string, number>();
  /** Behind their EndWhiles, once they have been reached. */
  readonly #ends: (Place | undefined)[] = [];

  /** All of it as a text, for loops that do not end. */
  get state(): string {
    return JSON.stringify([this.#open, [...this.#known]]);
  }

  get #last(): number {
    const gap = this.#open.indexOf(undefined);
    return (gap < 0 ? this.#open.length : gap) - 1;
  }

  /** At a While; gives where it goes on, unless that is the next step. `end`: behind the EndWhile that follows. */
  begin(isTrue: boolean, here: Place, end: Place | undefined): Place | undefined {
    const key = keyOf(here);
    const index = this.#known.get(key) ?? this.#last + 1;
    if (isTrue) {
      this.#known.set(key, index);
      this.#open[index] ??= here;
      return undefined;
    }
    this.#known.delete(key);
    return this.#leave(index, end);
  }

  /** At an EndWhile, before `next`. */
  end(next: Place): Place | undefined {
    const open = this.#open[this.#last];
    if (open) this.#ends[this.#last] ??= next;
    return open;
  }

  again(): Place | undefined {
    return this.#open[this.#last];
  }

  exit(end: Place | undefined): Place | undefined {
    return this.#leave(this.#last, end);
  }

  #leave(index: number, end: Place | undefined): Place | undefined {
    const known = this.#ends[index];
    if (index >= 0) this.#open[index] = undefined;
    this.#ends[index] = undefined;
    return known ?? end;
  }
}
