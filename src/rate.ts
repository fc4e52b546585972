// So many within so long: what comes above that is left out.
import { isNear, type Clock } from "./clock.ts";

/** Of what devices report: more than a door that is slammed, a bell with ten buttons; far less than a flood. */
export const reportRate = (clock: Clock): Rate => new Rate(clock, 30, 10_000);

export class Rate {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #withinMs: number;
  #taken: number[] = [];

  constructor(clock: Clock, most: number, withinMs: number) {
    [this.#clock, this.#most, this.#withinMs] = [clock, most, withinMs];
  }

  /** Whether one more may be; it counts then. */
  take(): boolean {
    const now = this.#clock.now();
    this.#taken = this.#taken.filter((at) => isNear(at, now, this.#withinMs));
    if (this.#taken.length >= this.#most) return false;
    this.#taken.push(now);
    return true;
  }
}
