// A clock that stands still until a test moves it. Between two timers it lets every pending promise run, so that code
// which awaits is as exact on it as code which does not.
import { setImmediate as turn } from "node:timers/promises";
import { sleepOn, type Cancel, type Clock } from "../../src/clock.ts";

interface Timer {
  at: number;
  run: () => void;
}

export class FakeClock implements Clock {
  #now: number;
  /** By how much somebody has set it ahead. */
  #set = 0;
  readonly #timers = new Set<Timer>();

  constructor(now = Date.parse("2026-01-01T00:00:00Z")) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  passed(): number {
    return this.#now - this.#set;
  }

  after(ms: number, run: () => void): Cancel {
    // Whole milliseconds, as setTimeout and Date.now have it.
    const timer = { at: this.#now + Math.max(0, Math.trunc(ms)), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  every(ms: number, run: () => void): Cancel {
    let cancel: Cancel;
    const again = () => {
      cancel = this.after(ms, again);
      run();
    };
    cancel = this.after(ms, again);
    return () => cancel();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** Somebody sets the clock, NTP or a hand: the time of day is another one, and timers go on as they were. */
  set(now: number): void {
    for (const timer of this.#timers) timer.at += now - this.#now;
    this.#set += now - this.#now;
    this.#now = now;
  }

  /** How many timers are set: 0 after a test means that nothing was left behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on by `ms`, firing what is due in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = this.#first();
      if (!due || due.at > end) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
      await settle();
    }
    this.#now = end;
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    // In the order in which they were set, so that of two at the same time the earlier one stays.
    for (const timer of this.#timers) if (!first || timer.at < first.at) first = timer;
    return first;
  }
}

/** Lets every promise that can go on do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await turn();
}
