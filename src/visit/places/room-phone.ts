// A phone in a room: one that dialled the room's number, or that was rung into it.
import { PorteroError, sentence } from "../../errors.ts";
import { cause, q850 } from "../../sip/causes.ts";
import type { Message } from "../../sip/dialog/call.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import { attend } from "../talk/alone.ts";
import type { ForkHost } from "../ringing/host.ts";
import { answerFor, closeMedia, openMedia, refusalFor, reoffer, takeOffer, type Leg } from "../talk/leg.ts";
import { notUnderstood } from "../sound/recording.ts";
import type { Room } from "./room.ts";

/**
 * Lets a phone into a room for as long as its call lasts; when it is to leave, it is hung up.
 * @throws PorteroError as Room.enter
 */
export function seat(host: ForkHost, room: Room, leg: Leg, marked: boolean): void {
  const { call, session, name } = leg;
  const leave = attend(leg, host);
  const text = (message: Message) => host.texts.came(message, name, room.name);
  const gone = () => {
    call.off("ended", gone).off("message", text);
    leave();
    room.leave(leg);
    closeMedia(session, host.log);
  };
  const lost = () => {
    call.hangUp();
    gone();
  };
  const dismissed = () => {
    call.hangUp(q850(cause.normal));
    gone();
  };
  try {
    room.enter({ leg, marked, dismissed });
  } catch (error) {
    leave();
    throw error;
  }
  call.on("ended", gone).on("message", text);
  session.once("closed", lost);
  if (call.end) gone();
  else if (session.over) lost();
}

/** Lets somebody in who dialled the room's number; who may not, or cannot, is refused. Never rejects. */
export async function admit(host: ForkHost, room: Room, call: IncomingCall, marked: boolean): Promise<void> {
  const { number: name } = call.caller;
  const refuse = (status: number, text: string) => {
    host.log.warn(`${name} is not let into the conference ${room.name}: ${text}`);
    call.reject(status, undefined, `SIP;cause=${status};text="${text.replace(/["\\]/g, "'")}"`);
  };
  if (call.caller.kind !== "extension") {
    refuse(403, "only phones of this house may enter");
    return;
  }
  let session;
  try {
    room.check();
    call.ring();
    const like = room.visitors[0]?.session;
    session = await openMedia(host.media, host.optionsFor(call), like);
    takeOffer(session, call, name);
    if (!session.limitToUnderstood()) throw notUnderstood(name, "a conference");
    // While the ports were opened somebody else may have taken the last seat.
    room.check();
    const leg: Leg = { call, session, name };
    if (!call.end) call.answer(answerFor(leg, call.sdp !== undefined, like));
    await settled(leg);
    seat(host, room, leg, marked);
  } catch (error) {
    const { status } = error instanceof PorteroError ? error.data : {};
    refuse(typeof status === "number" ? status : refusalFor(error), sentence(error));
    call.hangUp();
    await session?.close();
  }
}

/**
 * Has a call talk what can be mixed.
 * @throws PorteroError `no-codec`
 */
export async function speaksOurs(leg: Leg): Promise<void> {
  const { session, name } = leg;
  if (!session.mixable) await reoffer(leg, () => session.offer("conference"));
  if (!session.mixable) throw notUnderstood(name, "a conference");
}

/** Who left the offer to us says with its ACK what it takes. */
async function settled({ call, session }: Leg): Promise<void> {
  if (session.codec !== undefined || call.end) return;
  await new Promise<void>((resolve) => {
    call.once("acknowledged", (sdp) => {
      try {
        session.receiveAnswer(sdp);
      } catch {
        // That there is no codec is said when it is let in.
      }
      resolve();
    });
    call.once("ended", () => resolve());
  });
}
