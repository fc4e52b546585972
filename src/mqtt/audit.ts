// Refusals on their way to the audit. Each is told, but a flood of them in sums: it must fill neither the disk, from which it
// would drive what happened before, nor the broker.
import { randomUUID } from "node:crypto";
import type { Cancel, Clock } from "../clock.ts";
import type { Refusal } from "./doors.ts";

/** So many within a minute are told one by one, and while a flood goes on a few. */
export const singly = 200;
const inFlood = 3;
const minute = 60_000;

type Place = Pick<Refusal, "door" | "topic">;

export class Refusals {
  readonly #clock: Clock;
  readonly #tell: (refusal: Refusal) => void;
  #left = singly;
  #floods = false;
  readonly #sums = new Map<string, Place & { counts: Record<string, number> }>();
  #cancel: Cancel | undefined;

  constructor(clock: Clock, tell: (refusal: Refusal) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** `again`: it has been told already, and goes into the sum. */
  add(refusal: Refusal, again = false): void {
    this.#cancel ??= this.#clock.after(minute, () => this.#sumUp());
    if (this.#left > 0 && !again) {
      this.#left--;
      this.#tell(refusal);
      return;
    }
    if (!again) this.#floods = true;
    // Anybody can think up doors.
    const door = refusal.code === "unknown-door" ? "?" : refusal.door;
    const place = `${door} ${refusal.topic}`;
    const sum = this.#sums.get(place) ?? { door, topic: refusal.topic, counts: {} };
    sum.counts[refusal.code] = (sum.counts[refusal.code] ?? 0) + 1;
    this.#sums.set(place, sum);
  }

  /** Tells what is still to be told. */
  close(): void {
    this.#cancel?.();
    this.#sumUp();
  }

  #sumUp(): void {
    this.#cancel = undefined;
    this.#left = this.#floods ? inFlood : singly;
    this.#floods = false;
    for (const { door, topic, counts } of this.#sums.values()) {
      const parts = Object.entries(counts);
      const total = parts.reduce((sum, [, count]) => sum + count, 0);
      const which = parts.map(([code, count]) => `${count} ${code}`).join(", ");
      const reason = `${total} more within a minute were refused: ${which}`;
      this.#tell({ door, topic, id: randomUUID(), code: "flood", reason, counts, ts: this.#clock.now() });
    }
    this.#sums.clear();
  }
}
