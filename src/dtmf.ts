// DTMF as all rooms speak of it: the keys, the ways by which a digit travels, and how a row of digits is sent when the
// first of them finds out which way the other side takes.
import type { Clock } from "./clock.ts";
import { PorteroError } from "./errors.ts";

/** In the order of their event numbers (RFC 4733 §3.2). */
export const keys = "0123456789*#ABCD";

/**
 * RTP events (RFC 4733), SIP INFO with `application/dtmf-relay` or with `application/dtmf`, tones in the sound. The other
 * INFO body is tried where a device refuses the one that was asked for.
 */
const dtmfWays = ["rfc4733", "info", "info-dtmf", "inband"] as const;
export type DtmfWay = (typeof dtmfWays)[number];

/** `auto`: the first of those that the other side takes. */
export const dtmfMethods = ["auto", ...dtmfWays] as const;
export type DtmfMethod = (typeof dtmfMethods)[number];

export interface DtmfTiming {
  readonly durationMs: number;
  /** Between the end of a digit and the next. */
  readonly gapMs: number;
}

/** What devices are known to take; door stations may need more. */
export const usualTiming: DtmfTiming = { durationMs: 160, gapMs: 100 };
/** How digits are sent to a device, and whether tones are looked for in what it sends: that costs, and a voice may sound so. */
export interface DtmfOptions extends DtmfTiming {
  readonly method: DtmfMethod;
  readonly tones: boolean;
}

export const usualDtmf: DtmfOptions = { ...usualTiming, method: "auto", tones: false };

/** ITU-T Q.24: a digit of less than 40 ms need not be recognised. */
export const timingLimits = { durationMs: [40, 5000], gapMs: [40, 5000] } as const;

/** Digits to send; a comma is a pause. */
export const isDigits = (text: string): boolean => /^[0-9A-D*#,]+$/i.test(text) && /[^,]/.test(text);
const pauseMs = 500;

export const byInfo = (way: DtmfWay): way is "info" | "info-dtmf" => way === "info" || way === "info-dtmf";

/** How people write it. */
export function wayName(way: DtmfWay): string {
  if (way === "rfc4733") return "RFC 4733";
  return way === "inband" ? "in-band tones" : `INFO application/${way === "info" ? "dtmf-relay" : "dtmf"}`;
}

/** Sends one digit and gives a SIP status, 200 for what has no answer. By INFO it is sent at once, else it takes its time. */
export type SendDigit = (way: DtmfWay, digit: string, timing: DtmfTiming) => Promise<number>;

export interface DtmfSent {
  readonly way: DtmfWay | undefined;
  /** The status of the last answer; a word on why there was none. */
  readonly status: number | string;
  /** How many digits were taken. */
  readonly taken: number;
}

// One second more than a SIP transaction (RFC 3261 §17.1.2.2, timer F): who never answers must not hold up for ever.
const answerMs = 33_000;

/**
 * Sends digits one after the other. The first goes by each of `ways` in turn while it is refused for its kind; after one
 * was taken the way stays, since the other side may have acted on it. Stops at the first that is refused. Never rejects.
 */
export async function sendDigits(
  clock: Clock,
  digits: string,
  ways: readonly DtmfWay[],
  timing: DtmfTiming,
  send: SendDigit,
): Promise<DtmfSent> {
  const left = [...ways];
  let way = left.shift();
  let taken = 0;
  let before: DtmfWay | undefined;
  for (const digit of digits.toUpperCase()) {
    if (digit === ",") {
      await clock.sleep(pauseMs);
      continue;
    }
    // An INFO says how long its digit lasts; that time is left to it.
    if (before && byInfo(before)) await clock.sleep(timing.durationMs + timing.gapMs);
    for (;;) {
      if (way === undefined) return { way, status: 488, taken };
      const by = way;
      const status = await answered(clock, byInfo(by) ? answerMs : answerMs + timing.durationMs + timing.gapMs, () =>
        send(by, digit, timing),
      );
      if (status === 200) break;
      if (typeof status === "number" && status > 200 && status < 300) break;
      const next = taken === 0 && unknownKind(status) ? left.shift() : undefined;
      if (next === undefined) return { way, status, taken };
      way = next;
    }
    taken++;
    before = way;
  }
  return { way, status: 200, taken };
}

/** 405 Method Not Allowed, 415 Unsupported Media Type, 501 Not Implemented (RFC 6086 §4.2.2); 488: no such way in this call. */
const unknownKind = (status: number | string): boolean =>
  status === 405 || status === 415 || status === 501 || status === 488;

// The status, or a word on why there is none; the error's own sentence might quote the digit.
async function answered(clock: Clock, ms: number, send: () => Promise<number>): Promise<number | string> {
  const done = new AbortController();
  const tooLong = clock.sleep(ms, done.signal).then(() => "no answer");
  try {
    return await Promise.race([send(), tooLong]);
  } catch (error) {
    return error instanceof PorteroError ? error.code : "sending failed";
  } finally {
    done.abort();
  }
}
