// Refusals to open, as they are told and kept: the first of a minute one by one, then in one sum. Who asks in vain again and
// again is not to drive out of the audit what happened before.
import type { Cancel, Clock } from "../../clock.ts";
import type { Opening } from "../../door/door.ts";

/** So many of a door within a minute are told one by one, and while a flood goes on a few. */
const singly = 30;
const inFlood = 3;
const minute = 60_000;

interface Flood {
  left: number;
  /** The last of those that were only counted. */
  last: Opening | undefined;
  readonly counts: Map<string, number>;
  readonly cancel: Cancel;
}

export class Refusals {
  readonly #clock: Clock;
  readonly #tell: (sum: Opening) => void;
  readonly #floods = new Map<string, Flood>();
  #closed = false;

  /** `tell` is given the last that was counted, with the sum in its reason. */
  constructor(clock: Clock, tell: (sum: Opening) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Whether this one is told by itself; it is counted else. */
  admits(opening: Opening): boolean {
    if (this.#closed) return true;
    // Of doors that there are not anybody can think up as many as he likes.
    const door = opening.refused === "unknown-door" ? "" : opening.door;
    const flood = this.#floods.get(door) ?? this.#begin(door, singly);
    if (flood.left > 0) {
      flood.left--;
      return true;
    }
    const why = opening.refused ?? "failed";
    flood.counts.set(why, (flood.counts.get(why) ?? 0) + 1);
    flood.last = opening;
    return false;
  }

  /** Tells what is still to be told; what comes later is no flood any more. */
  close(): void {
    this.#closed = true;
    for (const [door, { cancel }] of this.#floods) {
      cancel();
      this.#end(door);
    }
  }

  #begin(door: string, left: number): Flood {
    const cancel = this.#clock.after(minute, () => {
      if (this.#end(door)) this.#begin(door, inFlood);
    });
    const flood: Flood = { left, last: undefined, counts: new Map(), cancel };
    this.#floods.set(door, flood);
    return flood;
  }

  /** Says whether it was a flood. */
  #end(door: string): boolean {
    const { last, counts } = this.#floods.get(door) ?? {};
    this.#floods.delete(door);
    if (!last || !counts) return false;
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const which = [...counts].map(([why, count]) => `${count} ${why}`).join(", ");
    this.#tell({ ...last, reason: `${total} more within a minute were refused: ${which}` });
    return true;
  }
}
