// How long something runs at best, in processor time of this thread: a busy machine makes the wall clock lie.

/** Milliseconds of the fastest of `runs` runs. */
export function fastest(runs: number, work: () => void): number {
  let best = Infinity;
  for (let n = 0; n < runs; n++) {
    const began = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(began);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}
