// The verb "confer" of a strategy: the visitor waits in a room, and hears music, until the first marked member is there, who
// then has answered as if rung; later ones join (H9).
import { PorteroError, sentence } from "../../errors.ts";
import { cause, causeOf } from "../../sip/causes.ts";
import { eachOf } from "../ringing/aim.ts";
import type { Leg } from "../talk/leg.ts";
import type { Party } from "../messages.ts";
import { musicOf } from "./music.ts";
import { notUnderstood } from "../sound/recording.ts";
import type { RingingVisit } from "../ringing/ringing-visit.ts";
import { RoomTalk } from "./room-talk.ts";
import { nobody, once } from "../strategies/outcome.ts";
import type { ConferSettings, RingResult, Strategy } from "../strategies/verbs.ts";
import { nameOf } from "../ringing/target.ts";
import type { TransferHost } from "../talk/transfer.ts";

/** A bell hears us so long before its call is answered, so that its sound is there when somebody speaks. */
const settleMs = 1000;
const usualSeconds = 60;

/** Rejects only where the bell has gone; what else goes wrong stands in the parties. */
export async function confer(
  host: TransferHost,
  visit: RingingVisit,
  { place, seconds = usualSeconds, music, targets = [] }: ConferSettings,
): Promise<RingResult> {
  const { clock, log } = host;
  const { running, signal, line, door } = visit;
  const isOver = () => signal.aborted;
  const session = await line.session;
  if (isOver()) return nobody;
  const names = targets.map(nameOf);
  running.targets = targets;
  const attempt = visit.ring(names.length > 0 ? names : [place ?? "conference"]);
  const failures: Party[] = [];
  let talk: RoomTalk | undefined;
  let winner: Leg | undefined;
  const leave = () => {
    if (!winner) talk?.close();
  };
  signal.addEventListener("abort", leave, { once: true });
  try {
    const room = host.rooms.find(place);
    room.check();
    if (!session.limitToUnderstood()) throw notUnderstood(door.name, "a conference");
    const heard = music && (await musicOf(music, clock));
    const until = clock.passed() + seconds * 1000;
    const met = new AbortController();
    const waits = AbortSignal.any([signal, met.signal]);
    const stay: RoomTalk = new RoomTalk(host, visit.talk(), room, {
      met: (by) => {
        if (visit.meet(stay, by)) winner = by;
        met.abort();
      },
      gone: (text) => {
        failures.push(failed(room.name, 480, text));
        met.abort();
      },
    });
    talk = stay;
    const enter = async (how: "early" | "answered") => {
      const open = await line.open(how);
      if (!waits.aborted) await stay.enter({ call: line.call, session: open, name: door.name }, heard);
    };
    const early = line.call.sdp !== undefined && (session.codec === undefined || session.mixable);
    await enter(early ? "early" : "answered");
    running.fork = stay;
    const absent = new Set(host.isQuiet(door.id) ? [] : eachOf(host, targets));
    const ring = () => {
      for (const target of absent) {
        absent.delete(target);
        stay.ring([target], (until - clock.passed()) / 1000).then(
          ({ parties }) => parties.every(({ result }) => result === "unregistered") && absent.add(target),
          (error: unknown) => log.error(sentence(error)),
        );
      }
    };
    // Whoever registers meanwhile rings at once (X1).
    running.wake = ring;
    ring();
    await clock.sleep(settleMs, waits);
    if (!waits.aborted) await enter("answered");
    await clock.sleep(until - clock.passed(), waits);
  } catch (error) {
    const { status = 488 } = error instanceof PorteroError ? error.data : {};
    if (!signal.aborted) {
      log.warn(`${door.name} does not wait in a conference: ${sentence(error)}`);
      failures.push(failed(place ?? "conference", Number(status), sentence(error)));
    }
  }
  signal.removeEventListener("abort", leave);
  running.fork = undefined;
  running.wake = () => {};
  leave();
  const parties = [...(talk?.parties ?? []), ...failures];
  if (winner && !parties.some(({ result }) => result === "answered"))
    parties.push({ target: winner.name, try: 1, result: "answered", status: 200, cause: cause.normal });
  const why = winner ? cause.normal : (parties[0]?.cause ?? cause.noAnswer);
  visit.tried(attempt, { parties, cause: why });
  return { parties, cause: why, ...(winner && { answeredBy: winner.name }) };
}

/** A door has dialled the room's own number, and no flow says otherwise. */
export const waitIn = (place: string): Strategy =>
  Object.assign(async (ringing: Parameters<Strategy>[0]) => once(ringing, await ringing.confer({ place })), {
    called: "conference" as const,
  });

function failed(target: string, status: number, text: string): Party {
  const result = status === 486 ? "busy" : "unreachable";
  return { target, try: 1, result, status, cause: causeOf(status), text };
}
