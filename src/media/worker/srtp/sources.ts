// The sources of one direction, by their SSRC. Each that is kept has shown an authentic packet; what has not leaves no trace.
import { Window } from "./window.ts";

/** At once. A peer that changes its SSRC more often loses the one that is silent longest, and may not come back to it. */
export const mostSources = 8;
const mostGone = 1000;

export class Sources<W extends Window = Window> {
  readonly #make: () => W;
  /** The one heard longest ago first. */
  readonly #known = new Map<number, W>();
  // What was said with a forgotten SSRC could be played again.
  readonly #gone = new Set<number>();
  // The one heard last, mostly the only one.
  #last: number | undefined;
  #window: W | undefined;
  #spare: W;

  constructor(make: () => W) {
    this.#make = make;
    this.#spare = make();
  }

  /** Undefined for one that may not come back. */
  find(ssrc: number): W | undefined {
    if (ssrc === this.#last) return this.#window;
    return this.#known.get(ssrc) ?? (this.#gone.has(ssrc) || this.#gone.size >= mostGone ? undefined : this.#spare);
  }

  /** An authentic packet came from it. */
  keep(ssrc: number, window: W): void {
    if (ssrc === this.#last) return;
    [this.#last, this.#window] = [ssrc, window];
    if (!this.#known.delete(ssrc)) this.#spare = this.#make();
    this.#known.set(ssrc, window);
    if (this.#known.size <= mostSources) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      this.#gone.add(oldest);
      break;
    }
  }
}
