// One party of a visit: its call and its media. Two legs make a bridge.
import type { DoorSettings, OpenedAs, OpenRequest } from "../../door/door.ts";
import { giveUp, PorteroError, sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { MediaEngine } from "../../media/engine.ts";
import type { MediaSession } from "../../media/media.ts";
import type { Call } from "../../sip/dialog/call.ts";
import { IncomingCall } from "../../sip/dialog/incoming.ts";
import { writeHost } from "../../ip.ts";
import { dtmfOf, type DeviceOptions } from "../numbers/devices.ts";

export interface Leg {
  readonly call: Call;
  readonly session: MediaSession;
  /** Who it is, as people name it: an extension, an address. */
  readonly name: string;
  /** As whom it opens doors, where that is not what its own call proves. */
  readonly as?: OpenedAs;
  /** Who had it called or put through, where it is no phone of the house: it opens nothing that this one may not. */
  readonly sentBy?: OpenedAs;
}

/**
 * As whom a party opens doors: by the extension whose password it knows, else as somebody outside, by whose account it comes;
 * without one by its address: any number may stand in From, also that of an extension or the name of an account.
 */
export function openedAs({ call, name, as }: Leg): OpenedAs {
  if (!(call instanceof IncomingCall)) return as ?? { kind: "account", name };
  const { caller, flow } = call;
  if (caller.kind === "extension") return { kind: "extension", name: caller.number };
  return { kind: "account", name: caller.kind === "account" ? caller.account : `sip:${writeHost(flow.remote.host)}` };
}

/** With what right the keys of a party open a door. */
export function rightOf(
  leg: Leg,
  { id, name }: Pick<DoorSettings, "id" | "name">,
): Pick<OpenRequest, "as" | "sentBy" | "barred"> {
  const { sentBy } = leg;
  const as = openedAs(leg);
  const barred = `a page that answers as "${as.name}" may not open ${name}: what browsers may is in the door's dialog`;
  return { as, ...(sentBy && { sentBy }), ...(leg.call.flow?.opens?.(id) === false && { barred }) };
}

/**
 * Where a party types: one place for each that has proven who it is, whatever number it shows. Who was put through types where
 * that was done: of numbers to be called there is no end.
 */
export function placeOf(leg: Leg): { readonly who: string; readonly proven: boolean } {
  const { kind, name } = leg.sentBy ?? openedAs(leg);
  const { call } = leg;
  const who = `${kind} ${name}`;
  if (kind === "extension") return { who, proven: true };
  if (call instanceof IncomingCall) return { who, proven: !leg.sentBy && call.caller.kind === "account" };
  return { who: `${who} ${leg.name}`, proven: false };
}

/** A party as `by` has put it through. */
export const sentOn = (leg: Leg, by: OpenedAs): Leg =>
  openedAs(leg).kind === "extension" ? leg : { ...leg, sentBy: by };

/** Media for a party, as its devices may use it (H1), at once where they stand ready; `like` is whom it is to talk with. */
export function openMedia(
  media: MediaEngine,
  options: DeviceOptions,
  like?: MediaSession,
): MediaSession | Promise<MediaSession> {
  const made = (session: MediaSession) => {
    session.codecs = options.codecs;
    if (options.understood) session.limitToUnderstood();
    session.encryption = options.encryption;
    session.webrtc = options.webrtc;
    session.dtmf = dtmfOf(options);
    session.direct = options.directMedia ?? false;
    return session;
  };
  const session = media.open(like);
  return session instanceof Promise ? session.then(made) : made(session);
}

/** The answer for a caller, made for whom it will talk to; an offer where it sent none. */
export function answerFor(caller: Leg, offered: boolean, answerer?: MediaSession): string {
  return offered ? caller.session.answer(answerer) : caller.session.offer(answerer);
}

/** The status for a caller whose media could not be had: 503 where that may pass, 488 where it will not. */
export const refusalFor = (error: unknown): number =>
  error instanceof PorteroError && error.advice === "again" ? 503 : 488;

/** Takes what the caller offered. @throws PorteroError `no-media`, as a sentence about the caller */
export function takeOffer(session: MediaSession, { sdp, flow, extension }: IncomingCall, name: string): void {
  session.advertise = flow.sentBy.host;
  // A server's media may come from another machine than it says; a device's own never do.
  if (extension !== undefined) session.host = flow.remote.host;
  if (sdp === undefined) return;
  try {
    session.receiveOffer(sdp);
  } catch (error) {
    throw giveUp("no-media", `${name} offers no sound that can be used here: ${sentence(error)}`, { cause: error });
  }
}

/** Offers a party something else, and takes its answer. */
export async function reoffer({ call, session }: Leg, offer: () => string): Promise<void> {
  const { status, sdp } = await call.reoffer(offer);
  if (status < 300 && sdp !== undefined) session.receiveAnswer(sdp);
}

/** Hangs up on a party, whose media are closed with that; `reason` says why. */
export function letGo({ call, session }: Leg, log: Log, reason?: string): void {
  call.hangUp(reason);
  closeMedia(session, log);
}

export function closeMedia(session: MediaSession, log: Log): void {
  session.close().catch((error: unknown) => log.warn(sentence(error)));
}

/** Whether the relay can pass the sound on: one codec, or two that are turned into each other. */
export const joinable = (one: MediaSession, other: MediaSession): boolean =>
  one.codec === other.codec || [one, other].every(({ mixable }) => mixable);
