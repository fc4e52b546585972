// New messages of a trace for whoever is looking at it, twice a second at most. Who looks says so now and then, since
// nobody tells when he has gone.
import type { Cancel, Clock } from "../../clock.ts";
import { summaryOf, type Summary } from "./text.ts";
import type { Trace } from "./trace.ts";

export const lookMs = 30_000;
const everyMs = 500;
/** Of what came in between, the newest; the others can be asked for. */
const mostAtOnce = 100;

export class Live {
  readonly #trace: Trace;
  readonly #clock: Clock;
  readonly #tell: (messages: Summary[]) => void;
  #until = 0;
  #told = 0;
  #timer: Cancel | undefined;

  constructor(trace: Trace, clock: Clock, tell: (messages: Summary[]) => void) {
    this.#trace = trace;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Somebody is looking, and has seen what there is up to now. */
  look(): void {
    this.#until = this.#clock.now() + lookMs;
    if (this.#timer) return;
    this.#told = this.#trace.latest;
    this.#timer = this.#clock.every(everyMs, () => this.#next());
  }

  close(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  #next(): void {
    const messages = this.#trace.entries(this.#told, mostAtOnce);
    this.#told = this.#trace.latest;
    if (messages.length > 0) this.#tell(messages.map(summaryOf));
    if (this.#clock.now() >= this.#until) this.close();
  }
}
