// A phone that talks wants the other side to be connected with somebody else: to a number (blind), or with whom it talks
// on another call of its own (attended). RFC 3515, RFC 3891. Until that has worked, nothing changes for the other side.
import { sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Direction } from "../../media/sdp.ts";
import type { Call, Referral } from "../../sip/dialog/call.ts";
import { IncomingCall } from "../../sip/dialog/incoming.ts";
import { OutgoingCall } from "../../sip/dialog/outgoing.ts";
import type { Replaces } from "../../sip/dialog/replaces.ts";
import type { Bridge } from "./bridge.ts";
import { destinationOf } from "../numbers/destinations.ts";
import { answerFetcher } from "./fetch.ts";
import { Forking } from "../ringing/fork.ts";
import type { Caller, ForkHost } from "../ringing/host.ts";
import { statusFor } from "../ringing/results.ts";
import { closeMedia, letGo, openedAs, sentOn, type Leg } from "./leg.ts";
import type { ParkingPlace, Parkings } from "../places/parking.ts";
import type { Rooms } from "../places/rooms.ts";

const ringSeconds = 60;
/** Who has transferred a call hangs up by itself; who does not, is hung up on after this. */
const farewellMs = 5_000;

export interface TransferHost extends ForkHost {
  readonly rooms: Rooms;
  readonly parking: Parkings;
}

/** Gives the slot. */
type Park = (place: ParkingPlace) => Promise<{ readonly slot: string }>;

/**
 * Does what a referral asks, or refuses it; `caller` is what phones show of the other side, `park` parks it where it is a visitor.
 */
export function transfer(
  host: TransferHost,
  bridge: Bridge,
  from: Leg,
  referral: Referral,
  caller: Caller,
  park?: Park,
): void {
  const { to, by } = referral;
  const number = provenNumber(from);
  if (number === undefined || !host.mayTransfer(number)) return referral.reject(403);
  const named = to.replaces && host.endpoint.callNamed(to.replaces);
  if (named?.state === "talking") return attended(host, bridge, from, named, referral);
  // Whom it called and who has not answered yet is rung for the other side instead.
  const rings = named instanceof IncomingCall && belongsTo(named, from) ? named : undefined;
  const target = rings?.dialled ?? (to.replaces ? undefined : destinationOf(host, to.uri, from.call));
  if (target === undefined) return referral.reject(to.replaces ? 481 : 403);
  rings?.hangUp();
  const place = host.parking.at(target);
  if (place) return parked(host, bridge, from, place, referral, park);
  const who = {
    ...caller,
    dialled: { number: target, by: "phone" as const },
    direction: bridge.wish(bridge.other(from.call).call),
    sentBy: openedAs(from),
  };
  const headers = by === undefined ? {} : { "Referred-By": by };
  void blind(host, bridge, from, target, { ...who, headers }, referral);
}

async function blind(
  host: TransferHost,
  bridge: Bridge,
  from: Leg,
  target: string,
  caller: Caller,
  referral: Referral,
): Promise<void> {
  const report = referral.accept();
  const { call, session } = bridge.other(from.call);
  bridge.leaves(from.call);
  const gone = new AbortController();
  const abort = () => gone.abort("cancelled");
  call.on("ended", abort);
  if (call.end) abort();
  try {
    const result = await new Forking(host, caller, session, [target]).run(ringSeconds, gone.signal);
    const { winner } = result;
    const taken = winner && takePlace(host.log, bridge, from, winner, caller.direction ?? "sendrecv");
    report(taken ? 200 : winner ? 481 : statusFor(result));
    if (taken) farewell(host, from);
  } catch (error) {
    host.log.error(`the transfer of ${from.name} to ${target} failed: ${sentence(error)}`);
    report(500);
  } finally {
    call.off("ended", abort);
    bridge.stays(from.call);
  }
}

/** The visitor waits in the place; the phone is told where, and goes. */
function parked(
  host: TransferHost,
  bridge: Bridge,
  from: Leg,
  place: ParkingPlace,
  referral: Referral,
  park: Park | undefined,
): void {
  // Only visitors are parked.
  if (!park) return referral.reject(403);
  const report = referral.accept();
  const { name } = bridge.other(from.call);
  park(place).then(
    ({ slot }) => {
      const words = `${name} is parked: dial ${slot}`;
      // Who shows neither of the two finds it by the fetch number.
      void from.call.message("text/plain", words);
      report(200, words);
      farewell(host, from);
    },
    (error: unknown) => {
      host.log.warn(`${from.name} could not park ${name}: ${sentence(error)}`);
      report(486, sentence(error));
    },
  );
}

/** Puts `winner` in the place of `from`. Where that is not in the bridge any more, `winner` is let go, and it is false. */
export function takePlace(log: Log, bridge: Bridge, from: Leg, winner: Leg, told: Direction): boolean {
  if (!bridge.over && bridge.leg(from.call) === from) {
    bridge.replace(from.call, winner, told);
    return true;
  }
  letGo(winner, log);
  return false;
}

function attended(host: TransferHost, bridge: Bridge, from: Leg, named: Call, referral: Referral): void {
  const theirs = host.bridges.get(named);
  const own = theirs?.leg(named);
  // Nobody may take apart a call that is not its own.
  if (!theirs || !own || theirs === bridge || provenNumber(own) !== provenNumber(from))
    return referral.reject(theirs === bridge ? 400 : 403);
  // The bridge that a visit is on stays; the other side of the second call comes to it.
  const [stays, leaves, other, taken] =
    bridge.releases && !theirs.releases ? [theirs, own, bridge, from] : [bridge, from, theirs, own];
  if (!other.releases) return referral.reject(403);
  const report = referral.accept();
  const released = other.release(taken.call);
  if (!released) return report(481);
  stays.replace(leaves.call, sentOn(released.leg, openedAs(from)), released.told, released.wish);
  report(200);
  letGo(own, host.log);
  farewell(host, from);
}

/** A call that takes the place of another one (RFC 3891 §3): a phone of the house fetches what another one talks, or what rings it. */
export async function takeOver(host: TransferHost, call: IncomingCall, replaces: Replaces): Promise<void> {
  const found = replaceable(host, call, replaces);
  if (typeof found === "number") {
    call.reject(found);
    return;
  }
  if (!found) return;
  const { named, bridge, gone } = found;
  const other = () => bridge.other(named).session;
  const leg = await answerFetcher(host, call, other, () => bridge.leg(named) === gone);
  // Another one may have been faster in the same turn.
  if (!leg || !takePlace(host.log, bridge, gone, leg, "sendrecv")) return;
  letGo(gone, host.log);
}

/** What a call may take the place of, or the status of its refusal; nothing where whoever rings the other phone deals with it. */
function replaceable(host: TransferHost, call: IncomingCall, replaces: Replaces) {
  const { caller } = call;
  if (caller.kind !== "extension" || !host.mayTransfer(caller.number)) return 403;
  const named = host.endpoint.callNamed(replaces);
  if (named instanceof OutgoingCall && named.state === "early" && named.fetched) {
    named.fetched(call);
    return undefined;
  }
  const bridge = named && host.bridges.get(named);
  const gone = named && bridge?.leg(named);
  if (!named || !bridge || !gone) return 481;
  // A bell's own call is nobody else's.
  if (!host.mayTransfer(gone.name)) return 403;
  return replaces.earlyOnly ? 486 : { named, bridge, gone };
}

function farewell(host: TransferHost, leg: Leg): void {
  const close = () => closeMedia(leg.session, host.log);
  if (leg.call.end) return close();
  const late = host.clock.after(farewellMs, () => leg.call.hangUp());
  leg.call.once("ended", () => {
    late();
    close();
  });
}

/** Who calls from outside may show any number, and would have us call for it what costs money. */
function provenNumber(leg: Leg): string | undefined {
  const { kind, name } = openedAs(leg);
  return kind === "extension" ? name : undefined;
}

const belongsTo = (call: IncomingCall, leg: Leg): boolean =>
  call.caller.kind === "extension" && call.caller.number === leg.name;
