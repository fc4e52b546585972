// A door that is asked what happens (src/door/poll.ts): its answers become presses and states, as a hook's words do.
import type { Clock } from "../../clock.ts";
import { fillUrl, pollOf, Poller, webCredentials, type DeviceReport } from "../../door/door.ts";
import { sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { reportRate } from "../../rate.ts";
import { Secret } from "../../secret.ts";
import type { Door } from "./doors.ts";

export interface DoorPollHost {
  readonly clock: Clock;
  readonly log: Log;
  tell(event: "poll", door: string, trouble: string | undefined): void;
}

/** Asks the door until the result is called; where its settings want that. */
export function pollDoor(host: DoorPollHost, door: Door, report: (report: DeviceReport) => void): () => void {
  const { settings } = door;
  const poll = pollOf(settings);
  if (!poll) return () => {};
  const login = webCredentials(settings, poll.credentials);
  const { verifyTls, pin } = settings;
  const mayTell = newsRate(host.clock);
  const poller = new Poller(poll, {
    clock: host.clock,
    fill: (template, words) => {
      const url = fillUrl(template, door.whereabouts, login, words);
      return url === undefined ? undefined : new Secret(url);
    },
    access: { ...login, ...(verifyTls === undefined ? {} : { verifyTls }), ...(pin === undefined ? {} : { pin }) },
    report: (told) => {
      if (!mayTell(told)) return;
      try {
        report(told);
      } catch (error) {
        host.log.error(`${settings.name} was asked what happens: ${sentence(error)}`);
      }
    },
    trouble: (reason) => {
      if (reason === undefined) host.log.info(`${settings.name} tells again what happens`);
      else host.log.warn(`${settings.name} does not tell what happens: ${reason}`);
      host.tell("poll", settings.id, reason);
    },
  });
  void poller.run();
  return () => poller.close();
}

/** Whether a report goes on: news as often as by a hook; a state that was told already always, since it changes nothing. */
function newsRate(clock: Clock): (report: DeviceReport) => boolean {
  const rate = reportRate(clock);
  const last: Record<string, string> = {};
  return (report) => {
    const state = report.kind === "state" ? Object.entries(report.state) : [];
    if (state.length > 0 && state.every(([part, value]) => last[part] === value)) return true;
    const may = rate.take();
    // What is left out is news still, when it is asked for the next time.
    if (may) Object.assign(last, Object.fromEntries(state));
    return may;
  };
}
