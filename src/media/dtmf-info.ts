// DTMF digits in the body of a SIP INFO (RFC 6086 says how INFO travels; the two bodies are common practice without a
// standard): `application/dtmf-relay` (Signal=5, Duration=160) and `application/dtmf` (the bare digit).
import { keys } from "../dtmf.ts";
import { giveUp } from "../errors.ts";

export type DtmfInfoKind = "dtmf-relay" | "dtmf";

// Far longer than anybody holds a key; what claims more is noise.
const longestMs = 60_000;

/** The INFO body for one digit (`0-9 * # A-D`); `durationMs` is only carried by `dtmf-relay`. */
export function dtmfInfo(kind: DtmfInfoKind, digit: string, durationMs: number): { contentType: string; body: string } {
  const key = digit.toUpperCase();
  if (key.length !== 1 || !keys.includes(key)) {
    throw giveUp("bad-digit", "A door code can only hold the keys 0-9, *, # and A-D.");
  }
  if (kind === "dtmf") return { contentType: "application/dtmf", body: key };
  const duration = Math.min(longestMs, Math.max(1, Math.round(durationMs)));
  return { contentType: "application/dtmf-relay", body: `Signal=${key}\r\nDuration=${duration}\r\n` };
}

/** The digit in an INFO body, or undefined when it holds none we understand. Never throws. */
export function parseDtmfInfo(contentType: string, body: string): { digit: string; durationMs?: number } | undefined {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/dtmf-relay" && type !== "application/dtmf") return undefined;
  const text = body.slice(0, 1000);
  // Devices are known to send the key=value form under the short content type too, so the body decides.
  const signal = field(text, "signal");
  const bare = signal === undefined && type === "application/dtmf" ? text.trim() : undefined;
  const digit = digitOf(signal ?? bare ?? "");
  if (digit === undefined) return undefined;
  const duration = field(text, "duration");
  const durationMs = duration !== undefined && /^\d{1,5}$/.test(duration) ? Number(duration) : 0;
  return durationMs > 0 && durationMs <= longestMs ? { digit, durationMs } : { digit };
}

function field(text: string, name: string): string | undefined {
  for (const line of text.split(/\r\n|\r|\n/)) {
    const equals = line.indexOf("=");
    if (equals > 0 && line.slice(0, equals).trim().toLowerCase() === name) return line.slice(equals + 1).trim();
  }
  return undefined;
}

/** Some devices send the event numbers of RFC 4733 instead of the keys: 10 for `*`, 11 for `#`, 12-15 for A-D. */
function digitOf(signal: string): string | undefined {
  if (/^1[0-5]$/.test(signal)) return keys[Number(signal)];
  const key = signal.toUpperCase();
  return key.length === 1 && keys.includes(key) ? key : undefined;
}
