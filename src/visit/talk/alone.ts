// A call that talks with nobody yet, or with us only: it hears a sound before it is answered, or was answered so that it
// hears one. Its changes of mind (hold, another address, a refresh) are answered here until a bridge does so, and its keys
// are heard: a flow that answers can be a menu.
import type { Clock } from "../../clock.ts";
import { sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { CallEvents, Reoffer } from "../../sip/dialog/call.ts";
import { Keypad, type Key } from "./keypad.ts";
import type { Leg } from "./leg.ts";

export interface AloneHost {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Answers for a leg, and tells its keys where somebody wants them; the result leaves that to somebody else. `hides`: nobody
 * who hears it otherwise (in a room) is to hear them as tones.
 */
export function attend(leg: Leg, { clock, log }: AloneHost, pressed?: (key: Key) => void, hides = false): () => void {
  const { call, session, name } = leg;
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
  const keypad = pressed && new Keypad(leg, clock, { pressed: () => {}, released: pressed });
  keypad?.hear({ events: "keep", tones: hides ? "never" : "keep" });
  return () => {
    keypad?.close();
    call.off("reoffer", reoffer).off("acknowledged", acknowledged).off("refresh", refresh);
    session.off("pictureWanted", picture);
  };
}
