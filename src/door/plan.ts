// How one opening is carried out (X5): DTMF in the door's way, else the relay's HTTP call. Never a second way
// after the door may have taken the first: a bistable relay would toggle twice. No sentence made here holds a digit.
import type { Clock } from "../clock.ts";
import { byInfo, wayName, type DtmfSent, type DtmfWay } from "../dtmf.ts";
import type { HttpClient } from "../http.ts";
import { openByHttp, whyNotByHttp } from "./http-opening.ts";
import type { Preset } from "./presets.ts";
import type { DoorSettings } from "./settings.ts";

export type OpeningMethod = "dtmf-rfc4733" | "dtmf-info" | "dtmf-inband" | "http";

/** Ways to reach the door for one opening. */
export interface Means {
  /** Sends digits in the door's call, in the door's way; never rejects. Absent: no call stands. */
  readonly sendDigits?: (digits: string) => Promise<DtmfSent>;
  readonly http?: Pick<HttpClient, "request">;
  /** Host of the registered contact. */
  readonly address?: string;
}

export interface Step {
  readonly ok: boolean;
  readonly method?: OpeningMethod;
  /** Whether the device proved that it opened; false = it answered and did not; absent = it cannot tell. */
  readonly confirmed?: boolean;
  readonly reason: string;
}

/** `refused` = the door certainly did nothing, so that another way may be tried. */
type DtmfStep = Step & { readonly refused?: boolean };

/** True if this door can be opened with these means: there is something to send. */
export function hasMeans(door: DoorSettings, preset: Preset, means: Means): boolean {
  return (
    (means.sendDigits !== undefined && door.code.reveal() !== "") || whyNotByHttp(door, preset, means) === undefined
  );
}

/** Why it cannot, and what to do. */
export function whyNoMeans(door: DoorSettings, preset: Preset, means: Means): string {
  const code =
    door.code.reveal() === ""
      ? "the door has no DTMF code (enter it in the door's form)"
      : "no call with the door is up (answer the bell first)";
  const http = whyNotByHttp(door, preset, means);
  return `${code}, and ${http ?? "nothing opened it by HTTP"}${preset.opening ? "" : ": nothing to open it with"}`;
}

/** Opens once; `relay` is its number at the device. Never rejects. */
export async function carryOut(
  clock: Clock,
  door: DoorSettings,
  preset: Preset,
  means: Means,
  relay?: string,
): Promise<Step> {
  const code = door.code.reveal();
  const dtmf = code === "" ? undefined : await byDtmf(code, means);
  if (dtmf && (dtmf.ok || !dtmf.refused)) return dtmf;
  if (whyNotByHttp(door, preset, means) === undefined) return openByHttp(clock, door, preset, means, relay);
  return dtmf ?? { ok: false, reason: whyNoMeans(door, preset, means) };
}

async function byDtmf(code: string, { sendDigits }: Means): Promise<DtmfStep | undefined> {
  if (!sendDigits) return undefined;
  const { way, status, taken } = await sendDigits(code);
  const method = way && methods[way];
  const step = (ok: boolean, reason: string, refused = false): DtmfStep => ({
    ...{ ok, reason, ...(refused && { refused }) },
    ...(method === undefined ? {} : { method }),
  });
  if (way && status === 200) return step(true, `opened by DTMF (${wayName(way)})`);
  if (typeof status === "string")
    return step(false, `the door did not answer the DTMF code (${status}): try again, or look whether it opened`);
  const { reason, refused } = refusal(way, status, taken);
  return step(false, reason, refused);
}

const methods = {
  rfc4733: "dtmf-rfc4733",
  info: "dtmf-info",
  "info-dtmf": "dtmf-info",
  inband: "dtmf-inband",
} as const satisfies Record<DtmfWay, OpeningMethod>;

function refusal(way: DtmfWay | undefined, status: number, taken: number): { reason: string; refused?: boolean } {
  if (taken > 0) return { reason: `the door took the beginning of the code and then answered ${status}: try again` };
  // A time-out on the way (RFC 3261 §21.4.9, §21.5.5) says nothing about whether the digit arrived.
  if (status === 408 || status === 504)
    return { reason: `the door did not answer the DTMF code (${status}): try again, or look whether it opened` };
  if (status === 481) return { reason: "the call with the door is over (481): let it ring again", refused: true };
  if (way && !byInfo(way))
    return {
      reason: `the door takes no digits by ${wayName(way)} in this call: choose another method in the door's form, or automatic`,
      refused: true,
    };
  return {
    reason: `the door refuses DTMF by SIP INFO (${status}): switch on DTMF by INFO in the door station, or choose another method in the door's form`,
    refused: true,
  };
}
