// The highest rate at which something works: doubled until it fails, then narrowed down.

export interface SearchOptions {
  /** The first rate. */
  readonly from: number;
  /** No rate above it is tried. */
  readonly to: number;
  /** Narrowed until the rate that works is at least this share of one that does not. */
  readonly precision: number;
}

/** What was measured at the highest rate that worked; undefined where not even the first one did. */
export async function highest<T>(
  { from, to, precision }: SearchOptions,
  attempt: (rate: number) => Promise<T | undefined>,
): Promise<{ rate: number; measured: T } | undefined> {
  let best: { rate: number; measured: T } | undefined;
  let failed = Infinity;
  for (let rate = from; ;) {
    // The first failure may be the machine's: only a second one counts.
    const measured = (await attempt(rate)) ?? (await attempt(rate));
    if (measured === undefined) failed = rate;
    else best = { rate, measured };
    if (!best) return undefined;
    if (best.rate >= Math.min(to, failed * precision)) return best;
    // Rounded to two figures: rates are read by people.
    const next = Math.min(to, failed === Infinity ? best.rate * 2 : (best.rate + failed) / 2);
    const unit = 10 ** Math.max(0, Math.floor(Math.log10(next)) - 1);
    rate = Math.round(next / unit) * unit;
    if (rate <= best.rate || rate >= failed) return best;
  }
}
