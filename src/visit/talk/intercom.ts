// A call to an extension, or to the targets that a call from another server rings (H4): all of them ring, the first to
// answer is connected. No door is pressed here, so there is no visit; a phone may call a door and open it by its digits.
import { sentence } from "../../errors.ts";
import { q850 } from "../../sip/causes.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import type { MediaSession } from "../../media/media.ts";
import { Bridge } from "./bridge.ts";
import { Forking } from "../ringing/fork.ts";
import type { Caller } from "../ringing/host.ts";
import { statusFor } from "../ringing/results.ts";
import { answerFor, openMedia, refusalFor, takeOffer, type Leg } from "./leg.ts";
import type { Target } from "../ringing/target.ts";
import { transfer, type TransferHost } from "./transfer.ts";

const ringSeconds = 60;

/** What is to be known of a door that is called. */
export interface IntercomDoor {
  /** It talks with who called it. */
  connected(to: Leg): void;
}

/**
 * Connects a call to the number it dialled, or to `targets` where they are given. Resolves when it talks or has failed;
 * never rejects.
 */
export async function connectCall(
  host: TransferHost,
  call: IncomingCall,
  targets?: readonly Target[],
  at?: IntercomDoor,
): Promise<void> {
  let session: MediaSession | undefined;
  let answerer: Leg | undefined;
  try {
    const opening = openMedia(host.media, host.optionsFor(call));
    if (opening instanceof Promise) call.ring();
    session = opening instanceof Promise ? await opening : opening;
    takeOffer(session, call, call.caller.number);
    const gone = new AbortController();
    const abort = () => gone.abort(call.end?.elsewhere ? "elsewhere" : "cancelled");
    call.on("ended", abort);
    session.on("closed", abort);
    if (call.state === "ended") abort();
    const { host: from } = call.flow.remote;
    const by = call.caller.kind === "extension" ? "phone" : "stranger";
    const caller: Caller = {
      ...{ number: call.caller.number, name: call.remote?.name ?? "", host: from, group: call.callId },
      ...(targets ? {} : { dialled: { number: call.dialled, by } }),
    };
    host.tracing.groups.add(call.callId, call.callId);
    const ringing = new Forking(host, caller, session, targets ?? [call.dialled]).run(ringSeconds, gone.signal);
    // Behind the phones' INVITEs, which have left by now where all stood ready: somebody waits for those.
    if (call.state === "ringing") call.ring();
    const result = await ringing;
    const { winner } = result;
    call.off("ended", abort);
    session.off("closed", abort);
    if (!winner) {
      call.reject(statusFor(result), undefined, q850(result.cause));
      await session.close();
      return;
    }
    answerer = winner;
    const leg: Leg = { call, session, name: call.caller.number };
    call.answer(answerFor(leg, call.sdp !== undefined, winner.session));
    const bridge: Bridge = new Bridge(host, leg, winner, {
      // A door may come in later, and go: by a transfer.
      digit: ({ digit }, from) => {
        const there = host.keysAt(bridge.other(from.call));
        if (there) there.pressed(digit, from);
        else host.keysAt(from)?.pressed(digit);
      },
      replaced: (_, by) => at?.connected(by),
      text: (message, by) => host.texts.came(message, by.name, bridge.other(by.call).name),
      refer: (referral, by) => {
        const other = bridge.other(by.call);
        const who =
          other.call === call ? caller : { number: other.name, name: "", host: hostOf(other), group: call.callId };
        transfer(host, bridge, by, referral, who);
      },
    });
    if (winner.call.state !== "ended") at?.connected(winner);
  } catch (error) {
    host.log.warn(`${call.caller.number} could not be connected to ${call.dialled}: ${sentence(error)}`);
    call.reject(refusalFor(error));
    answerer?.call.hangUp();
    await Promise.all([session?.close(), answerer?.session.close()]);
  }
}

const hostOf = ({ call }: Leg): string => call.flow?.remote.host ?? "";
