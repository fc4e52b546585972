// Accepted connections by which nobody has shown a password yet. They cost their sender nothing and keep a place here, so that one
// source, and all together, may hold a few only: the oldest makes way for a new one, which has the better chance to be a device.
import { sourceOf } from "../guard/networks.ts";

export const strangerLimits = {
  /** Of one address, or one /64 of IPv6. */
  perSource: 50,
  /** Of all: half of the connections that there may be. */
  together: 1000,
};

interface Waiting {
  readonly source: string;
  readonly drop: () => void;
}

export class Strangers {
  /** Oldest first. */
  readonly #waiting = new Set<Waiting>();
  readonly #bySource = new Map<string, Set<Waiting>>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Notes a connection from `host`; `drop` ends it. The result is called when it is known or no more. */
  enter(host: string, drop: () => void): () => void {
    const source = sourceOf(host);
    const mine = this.#bySource.get(source) ?? new Set();
    const [oldest] = mine.size >= strangerLimits.perSource ? mine : this.#waiting;
    if (oldest && (mine.size >= strangerLimits.perSource || this.#waiting.size >= strangerLimits.together)) {
      this.#leave(oldest);
      oldest.drop();
    }
    const waiting = { source, drop };
    this.#waiting.add(waiting);
    this.#bySource.set(source, (this.#bySource.get(source) ?? new Set()).add(waiting));
    return () => this.#leave(waiting);
  }

  #leave(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    const mine = this.#bySource.get(waiting.source);
    mine?.delete(waiting);
    if (mine?.size === 0) this.#bySource.delete(waiting.source);
  }
}
