// Who owns which number, and which beginnings of numbers lead out of the house. Two owners of one are refused, both named,
// before a call can go astray (H20).
import { giveUp } from "../../errors.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";

/** What becomes of a call to a number at which no devices register: a code, a parked call, a conference. */
export type Taker = (call: IncomingCall) => void;

export class NumberPlan {
  readonly #owners = new Map<string, string>();
  readonly #takers = new Map<string, Taker>();
  readonly #prefixes = new Map<string, string>();

  /**
   * Takes `number` for `owner`, a name that people know ("door Front door"); the result gives it back. Calls to it are
   * handed to `take` where there is one, and ring the devices of the number where there is none.
   * @throws PorteroError `number-taken`
   */
  claim(number: string, owner: string, take?: Taker): () => void {
    const free = this.#claim(this.#owners, number, owner);
    if (take) this.#takers.set(number, take);
    return () => {
      if (take && this.#takers.get(number) === take) this.#takers.delete(number);
      free();
    };
  }

  /**
   * Takes all of these numbers, or none; the result gives them back.
   * @throws PorteroError `number-taken`
   */
  claimAll(claims: readonly (readonly [number: string, take: Taker])[], owner: string): () => void {
    const freed: (() => void)[] = [];
    const free = () => freed.forEach((one) => one());
    try {
      for (const [number, take] of claims) freed.push(this.claim(number, owner, take));
    } catch (error) {
      free();
      throw error;
    }
    return free;
  }

  /** Who is handed the calls to a number; undefined where its devices ring. */
  taker(number: string): Taker | undefined {
    return this.#takers.get(number);
  }

  /**
   * Takes all numbers that begin with `prefix` and are nobody's own; the longest prefix counts.
   * @throws PorteroError `number-taken`
   */
  claimPrefix(prefix: string, owner: string): () => void {
    return this.#claim(this.#prefixes, prefix, owner);
  }

  /**
   * Takes all numbers that can be dialled on a keypad, and are nobody's own nor begin with a prefix.
   * @throws PorteroError `number-taken`
   */
  claimOthers(owner: string): () => void {
    return this.#claim(this.#prefixes, "", owner);
  }

  /** The longest prefix that `number` begins with; "" where only whoever has all others takes it. */
  prefixOf(number: string): string | undefined {
    const isDialled = /^[0-9+*#]+$/.test(number);
    const fitting = [...this.#prefixes.keys()].filter((prefix) => number.startsWith(prefix) && (prefix || isDialled));
    return fitting.sort((a, b) => b.length - a.length)[0];
  }

  /** Every number there is. */
  numbers(): string[] {
    return [...this.#owners.keys()].sort();
  }

  owner(number: string): string | undefined {
    return this.#owners.get(number);
  }

  // A number that is a prefix too would lead to one of the two, and nobody could tell which.
  #claim(own: Map<string, string>, number: string, owner: string): () => void {
    const other = this.#owners.get(number) ?? this.#prefixes.get(number);
    if (other !== undefined)
      throw giveUp(
        "number-taken",
        number === ""
          ? `all other numbers are to go out by ${other} and by ${owner}: take that from one of them`
          : `number ${number} is claimed by ${other} and by ${owner}: give one of them another number`,
        { data: { number, owners: [other, owner] } },
      );
    own.set(number, owner);
    return () => {
      if (own.get(number) === owner) own.delete(number);
    };
  }
}
