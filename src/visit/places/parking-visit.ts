// The verb "park" of a strategy: the visitor waits in a slot and hears music until somebody fetches it (H7), who then has
// answered as if rung.
import { sentence } from "../../errors.ts";
import { cause } from "../../sip/causes.ts";
import { musicOf } from "./music.ts";
import { takenUp, whyUnfetched, type ParkedView, type ParkingPlace, type Unfetched } from "./parking.ts";
import type { RingingVisit } from "../ringing/ringing-visit.ts";
import { park } from "../strategies/park.ts";
import type { ParkResult, ParkSettings, Strategy } from "../strategies/verbs.ts";
import type { TransferHost } from "../talk/transfer.ts";

/** Rejects only where the bell has gone; what else goes wrong stands in `reason`. */
export async function parkVisit(host: TransferHost, visit: RingingVisit, settings: ParkSettings): Promise<ParkResult> {
  const attempt = visit.ring([settings.place ?? "parking"]);
  const result = await parked(host, visit, settings);
  visit.tried(attempt, result);
  return result;
}

/** Parks a bell for which no strategy says what comes next. Who would be rung again, nobody has said: it is hung up. */
export function parkIn({ settings: { name, then } }: ParkingPlace, wish: ParkSettings = {}): Strategy {
  const spoken = { to: "file", seconds: 60, silenceSeconds: 5 } as const;
  const next = then === "ring-again" ? "hang-up" : then;
  return Object.assign(park({ ...wish, place: name, then: next, targets: [] }, spoken), { called: "park" as const });
}

async function parked(host: TransferHost, visit: RingingVisit, settings: ParkSettings): Promise<ParkResult> {
  const { signal, line, door, sounds, running } = visit;
  const session = await line.session;
  let place: ParkingPlace;
  try {
    place = host.parking.find(settings.place);
  } catch (error) {
    host.log.warn(`${door.name} is not parked: ${sentence(error)}`);
    return { parties: [], cause: cause.unallocated, reason: sentence(error) };
  }
  const stay = place.park({ caller: visit.caller(), session, signal, parked: visit.parked }, settings.seconds);
  if (!stay) return full(place);
  running.targets = [];
  const hush = new AbortController();
  const deaf = (error: unknown) => {
    if (!signal.aborted) host.log.warn(`${door.name} is parked and hears nothing: ${sentence(error)}`);
  };
  const { answerFirst } = place.settings;
  // Music cannot be heard in Opus; without, it is parked all the same.
  if (answerFirst) session.limitToUnderstood();
  const answered = answerFirst ? visit.answer().catch(deaf) : Promise.resolve();
  const play = async () => {
    const music = await musicOf(settings.music ?? place.settings.music, host.clock);
    await answered;
    await sounds.play(music, { loop: true, signal: AbortSignal.any([signal, hush.signal]) });
  };
  play().catch(deaf);
  const end = await stay.over;
  hush.abort();
  if (end.why !== "fetched") return notFetched(place, stay.view, end.why);
  await answered;
  const { name } = end.by;
  if (!(await visit.connect(end.by))) return notFetched(place, stay.view, "gone");
  const party = { target: name, try: 1, result: "answered", status: 200, cause: cause.normal } as const;
  return { answeredBy: name, slot: stay.view.slot, parties: [party], cause: cause.normal };
}

function full(place: ParkingPlace): ParkResult {
  const { name } = place.settings;
  const reason = takenUp(place);
  const party = { target: name, try: 1, result: "busy", status: 486, cause: cause.busy, text: reason } as const;
  return { parties: [party], cause: cause.busy, isFull: true, reason };
}

function notFetched(place: ParkingPlace, view: ParkedView, why: Unfetched): ParkResult {
  const next = why === "time-out" ? { next: place.settings.then } : {};
  return { parties: [], cause: cause.noAnswer, slot: view.slot, reason: whyUnfetched(place, view, why), ...next };
}
