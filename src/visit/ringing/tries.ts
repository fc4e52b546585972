// What became of everybody who was rung, try by try: for a strategy and for a whole visit in the same way, so that a loop
// that is drawn and one that is built in leave the same record.
import type { Parties, Party } from "../messages.ts";

/** So many are kept; a loop may go round a thousand times. */
const mostParties = 200;

export class Tries {
  #parties: Party[] = [];
  #omitted = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Another try, or the one of that number: a visit counts them when they begin, and they may end in another order. */
  add(parties: readonly Party[], attempt = this.#count + 1): void {
    this.#count = Math.max(this.#count, attempt);
    this.#keep(parties.map((party) => ({ ...party, try: attempt })));
  }

  /** All tries of another strategy. */
  append({ tries, parties, omitted = 0 }: Parties): void {
    this.#omitted += omitted;
    this.#keep(parties.map((party) => ({ ...party, try: this.#count + party.try })));
    this.#count += tries;
  }

  /** With those of the latest try, where that is not over yet. */
  record(now: readonly Party[] = [], latest = this.#count): Parties {
    const all = new Tries();
    all.append({ tries: this.#count, parties: this.#parties, omitted: this.#omitted });
    if (latest > this.#count) all.add(now, latest);
    return all.#told();
  }

  #told(): Parties {
    return { tries: this.#count, parties: this.#parties, ...(this.#omitted > 0 && { omitted: this.#omitted }) };
  }

  #keep(parties: readonly Party[]): void {
    const all = [...this.#parties, ...parties];
    this.#parties = all.slice(-mostParties);
    this.#omitted += all.length - this.#parties.length;
  }
}
