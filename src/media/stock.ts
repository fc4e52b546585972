// Port pairs that the worker keeps bound in advance, so that an INVITE goes out in the turn of the event loop in which its cause
// came in, and who waits where there are none.
import { tryAgain, type PorteroError } from "../errors.ts";

/** The worker is told to bind more when fewer than `low` are left. */
const stock = { full: 32, low: 24 };

interface Waiting {
  /** Of ports. */
  readonly pairs: 1 | 2;
  readonly resolve: (ports: readonly number[]) => void;
  readonly reject: (error: PorteroError) => void;
}

export class Stock {
  readonly #want: (pairs: number, when: "now" | "soon") => void;
  /** Pairs that are bound and of no session, and how many more are asked for. */
  #ports: number[] = [];
  #wanted = 0;
  /** Who wants some while none is ready, in their order. */
  #waiting: Waiting[] = [];

  /** `want` has the worker bind more. */
  constructor(want: (pairs: number, when: "now" | "soon") => void) {
    this.#want = want;
  }

  /** So many at once, where they are ready and nobody waits for them. */
  ready(pairs: 1 | 2): readonly number[] | undefined {
    if (this.#waiting.length > 0 || this.#ports.length < pairs) return undefined;
    return this.#take(pairs);
  }

  /** So many, or fewer where there are no more; rejects tryAgain "no-ports". */
  wait(pairs: 1 | 2): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pairs, resolve, reject });
      this.fill();
    });
  }

  one(): number | undefined {
    return this.#take(1)[0];
  }

  #take(pairs: number): readonly number[] {
    const taken = this.#ports.splice(0, pairs);
    if (this.#ports.length < stock.low) this.fill();
    return taken;
  }

  /** Asks for what is missing. */
  fill(): void {
    const waiting = this.#waiting.reduce((sum, { pairs }) => sum + pairs, 0);
    const pairs = stock.full + waiting - this.#ports.length - this.#wanted;
    if (pairs <= 0 || (this.#wanted > 0 && pairs < stock.full - stock.low)) return;
    this.#wanted += pairs;
    this.#want(pairs, this.#waiting.length > 0 ? "now" : "soon");
  }

  /** The worker has bound some; fewer than were wanted for the reason given. */
  bound({ ports, wanted, reason }: { ports: readonly number[]; wanted: number; reason?: string }): void {
    this.#wanted -= wanted;
    this.#ports.push(...ports);
    for (let next = this.#waiting[0]; next && this.#ports.length >= next.pairs; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.resolve(this.#take(next.pairs));
    }
    if (reason === undefined) return;
    for (const { resolve, reject } of this.#waiting.splice(0))
      if (this.#ports.length > 0) resolve(this.#take(1));
      else reject(tryAgain("no-ports", reason));
  }

  /** The worker is gone, and its ports with it. */
  fail(error: PorteroError): void {
    const waiting = this.#waiting;
    [this.#waiting, this.#ports, this.#wanted] = [[], [], 0];
    for (const { reject } of waiting) reject(error);
  }
}
