// Somebody more in a call that talks (N1): the bell, who answered and whoever is asked hear each other from then on, in a room
// of their own. Until somebody has answered nothing changes; what cannot be then leaves the two as they were.
import { giveUp, sentence } from "../../errors.ts";
import type { Answering } from "./answering.ts";
import type { BellLine } from "../presses/bell-line.ts";
import type { HandoverWish } from "./handover.ts";
import { reoffer, type Leg } from "./leg.ts";
import { mixesNothing, Room } from "../places/room.ts";
import { speaksOurs } from "../places/room-phone.ts";
import { RoomTalk } from "../places/room-talk.ts";
import type { Talk } from "./talk.ts";
import type { TransferHost } from "./transfer.ts";

const most = 10;

/**
 * Rings somebody, and lets the first that answers talk with the visitor beside who does. Gives who; where the visitor talks
 * with the flow alone, it is who answers.
 * @throws PorteroError `no-call`, `busy`, `not-reached`, `taken-back`, `cannot-mix`, `no-codec`, `room-closed`
 */
export async function invite(
  host: TransferHost,
  line: BellLine,
  answering: Answering,
  wish: HandoverWish,
): Promise<string> {
  const talk = answering.talking;
  if (talk instanceof RoomTalk) return talk.invite(wish);
  if (!talk.answerer) return talk.handover.transfer(wish);
  if (!host.media.conference) throw giveUp("cannot-mix", mixesNothing);
  const third = await talk.handover.find(wish);
  try {
    await speaksOurs(third);
    await canMix(talk, answering.bell);
    gather(host, line, answering, talk, third);
  } catch (error) {
    third.call.hangUp();
    await third.session.close();
    throw error;
  }
  return third.name;
}

/** Has both talk what can be mixed, or neither. */
async function canMix({ answerer }: Talk, bell: Leg | undefined): Promise<void> {
  if (!answerer || !bell) throw gone();
  await speaksOurs(answerer);
  try {
    await speaksOurs(bell);
  } catch (error) {
    await reoffer(answerer, () => answerer.session.offer(bell.session));
    throw error;
  }
}

function gather(host: TransferHost, line: BellLine, answering: Answering, talk: Talk, third: Leg): void {
  const { answerer } = talk;
  const { bell } = answering;
  const before = answering.talk === talk && bell && answerer ? talk.leave() : undefined;
  if (!before || !bell || !answerer) throw gone();
  const { visit } = answering;
  const together = new RoomTalk(host, visit, new Room(host, { name: visit.door.name, most }));
  answering.talk = together;
  try {
    together.begin(line.answer(bell.session), answerer);
    together.seat(third);
  } catch (error) {
    visit.over({ by: "local", cause: 58, text: sentence(error) });
    throw error;
  }
  // Whom one of the two held is heard by the third.
  for (const { leg, told } of before)
    if (told !== "sendrecv")
      reoffer(leg, () => leg.session.offer(undefined, "sendrecv")).catch((error: unknown) => {
        host.log.warn(`${leg.name} stays on hold: ${sentence(error)}`);
      });
}

const gone = () => giveUp("no-call", "the visit, or who had answered, was gone before somebody else had joined");
