// Asking a camera for a whole picture, in the way that it understands: picture loss indication (RFC 4585 §6.3.1), full intra
// request (RFC 5104 §4.3.1), or by signalling (RFC 5168).
import { fullIntraRequest, pictureLossIndication } from "../rtcp.ts";

/** Receivers that lost something ask again and again, and several at once: a camera is asked once in this time. */
const pauseMs = 500;

export class PictureRequests {
  #at = -Infinity;
  #number = 0;

  /** What to send by RTCP, or that signalling has to; undefined where the camera was asked just now. `they`: −1 = unknown. */
  next(feedback: readonly string[], we: number, they: number, now: number): Buffer | "signal" | undefined {
    if (now - this.#at < pauseMs) return undefined;
    this.#at = now;
    if (they < 0 || feedback.length === 0) return "signal";
    return feedback.includes("nack pli") ? pictureLossIndication(we, they) : fullIntraRequest(we, they, this.#number++);
  }
}
