// One side of a bridge: what it wants, what it was told of the other, and what of its call and sound the bridge hears.
import type { MediaSession } from "../../media/media.ts";
import type { Direction } from "../../media/sdp.ts";
import type { CallEnd, CallEvents, Message, Reoffer, Referral } from "../../sip/dialog/call.ts";
import { DigitRelay, type DigitRelayHost } from "./digit-relay.ts";
import type { Leg } from "./leg.ts";

/** A party outside of a bridge that it was in, or is to be in. */
export interface Known {
  readonly leg: Leg;
  /** What it wants of itself: `sendonly` where it holds. */
  readonly wish: Direction;
  /** What it was told last of the other's wish. */
  readonly told: Direction;
}

export interface Side extends Known {
  wish: Direction;
  told: Direction;
  /** What it is told in the place of the other's wish: it is held by us. */
  held: Direction | undefined;
  /** Its call may end without the end of the bridge: it is being replaced. */
  leaving: boolean;
  readonly digits: DigitRelay;
  readonly detach: () => void;
}

/** What the bridge makes of what it hears of a side. */
export interface SideHooks {
  ended(end: CallEnd): void;
  reoffered(offer: Reoffer): void;
  acknowledged(sdp: string): void;
  /** Nothing is heard of it any more; `heard`: something is again. */
  readonly silent: () => void;
  readonly heard: () => void;
  /** Its session is over. */
  readonly closed: () => void;
  /** It has agreed on something. */
  readonly settled: () => void;
  /** Where nobody takes them, nobody listens, and the peer is told so. */
  readonly text: ((message: Message) => void) | undefined;
  readonly refer: ((referral: Referral) => void) | undefined;
  readonly digits: DigitRelayHost;
}

export function attach(leg: Leg, wish: Direction, told: Direction, hooks: SideHooks): Side {
  const { call, session } = leg;
  const listeners: [event: "ended", listener: (...payload: unknown[]) => void][] = [];
  const on = <E extends keyof CallEvents>(event: E, listener: (...payload: CallEvents[E]) => void) => {
    const typed = listener as (...payload: unknown[]) => void;
    call.on(event as string as "ended", typed);
    listeners.push([event as string as "ended", typed]);
  };
  on("ended", (end) => hooks.ended(end));
  on("reoffer", (offer) => hooks.reoffered(offer));
  on("refresh", (offer) => offer(session.offer()));
  on("acknowledged", (sdp) => hooks.acknowledged(sdp));
  on("pictureWanted", () => {
    const other = hooks.digits.other();
    if (!other.session.requestPicture()) void other.call.requestPicture();
  });
  if (hooks.text) on("message", hooks.text);
  if (hooks.refer) on("refer", hooks.refer);
  // By RTCP, of a camera that knows no such request.
  const picture = () => void call.requestPicture();
  const { silent, heard, closed, settled } = hooks;
  session.on("silent", silent).on("heard", heard).on("closed", closed);
  session.on("pictureWanted", picture).on("settled", settled);
  const digits = new DigitRelay(leg, hooks.digits);
  const detach = () => {
    for (const [event, listener] of listeners) call.off(event, listener);
    session.off("silent", silent).off("heard", heard).off("closed", closed);
    session.off("pictureWanted", picture).off("settled", settled);
    digits.close();
  };
  return { leg, wish, told, held: undefined, leaving: false, digits, detach };
}

/** What the peer of a session has said that it wants of itself. */
export const wishOf = (session: MediaSession): Direction => session.agreed("audio")?.remote.direction ?? "sendrecv";

/** A party that was in no bridge yet and has been told nothing. */
export const known = (leg: Leg): Known => ({ leg, wish: wishOf(leg.session), told: "sendrecv" });
