// Digits to one side of a call, by the way that it takes (docs/decisions/030).
import type { Clock } from "../../clock.ts";
import { byInfo, sendDigits, type DtmfMethod, type DtmfSent, type DtmfTiming, type DtmfWay } from "../../dtmf.ts";
import { giveUp } from "../../errors.ts";
import { dtmfInfo } from "../../media/dtmf-info.ts";
import type { Leg } from "./leg.ts";

/**
 * The ways to try, the best first. `auto`: as the digit came, where it did and the leg takes that; else RFC 4733 where it
 * was agreed on; else INFO, unless the peer has said that it takes none: its answer tells; else tones, where the sound is ours to make.
 */
export function waysTo({ call, session }: Leg, method: DtmfMethod, came?: DtmfWay): readonly DtmfWay[] {
  if (method === "info") return ["info", "info-dtmf"];
  if (method === "info-dtmf") return ["info-dtmf", "info"];
  if (method !== "auto") return [method];
  const media = session.digitWays;
  const info = call.takesInfo === false ? [] : (["info", "info-dtmf"] as const);
  const all: DtmfWay[] = [
    ...media.filter((way) => way === "rfc4733"),
    ...info,
    ...media.filter((way) => way === "inband"),
  ];
  if (all.length === 0) return ["info"];
  return came && all.includes(came) ? [came, ...all.filter((way) => way !== came)] : all;
}

/**
 * The ways of a door's code. Where its method is a guess, RFC 4733 follows if the call has agreed on it: a device that refuses
 * an INFO for its kind has done nothing.
 */
export function waysOfCode(
  leg: Leg,
  { codeBy, guessed }: { codeBy: DtmfMethod; guessed: boolean },
): readonly DtmfWay[] {
  const ways = waysTo(leg, codeBy);
  return guessed && leg.session.digitWays.includes("rfc4733") ? [...new Set([...ways, "rfc4733" as const])] : ways;
}

/** Digits that the flow wants to be sent in a visit; what is not given stands in the settings of whom they go to. */
export interface DigitWish extends Partial<DtmfTiming> {
  /** `door` where it is absent. */
  readonly to?: "door" | "answerer";
  readonly method?: DtmfMethod;
}

/** Sends digits to a leg; what is not given stands in its settings. Never rejects. */
export function sendTo(
  leg: Leg,
  clock: Clock,
  digits: string,
  how: Partial<DtmfTiming> & { readonly method?: DtmfMethod; readonly ways?: readonly DtmfWay[] } = {},
): Promise<DtmfSent> {
  const { call, session } = leg;
  const { method, ...usual } = session.dtmf;
  const timing = { durationMs: how.durationMs ?? usual.durationMs, gapMs: how.gapMs ?? usual.gapMs };
  return sendDigits(clock, digits, how.ways ?? waysTo(leg, how.method ?? method), timing, async (way, digit) => {
    if (byInfo(way)) {
      const { contentType, body } = dtmfInfo(way === "info" ? "dtmf-relay" : "dtmf", digit, timing.durationMs);
      return call.info(contentType, body);
    }
    if (await session.sendDigit({ digit, way, ...timing })) return 200;
    return call.end ? 481 : 488;
  });
}

/** As `sendTo`, to `who`. @throws PorteroError `refused` */
export async function mustTake(
  leg: Leg,
  who: string,
  clock: Clock,
  digits: string,
  how: Omit<DigitWish, "to">,
): Promise<void> {
  const sent = await sendTo(leg, clock, digits, how);
  if (sent.status !== 200) throw giveUp("refused", `${who} did not take the digits: ${whyNot(sent)}`);
}

/** Why digits did not arrive, as the end of a sentence. Holds none of them. */
export function whyNot({ way, status }: DtmfSent): string {
  if (status === 481) return "the call is over";
  if (status === 488) {
    if (way === "rfc4733") return "it takes no digits by RFC 4733 in this call: choose another method, or automatic";
    if (way === "inband") return "tones need PCMA, PCMU or G722 and a call that is not on hold: choose another method";
  }
  return typeof status === "number" ? `it refused them with ${status}` : `no answer came (${status})`;
}
