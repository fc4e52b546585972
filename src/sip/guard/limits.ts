// How much one source may send: a bucket of tokens each, and one more for all strangers together, since the sources of a
// flood over UDP are easily forged. A number of buckets is kept, not one per source that ever was.
import type { Clock } from "../../clock.ts";
import { Recent } from "./recent.ts";

export interface Rates {
  /** Messages a second that one source may send for long. */
  readonly perSource: number;
  /** The same for a source whose device has given a right password. */
  readonly perKnownSource: number;
  /** Messages a second of all sources together that are not known. */
  readonly strangers: number;
}

/** A bucket holds this many seconds' worth: a house whose devices all come back after a power cut. */
const burstSeconds = 5;
/** What exceeds the limit is told once in this time for each source. */
const tellMs = 60_000;
const most = 10_000;

interface Bucket {
  readonly rate: number;
  tokens: number;
  at: number;
  saidAt: number;
}

export class Limits {
  readonly #clock: Clock;
  readonly #rates: Rates;
  readonly #sources = new Recent<Bucket>(most);
  readonly #strangers: Bucket;
  readonly #exceeded: (source: string | undefined, rate: number) => void;

  /** `exceeded` is told, seldom, of a source that sends too much; of all strangers together where none is named. */
  constructor(clock: Clock, rates: Rates, exceeded: (source: string | undefined, rate: number) => void) {
    this.#clock = clock;
    this.#rates = rates;
    this.#exceeded = exceeded;
    this.#strangers = this.#full(rates.strangers);
  }

  /** Sources remembered. */
  get size(): number {
    return this.#sources.size;
  }

  /** Takes a token for one message; false = too much. */
  take(source: string, known: boolean): boolean {
    const rate = known ? this.#rates.perKnownSource : this.#rates.perSource;
    let bucket = this.#sources.get(source);
    // A device that has just shown its password begins with the wider limit at once.
    if (bucket?.rate !== rate) this.#sources.set(source, (bucket = this.#full(rate)));
    return this.#from(bucket, source) && (known || this.#from(this.#strangers, undefined));
  }

  #full(rate: number): Bucket {
    return { rate, tokens: rate * burstSeconds, at: this.#clock.now(), saidAt: -Infinity };
  }

  #from(bucket: Bucket, source: string | undefined): boolean {
    const { rate } = bucket;
    const now = this.#clock.now();
    // A clock that was set back must not empty or freeze the bucket.
    const passed = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(rate * burstSeconds, bucket.tokens + (passed * rate) / 1000);
    bucket.at = now;
    if (bucket.tokens >= 1) {
      bucket.tokens--;
      return true;
    }
    if (Math.abs(now - bucket.saidAt) >= tellMs) {
      bucket.saidAt = now;
      this.#exceeded(source, rate);
    }
    return false;
  }
}
