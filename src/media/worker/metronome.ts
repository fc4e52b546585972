// The worker's one clock for sound that is made here: a beat of 20 ms, the length of a frame, for everybody. It keeps to the
// time at which it began, so that a late beat is not a lost one, and rests while nobody needs it.

export const beatMs = 20;
/** More beats than these in a row are not made up for: nobody hears what should have been said so long ago. */
const mostLate = 10;

export interface Timing {
  /** Milliseconds; only differences count. */
  now(): number;
  after(ms: number, run: () => void): () => void;
}

export class Metronome {
  readonly #timing: Timing;
  readonly #ticks = new Set<(now: number) => void>();
  #next = 0;
  #cancel: (() => void) | undefined;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  /** Calls `tick` at each beat from the next on, until the returned function is called. */
  add(tick: (now: number) => void): () => void {
    this.#ticks.add(tick);
    if (!this.#cancel) {
      this.#next = this.#timing.now() + beatMs;
      this.#wait();
    }
    return () => {
      this.#ticks.delete(tick);
      if (this.#ticks.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  #wait(): void {
    this.#cancel = this.#timing.after(Math.max(0, this.#next - this.#timing.now()), () => this.#beat());
  }

  #beat(): void {
    const now = this.#timing.now();
    if (now - this.#next > mostLate * beatMs) this.#next = now;
    for (; this.#next <= now; this.#next += beatMs) for (const tick of [...this.#ticks]) tick(this.#next);
    if (this.#ticks.size > 0) this.#wait();
  }
}
