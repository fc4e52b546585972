// How one opening is carried out (X5): DTMF in the door's way and the relay's HTTP call, in the order of its plan. Never a
// second way after the door may have taken the first: a bistable relay would toggle twice. No sentence made here holds a digit.
import type { Clock } from "../clock.ts";
import { byInfo, wayName, type DtmfWay } from "../dtmf.ts";
import { openByHttp, whyNotByHttp } from "./http-opening.ts";
import type { Relay } from "./relays.ts";
import type { DoorSettings } from "./settings.ts";
import type { Means, OpeningMethod, OpeningStep, Step } from "./means.ts";

/** One door's one relay, and how it can be reached now. */
export interface Aim {
  readonly door: DoorSettings;
  readonly relay: Relay;
  readonly means: Means;
}

/** What can be tried now, in order. `first`: what opened the door when the other step had been refused. */
export function stepsFor(aim: Aim, first?: OpeningStep): readonly OpeningStep[] {
  const { openBy = "auto" } = aim.door;
  const auto = first === "http" || aim.means.answersFirst ? (["http", "dtmf"] as const) : (["dtmf", "http"] as const);
  const steps = openBy === "auto" ? auto : (openBy.split("-") as OpeningStep[]);
  return steps.filter((step) => (step === "dtmf" ? whyNotByDtmf(aim) : whyNotHttp(aim)) === undefined);
}

/** Why it cannot be opened, and what to do. */
export function whyNoMeans(aim: Aim): string {
  const { openBy = "auto" } = aim.door;
  const only = "and nothing else may open it (the door's form says so)";
  if (openBy === "dtmf") return `${whyNotByDtmf(aim) ?? ""}, ${only}`;
  if (openBy === "http") return `${whyNotHttp(aim) ?? ""}, ${only}`;
  const http = whyNotHttp(aim) ?? "nothing opened it by HTTP";
  return `${whyNotByDtmf(aim) ?? ""}, and ${http}${aim.door.make.opening ? "" : ": nothing to open it with"}`;
}

function whyNotByDtmf({ relay, means }: Aim): string | undefined {
  if (relay.code.reveal() === "") return `${relay.name ?? "the door"} has no DTMF code (enter it in the door's form)`;
  return means.sendDigits ? undefined : "no call with the door is up (answer the bell first)";
}

const whyNotHttp = (aim: Aim): string | undefined => whyNotByHttp(doorFor(aim), aim.door.make, aim.means);

// Where a device wants its code by HTTP, a relay without one of its own is opened with the door's.
const doorFor = ({ door, relay }: Aim): DoorSettings =>
  relay.code.reveal() === "" ? door : { ...door, code: relay.code };

/**
 * Opens once, by the first of the steps that the door does not certainly refuse. `by` says which step that was, `after` that
 * another had been refused. Never rejects.
 */
export async function carryOut(
  clock: Clock,
  aim: Aim,
  steps: readonly OpeningStep[],
): Promise<Step & { readonly by?: OpeningStep; readonly after?: boolean }> {
  let refused: Step | undefined;
  for (const by of steps) {
    const { door, relay, means } = aim;
    const made =
      by === "http"
        ? await openByHttp(clock, doorFor(aim), door.make, means, relay.number)
        : await byDtmf(relay.code.reveal(), means);
    if (made.ok || !made.untouched) return { ...made, by, after: refused !== undefined };
    refused = refused ? { ...refused, reason: `${refused.reason}; then ${made.reason}` } : made;
  }
  return refused ?? { ok: false, reason: whyNoMeans(aim) };
}

async function byDtmf(code: string, { sendDigits }: Means): Promise<Step> {
  if (!sendDigits) return { ok: false, untouched: true, reason: "no call with the door is up" };
  const { way, status, taken } = await sendDigits(code);
  const method = way && methods[way];
  const step = (ok: boolean, reason: string, untouched = false): Step => ({
    ...{ ok, reason, ...(untouched && { untouched }) },
    ...(method === undefined ? {} : { method }),
  });
  if (way && status === 200) return step(true, `opened by DTMF (${wayName(way)})`);
  if (typeof status === "string")
    return step(false, `the door did not answer the DTMF code (${status}): try again, or look whether it opened`);
  const { reason, untouched } = refusal(way, status, taken);
  return step(false, reason, untouched);
}

const methods = {
  rfc4733: "dtmf-rfc4733",
  info: "dtmf-info",
  "info-dtmf": "dtmf-info",
  inband: "dtmf-inband",
} as const satisfies Record<DtmfWay, OpeningMethod>;

function refusal(way: DtmfWay | undefined, status: number, taken: number): Pick<Step, "reason" | "untouched"> {
  if (taken > 0) return { reason: `the door took the beginning of the code and then answered ${status}: try again` };
  // A time-out on the way (RFC 3261 §21.4.9, §21.5.5) says nothing about whether the digit arrived.
  if (status === 408 || status === 504)
    return { reason: `the door did not answer the DTMF code (${status}): try again, or look whether it opened` };
  if (status === 481) return { reason: "the call with the door is over (481): let it ring again", untouched: true };
  if (way && !byInfo(way))
    return {
      reason: `the door takes no digits by ${wayName(way)} in this call: choose another method in the door's form, or automatic`,
      untouched: true,
    };
  return {
    reason: `the door refuses DTMF by SIP INFO (${status}): switch on DTMF by INFO in the door station, or choose another method in the door's form`,
    untouched: true,
  };
}
