// How the calls of an endpoint are kept: reliable provisional responses and the session timer (A9).
import { checker } from "../../schema.ts";

export interface CallSettings {
  /**
   * Whether "it rings" is sent so that it is acknowledged, where the other side can (RFC 3262). Who demands it gets it in
   * any case.
   */
  readonly reliable: boolean;
  /** Seconds after which a call that was not refreshed is over; absent = we ask for none, and keep those asked of us. */
  readonly sessionExpires?: number;
  /** Who is to refresh where that is ours to say: the side that called, or the one that was called. */
  readonly refresher: "uac" | "uas";
  /** Names of headers of an INVITE that are told with the call. */
  readonly headers: readonly string[];
}

/** RFC 4028 §5: no session may be shorter. */
export const leastExpires = 90;

export const usualCalls: CallSettings = { reliable: true, refresher: "uac", headers: [] };

/** Names of headers to be shown; never those that hold what a password could be found by. */
const headerNames = {
  type: "array",
  maxItems: 20,
  items: {
    type: "string",
    maxLength: 64,
    pattern: "^(?!(?:[Pp]roxy-|[Ww]{3}-)?[Aa]uth|[Cc]ookie)[A-Za-z0-9.!%*_+`'~-]+$",
  },
} as const;

export const callsSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    reliable: { type: "boolean", default: true },
    sessionExpires: { type: "integer", minimum: leastExpires, maximum: 7200 },
    refresher: { enum: ["uac", "uas"], default: "uac" },
    headers: { ...headerNames, default: [] },
  },
} as const;

/** The settings as a dialog or a file gives them. @throws PorteroError `invalid`, naming the field */
export const checkCalls = checker("calls", callsSchema);
