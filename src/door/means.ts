// By which means a door can be opened once, and how that ended.
import type { DtmfSent } from "../dtmf.ts";
import type { HttpClient } from "../http.ts";

export type OpeningMethod = "dtmf-rfc4733" | "dtmf-info" | "dtmf-inband" | "http";

/** The two steps of a plan. */
export type OpeningStep = "dtmf" | "http";

/** Which steps are taken, in their order; `auto`: those that can be, the likeliest first. */
export const openingPlans = ["auto", "dtmf-http", "http-dtmf", "dtmf", "http"] as const;

/** Ways to reach the door for one opening. */
export interface Means {
  /** Sends digits in the door's call, in the door's way; never rejects. Absent: no call stands. */
  readonly sendDigits?: (digits: string) => Promise<DtmfSent>;
  /** It answers a bell that rings first, and phones stop ringing. */
  readonly answersFirst?: boolean;
  readonly http?: Pick<HttpClient, "request">;
  /** Host of the registered contact. */
  readonly address?: string;
  /** Called where the door certainly did nothing. */
  readonly untouched?: () => void;
}

export interface Step {
  readonly ok: boolean;
  readonly method?: OpeningMethod;
  /** Whether the device proved that it opened; false = it answered and did not; absent = it cannot tell. */
  readonly confirmed?: boolean;
  /** The door certainly did nothing, so that another way may be tried. */
  readonly untouched?: boolean;
  readonly reason: string;
}
