// What time it is for those who remove what is too old. A small computer has any time until it has asked the network, and may
// be told a wrong one: a clock that has leapt by a day or more is not believed before this has run with it for a day.
import { isNear, type Clock } from "../clock.ts";
import { sentence } from "../errors.ts";
import type { Log } from "../log.ts";
import { Marks } from "./marks.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;

export class Calendar {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #marks: Marks;
  /** The time that is believed, as it was at the last look. */
  #known: number;
  /** For how long this has run with a clock that is not believed, restarts included. */
  #waited: number;
  /** What the clock said at the last look, and how much had passed then. */
  #seen: number;
  #lookedAt: number;
  #savedAt = -Infinity;
  #doubts = false;

  /** `file` keeps what is known over a restart; a folder that has none yet begins in 1970. */
  constructor(file: string, clock: Clock, log: Log) {
    [this.#clock, this.#log, this.#marks] = [clock, log, new Marks(file)];
    [this.#seen, this.#lookedAt] = [clock.now(), clock.passed()];
    let kept: Readonly<Record<string, number>> = {};
    try {
      kept = this.#marks.load();
    } catch (error) {
      log.debug(`${file} is begun anew: ${sentence(error)}`);
    }
    [this.#known, this.#waited] = [kept["known"] ?? 0, kept["waited"] ?? 0];
    this.now();
  }

  /** Milliseconds since 1970, never ahead of the clock. To be asked once an hour. */
  now(): number {
    const [at, passed] = [this.#clock.now(), this.#clock.passed()];
    const ran = passed - this.#lookedAt;
    const expected = this.#known + ran;
    const isStrange = !isNear(at, expected, dayMs);
    if (!isNear(at, this.#seen + ran, dayMs)) this.#waited = 0;
    else if (this.#doubts) this.#waited += ran;
    const isBelieved = !isStrange || this.#waited >= dayMs;
    if (isBelieved) this.#waited = 0;
    if (!isBelieved && !this.#doubts) this.#say(at, expected);
    this.#doubts = !isBelieved;
    [this.#known, this.#seen, this.#lookedAt] = [isBelieved ? at : expected, at, passed];
    this.#save(passed);
    return Math.min(at, this.#known);
  }

  #say(at: number, expected: number): void {
    // One that never knew the time has nothing to compare it with.
    if (expected > yearMs)
      this.#log.info(
        `the clock says ${dayOf(at)} where ${dayOf(expected)} was to be expected: nothing goes for its age until that has run for a day`,
      );
  }

  #save(passed: number): void {
    if (passed - this.#savedAt < hourMs) return;
    this.#savedAt = passed;
    try {
      this.#marks.save({ known: this.#known, waited: this.#waited });
    } catch (error) {
      this.#log.debug(`the time is not kept: ${sentence(error)}`);
    }
  }
}

/** The day in UTC, as 2026-01-31. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
