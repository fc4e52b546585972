// The machine's clock, some times as fast: for our side of a test with a real program, whose answers come in its own time,
// while our timers of half a minute shall not take half a minute.
import { sleepOn, systemClock, type Clock } from "../../src/clock.ts";

export function fastClock(times: number): Clock {
  const begun = systemClock.now();
  const clock: Clock = {
    now: () => begun + (systemClock.now() - begun) * times,
    passed: () => systemClock.passed() * times,
    // A turn later: what came while the machine was busy with others is read before time is up.
    after: (ms, run) => {
      let cancel = systemClock.after(ms / times, () => (cancel = systemClock.after(0, run)));
      return () => cancel();
    },
    every: (ms, run) => systemClock.every(ms / times, run),
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
  };
  return clock;
}
