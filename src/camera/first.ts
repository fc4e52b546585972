// The first that works of several ways to one thing: one after the other, the next also when the one before takes long, which
// may still win.
import type { Clock } from "../clock.ts";

export type Way<T> = (signal: AbortSignal) => Promise<T>;

/** All have failed: by their places among the ways. */
export class NoneWorked extends Error {
  readonly faults: readonly unknown[];

  constructor(faults: readonly unknown[]) {
    super("none worked");
    this.faults = faults;
  }
}

/**
 * Resolves with the first result and the place of its way; the others are aborted. Rejects with NoneWorked, or with the reason of
 * `signal`. A way has `patienceMs` alone.
 */
export function firstOf<T>(
  ways: readonly Way<T>[],
  { clock, patienceMs, signal }: { clock: Clock; patienceMs: number; signal?: AbortSignal | undefined },
): Promise<{ readonly value: T; readonly place: number }> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const faults = new Map<number, unknown>();
    let begun = 0;
    let cancel = () => {};
    const settle = (finish: () => void) => {
      if (over.signal.aborted) return;
      cancel();
      signal?.removeEventListener("abort", onAbort);
      over.abort(signal?.aborted ? signal.reason : new Error("another way was faster"));
      finish();
    };
    const onAbort = () => settle(() => reject(signal?.reason as Error));
    const begin = () => {
      cancel();
      const place = begun;
      const way = ways[place];
      if (!way) return;
      begun += 1;
      if (begun < ways.length) cancel = clock.after(patienceMs, begin);
      way(over.signal).then(
        (value) => settle(() => resolve({ value, place })),
        (error: unknown) => {
          faults.set(place, error);
          if (over.signal.aborted) return;
          if (faults.size === ways.length) settle(() => reject(new NoneWorked(ways.map((_, at) => faults.get(at)))));
          else if (faults.size === begun) begin();
        },
      );
    };
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else begin();
  });
}
