// A call that talks with nobody yet, or with us only: it hears a sound before it is answered, or was answered so that it
// hears one. Its changes of mind (hold, another address, a refresh) are answered here until a bridge does so.
import { sentence } from "../errors.ts";
import type { Log } from "../log.ts";
import type { CallEvents, Reoffer } from "../sip/dialog/call.ts";
import type { Leg } from "./leg.ts";

/** Answers for a leg; the result leaves that to somebody else. */
export function attend({ call, session, name }: Leg, log: Log): () => void {
  const reoffer = (offer: Reoffer) => {
    try {
      if (offer.sdp !== undefined) session.receiveOffer(offer.sdp);
      offer.answer(offer.sdp === undefined ? session.offer() : session.answer());
    } catch (error) {
      log.warn(`${name} wanted to change the call: ${sentence(error)}`);
      offer.reject(488);
    }
  };
  const acknowledged = (sdp: string) => {
    try {
      session.receiveAnswer(sdp);
    } catch (error) {
      log.warn(`${name} cannot be played anything: ${sentence(error)}`);
    }
  };
  const refresh = (...[offer]: CallEvents["refresh"]) => offer(session.offer());
  // Phones that ring may see it (X7), and it knows no request for a key frame by RTCP.
  const picture = () => void call.requestPicture();
  call.on("reoffer", reoffer).on("acknowledged", acknowledged).on("refresh", refresh);
  session.on("pictureWanted", picture);
  return () => {
    call.off("reoffer", reoffer).off("acknowledged", acknowledged).off("refresh", refresh);
    session.off("pictureWanted", picture);
  };
}
