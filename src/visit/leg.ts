// One party of a visit: its call and its media. Two legs make a bridge.
import { giveUp, sentence } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Media, MediaSession } from "../media/media.ts";
import { dtmfInfo, parseDtmfInfo } from "../media/dtmf-info.ts";
import type { Call } from "../sip/dialog/call.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import type { DeviceOptions } from "./devices.ts";

export interface Leg {
  readonly call: Call;
  readonly session: MediaSession;
  /** Who it is, as people name it: an extension, an address. */
  readonly name: string;
}

/** Media for a party, limited to the codecs that its devices may use (H1). */
export async function openMedia(
  { media, optionsOf }: { readonly media: Media; readonly optionsOf: (number: string) => DeviceOptions },
  number: string,
): Promise<MediaSession> {
  const session = await media.open();
  session.codecs = optionsOf(number).codecs;
  return session;
}

/** What happens on a bridge. */
export interface BridgeHooks {
  /** A digit pressed by one side. It has been passed on to the other already. */
  digit(digit: string, from: Leg): void;
  /** One side hung up, or neither sends any sound any more. The other side is told already. */
  over(by: Leg | undefined, text: string): void;
}

/** Joins two talking legs: their sound, their digits (N5), their changes of mind (hold), their end. */
export function bridge(media: Media, caller: Leg, answerer: Leg, hooks: BridgeHooks, log: Log): void {
  media.bridge(caller.session, answerer.session);
  let over = false;
  const end = (by: Leg | undefined, text: string) => {
    if (over) return;
    over = true;
    for (const leg of [caller, answerer]) {
      leg.call.hangUp();
      leg.session.close().catch((error: unknown) => log.warn(sentence(error)));
    }
    hooks.over(by, text);
  };
  const silent = new Set<Leg>();
  for (const [leg, other] of [
    [caller, answerer],
    [answerer, caller],
  ] as const) {
    leg.call.on("ended", (how) => end(leg, how.text));
    leg.call.on("reoffer", (offer) => {
      try {
        if (offer.sdp === undefined) return offer.answer(leg.session.offer(other.session));
        leg.session.receiveOffer(offer.sdp);
        offer.answer(leg.session.answer(other.session));
      } catch (error) {
        log.warn(`${leg.name} wanted to change the call: ${sentence(error)}`);
        offer.reject(488);
      }
    });
    leg.call.on("acknowledged", (sdp) => {
      try {
        leg.session.receiveAnswer(sdp);
      } catch (error) {
        end(undefined, sentence(error));
      }
    });
    leg.call.on("info", (info) => {
      const pressed = parseDtmfInfo(info.contentType, info.body);
      if (!pressed) return info.reply(415);
      info.reply(200);
      const { contentType, body } = dtmfInfo("dtmf-relay", pressed.digit, pressed.durationMs ?? 160);
      other.call.info(contentType, body).catch((error: unknown) => log.warn(sentence(error)));
      hooks.digit(pressed.digit, leg);
    });
    leg.session.on("silent", () => {
      silent.add(leg);
      // A muted phone may send nothing for long: only two silent sides are a dead call.
      if (silent.size === 2) end(undefined, "no sound came from either side any more");
    });
    leg.session.on("heard", () => silent.delete(leg));
    leg.session.on("closed", () => end(undefined, "the sound of the call was lost"));
  }
  // Who hung up before there was a bridge is not heard by the listeners above any more.
  for (const leg of [caller, answerer]) if (leg.call.end) end(leg, leg.call.end.text);
}

/** The answer for a caller, made for whom it will talk to; an offer where it sent none. */
export function answerFor(caller: Leg, offered: boolean, answerer?: MediaSession): string {
  return offered ? caller.session.answer(answerer) : caller.session.offer(answerer);
}

/** Takes what the caller offered. @throws PorteroError `no-codec` or `bad-sdp`, as a sentence about the caller */
export function takeOffer(session: MediaSession, { sdp, flow }: IncomingCall, name: string): void {
  session.advertise = flow.sentBy.host;
  if (sdp === undefined) return;
  try {
    session.receiveOffer(sdp);
  } catch (error) {
    throw giveUp("no-media", `${name} offers no sound that can be used here: ${sentence(error)}`, { cause: error });
  }
}
