// Time, injected: whatever waits takes a Clock, so that tests turn sixty tries of a minute into a millisecond.

/** Ends a timer before it fires; harmless afterwards. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment. They go on as they went when the time of day is set: for durations. */
  passed(): number;
  /** Calls `run` once, `ms` from now. */
  after(ms: number, run: () => void): Cancel;
  /** Calls `run` every `ms`, first `ms` from now. */
  every(ms: number, run: () => void): Cancel;
  /** Resolves `ms` from now, or at once when `signal` aborts (never rejects: the caller looks at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Whether `at` is less than `ms` from `now`, both of the time of day. What lies ahead was before the clock was set back: it is
 * near only if that was by less than `ms`, and nobody waits for a whole hour until it is past.
 */
export const isNear = (at: number, now: number, ms: number): boolean => Math.abs(now - at) < ms;

/** `sleep` for any clock, from its `after`. */
export function sleepOn(clock: Pick<Clock, "after">, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener("abort", early);
      resolve();
    });
    const early = () => {
      cancel();
      resolve();
    };
    signal?.addEventListener("abort", early, { once: true });
  });
}

// setTimeout holds 31 bits of milliseconds and fires at once beyond them.
const longest = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  passed: () => Math.trunc(performance.now()),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, ms), longest));
    return () => clearTimeout(timer);
  },
  every(ms, run) {
    const timer = setInterval(run, Math.min(Math.max(1, ms), longest));
    return () => clearInterval(timer);
  },
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};
