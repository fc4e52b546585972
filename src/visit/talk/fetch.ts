// A call that takes the place of another one, as far as its own answer goes: RFC 3891 §3.
import { PorteroError, sentence, tryAgain } from "../../errors.ts";
import type { MediaSession } from "../../media/media.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import type { ForkHost } from "../ringing/host.ts";
import { answerFor, closeMedia, openMedia, refusalFor, takeOffer, type Leg } from "./leg.ts";

/**
 * Answers a phone that fetches a call, with what suits `like`, to whom it will talk. Gives nothing, and refuses the phone, where
 * its sound is of no use or what it wanted is not there any more once its media are open.
 */
export async function answerFetcher(
  host: Pick<ForkHost, "media" | "optionsOf" | "log">,
  call: IncomingCall,
  like: () => MediaSession,
  isThere: () => boolean,
): Promise<Leg | undefined> {
  const { number: name } = call.caller;
  const session = await Promise.resolve(openMedia(host.media, host.optionsOf(name), like())).catch((error: unknown) => {
    call.reject(refusalFor(error));
    throw error;
  });
  const leg: Leg = { call, session, name };
  try {
    takeOffer(session, call, name);
    if (!isThere() || call.end) throw tryAgain("gone", "that call is over");
    call.answer(answerFor(leg, call.sdp !== undefined, like()));
    return leg;
  } catch (error) {
    host.log.warn(`${name} could not take a call over: ${sentence(error)}`);
    call.reject(error instanceof PorteroError && error.code === "gone" ? 481 : 488);
    closeMedia(session, host.log);
    return undefined;
  }
}
