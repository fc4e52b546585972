// Visits to be logged, as the switchboard tells of them; run as a program it logs them until it is killed, and prints the
// id of each event's visit when the log has taken it: `node test/store/visits.ts <folder>`.
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

if (process.argv[1] === import.meta.filename) {
  const folder = process.argv[2] ?? "";
  const log = VisitLog.open(folder, { clock: systemClock }, { days: 90, megabytes: 500 });
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
