// Digits as SIP devices send them: INFO bodies `application/dtmf-relay` and `application/dtmf` (no standard; as door
// stations and telephone systems write them) and the events of RFC 4733.

export type DigitsBy = "dtmf-relay" | "dtmf" | "rtp";
export type InfoKind = Exclude<DigitsBy, "rtp">;

/** In the order of RFC 4733 §3.2. */
const digits = "0123456789*#ABCD";

export const codeOf = (digit: string): number => digits.indexOf(digit.toUpperCase());
export const digitOf = (code: number): string | undefined => digits[code];

/** What can be dialled; "," stands for a pause. */
export const isDigits = (text: string): boolean => /^[0-9*#A-Da-d,]+$/.test(text);

export function writeInfo(kind: InfoKind, digit: string, durationMs: number): [contentType: string, body: string] {
  return kind === "dtmf"
    ? ["application/dtmf", digit]
    : ["application/dtmf-relay", `Signal=${digit}\r\nDuration=${durationMs}\r\n`];
}

/** The digit in an INFO: undefined where its type is another one, "" where it cannot be read. */
export function readInfo(contentType: string, body: string): { kind: InfoKind; digit: string } | undefined {
  if (contentType !== "application/dtmf-relay" && contentType !== "application/dtmf") return undefined;
  const kind = contentType === "application/dtmf" ? "dtmf" : "dtmf-relay";
  const signal = /^\s*Signal\s*=\s*(\S+)/im.exec(body)?.[1] ?? (kind === "dtmf" ? body.trim() : "");
  // Some write the event's number instead of the sign.
  const digit = signal.length === 2 ? (digitOf(Number(signal)) ?? "") : signal.toUpperCase();
  return { kind, digit: codeOf(digit) >= 0 && digit.length === 1 ? digit : "" };
}
