// Visits to be logged, as the switchboard tells of them; run as a program it logs them until it is killed, and prints the
// id of each event's visit when the log has taken it: `node test/store/visits.ts <folder>`. With `measure` behind the folder it prints what logging costs.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../../src/clock.ts";
import { VisitLog } from "../../src/store/visit-log.ts";
import type { LoggedEvent } from "../../src/store/visit-shapes.ts";

/** Events of one visit. */
export function visitOf(
  id: string,
  startedAt: number,
  more: Partial<LoggedEvent["visit"]> = {},
): (event: string, payload?: unknown, then?: Partial<LoggedEvent["visit"]>) => LoggedEvent {
  const visit = {
    ...{ id, door: "frontdoor", caller: { number: "503", name: "Front door" }, dialled: "503", button: "1" },
    ...{ state: "ringing", startedAt: new Date(startedAt).toISOString(), attempt: 0, ...more },
  };
  return (event, payload = {}, then = {}) => {
    Object.assign(visit, then, event === "ended" ? { state: "ended" } : {});
    return { event, payload, visit: { ...visit } };
  };
}

/** The payload of `ended`. */
export const ended = (outcome: string): object => ({
  ...{ outcome, cause: 16, text: "somebody hung up", ringSeconds: 4, talkSeconds: 10, openings: 0 },
});

async function untilKilled(log: VisitLog): Promise<never> {
  for (let n = 0; ; n++) {
    const tell = visitOf(`visit-${n}`, Date.now());
    log.take(tell("ring"));
    log.take(tell("snapshot", { jpeg: Buffer.alloc(20_000, n) }));
    console.log(`rang ${n}`);
    // Every second one is still under way when the axe falls.
    if (n % 2 === 0) {
      log.take(tell("ended", ended("unanswered")));
      console.log(`ended ${n}`);
    }
    if (n % 100 === 99) await log.tidy();
  }
}

/** What the main thread pays, in milliseconds. */
async function measure(log: VisitLog): Promise<void> {
  const spent: Record<string, number[]> = { ring: [], picture: [], end: [] };
  const time = (what: string, work: () => void) => {
    const began = performance.now();
    work();
    spent[what]?.push(performance.now() - began);
  };
  const jpeg = Buffer.alloc(100_000, 7);
  for (let n = 0; n < 5000; n++) {
    const tell = visitOf(`visit-${n}`, Date.now());
    time("ring", () => log.take(tell("ring", { from: "503", button: "1" })));
    if (n % 10 === 0) time("picture", () => log.take(tell("snapshot", { jpeg })));
    time("end", () => log.take(tell("ended", ended("unanswered"))));
  }
  for (const [what, times] of Object.entries(spent)) {
    const at = (share: number) => times.sort((a, b) => a - b)[Math.floor(share * (times.length - 1))]?.toFixed(3);
    console.log(`${what}: median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms`);
  }
  const slowest = monitorEventLoopDelay({ resolution: 1 });
  for (const [what, work] of [
    ["checkpoint", () => log.tidy()],
    ["50 newest of 5000", () => Promise.resolve(log.find({}, 50))],
    ["deleting 5000", () => log.delete({ to: Date.now() }).then(() => undefined)],
  ] as const) {
    slowest.reset();
    slowest.enable();
    const began = performance.now();
    await work();
    const took = performance.now() - began;
    slowest.disable();
    console.log(`${what}: ${took.toFixed(1)} ms, of which at once ${(slowest.max / 1e6).toFixed(1)} ms at most`);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder = "", task] = process.argv;
  const log = VisitLog.open(folder, { clock: systemClock }, { days: 90, megabytes: 500 });
  await (task === "measure" ? measure(log) : untilKilled(log));
  await log.close();
}
