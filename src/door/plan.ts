// How one opening is carried out (X5): DTMF by INFO in the preset's way, else the relay's HTTP call. Never a second way
// after the door may have taken the first: a bistable relay would toggle twice. No sentence made here holds a digit.
import type { Clock } from "../clock.ts";
import { PorteroError, sentence } from "../errors.ts";
import type { HttpClient } from "../http.ts";
import type { Preset } from "./presets.ts";
import type { DoorSettings } from "./settings.ts";
import { doorUrls, webCredentials } from "./urls.ts";

export type DtmfKind = Preset["dtmf"]["contentType"];

/** Ways to reach the door for one opening. */
export interface Means {
  /** Sends one digit as SIP INFO in the door's call; gives the answer's SIP status. Absent: no call stands. */
  readonly sendDigit?: (kind: DtmfKind, digit: string, durationMs: number) => Promise<number>;
  readonly http?: Pick<HttpClient, "request">;
  /** Host of the registered contact. */
  readonly address?: string;
}

export interface Step {
  readonly ok: boolean;
  readonly method?: "dtmf-info" | "http";
  readonly reason: string;
}

/** `refused` = the door certainly did nothing, so that another way may be tried. */
type DtmfStep = Step & { readonly refused?: boolean };

const pauseMs = 500;
// One second more than a SIP transaction (RFC 3261 §17.1.2.2, timer F) and far more than a relay's answer takes: a way
// that never answers must not lock the door for ever.
const answerMs = 33_000;
const relayMs = 5_000;

/** True if this door can be opened with these means: there is something to send. */
export function hasMeans(door: DoorSettings, preset: Preset, means: Means): boolean {
  return (means.sendDigit !== undefined && door.code.reveal() !== "") || relayUrl(door, preset, means) !== undefined;
}

/** Why it cannot, and what to do. */
export function whyNoMeans(door: DoorSettings, preset: Preset, means: Means): string {
  const code =
    door.code.reveal() === ""
      ? "the door has no DTMF code (enter it in the door's form)"
      : "no call with the door is up (answer the bell first)";
  if (preset.relay === undefined) return `${code}, and its preset knows no HTTP relay: nothing to open it with`;
  const relay = means.http === undefined ? "no HTTP client is at hand" : "the relay's address is not known";
  return `${code}, and ${relay}: enter the device's address in the door's form or let it register`;
}

/** Opens once. Never rejects. */
export async function carryOut(clock: Clock, door: DoorSettings, preset: Preset, means: Means): Promise<Step> {
  const dtmf = door.code.reveal() === "" ? undefined : await byDtmf(clock, door, preset, means);
  if (dtmf && (dtmf.ok || !dtmf.refused)) return dtmf;
  const url = relayUrl(door, preset, means);
  if (url !== undefined) return byRelay(clock, door, preset, means, url);
  return dtmf ?? { ok: false, reason: whyNoMeans(door, preset, means) };
}

async function byDtmf(clock: Clock, door: DoorSettings, preset: Preset, means: Means): Promise<DtmfStep | undefined> {
  const { sendDigit } = means;
  if (!sendDigit) return undefined;
  const method = "dtmf-info";
  const { durationMs, gapMs } = preset.dtmf;
  let kind = preset.dtmf.contentType;
  const send = (digit: string) => answered(clock, () => sendDigit(kind, digit, durationMs));

  let taken = false;
  for (const digit of door.code.reveal()) {
    if (digit === ",") {
      await clock.sleep(pauseMs);
      continue;
    }
    if (taken) await clock.sleep(durationMs + gapMs);
    let status = await send(digit);
    // 405 Method Not Allowed, 415 Unsupported Media Type, 501 Not Implemented (RFC 6086 §4.2.2): some know only one body.
    if (!taken && (status === 405 || status === 415 || status === 501)) {
      kind = kind === "dtmf-relay" ? "dtmf" : "dtmf-relay";
      status = await send(digit);
    }
    if (typeof status === "string")
      return {
        ok: false,
        method,
        reason: `the door did not answer the DTMF code (${status}): try again, or look whether it opened`,
      };
    if (status < 200 || status >= 300) return { ok: false, method, ...refusal(status, taken) };
    taken = true;
  }
  return { ok: true, method, reason: `opened by DTMF (INFO application/${kind})` };
}

function refusal(status: number, taken: boolean): { reason: string; refused?: boolean } {
  if (taken) return { reason: `the door took the beginning of the code and then answered ${status}: try again` };
  // A time-out on the way (RFC 3261 §21.4.9, §21.5.5) says nothing about whether the digit arrived.
  if (status === 408 || status === 504)
    return { reason: `the door did not answer the DTMF code (${status}): try again, or look whether it opened` };
  if (status === 481) return { reason: "the call with the door is over (481): let it ring again", refused: true };
  return {
    reason: `the door refuses DTMF by SIP INFO (${status}): switch on DTMF by INFO in the door station`,
    refused: true,
  };
}

// The status, or a word on why there is none; the error's own sentence might quote the digit.
async function answered(clock: Clock, send: () => Promise<number>): Promise<number | string> {
  const done = new AbortController();
  const tooLong = clock.sleep(answerMs, done.signal).then(() => "no answer");
  try {
    return await Promise.race([send(), tooLong]);
  } catch (error) {
    return error instanceof PorteroError ? error.code : "sending failed";
  } finally {
    done.abort();
  }
}

function relayUrl(door: DoorSettings, preset: Preset, means: Means): string | undefined {
  return means.http === undefined ? undefined : doorUrls(door, preset, { address: means.address }).relay;
}

async function byRelay(clock: Clock, door: DoorSettings, preset: Preset, means: Means, url: string): Promise<Step> {
  const { relay } = preset;
  const { http } = means;
  if (!relay || !http) return { ok: false, reason: whyNoMeans(door, preset, means) };
  const failed = (reason: string): Step => ({ ok: false, method: "http", reason });
  const done = new AbortController();
  const tooLong = clock.sleep(answerMs, done.signal).then(() => undefined);
  try {
    const request = http.request({
      url,
      method: relay.method,
      what: "The door's relay",
      once: true,
      timeoutMs: relayMs,
      maxBytes: 65_536,
      ...webCredentials(door, relay.credentials),
      ...(relay.body === undefined ? {} : { body: relay.body }),
      ...(door.verifyTls === undefined ? {} : { verifyTls: door.verifyTls }),
      ...(door.pin === undefined ? {} : { pin: door.pin }),
      signal: done.signal,
    });
    const answer = await Promise.race([request, tooLong]);
    if (!answer) return failed("the door's relay gave no answer: look whether it opened");
    if (answer.status === 401 || answer.status === 403)
      return failed(
        `the door's relay refused the user, password or right (HTTP ${answer.status}): check the device's account`,
      );
    if (answer.status < 200 || answer.status >= 300)
      return failed(`the door's relay answered HTTP ${answer.status}: check preset and address`);
    if (relay.accepted !== undefined && !new RegExp(relay.accepted).test(answer.body.toString("utf8")))
      return failed(
        "the door's relay answered, but did not open: check the account's right to switch and the switch's number",
      );
    return { ok: true, method: "http", reason: "opened by the relay's HTTP call" };
  } catch (error) {
    return failed(sentence(error));
  } finally {
    done.abort();
  }
}
