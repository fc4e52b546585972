// What is special about the devices of one number (H1): their codecs, whether their sound is encrypted, how they are answered and
// asked, what callers hear while they want no calls (A5). Each is absent where nothing was set.
import { codecNames, isUnderstood, type CodecName } from "../../media/codec.ts";
import { dtmfMethods, timingLimits, usualDtmf, type DtmfMethod, type DtmfOptions } from "../../dtmf.ts";
import { encryptions, type Encryption } from "../../media/sdes.ts";
import { webrtcModes, type WebrtcMode } from "../../media/webrtc.ts";
import { giveUp } from "../../errors.ts";
import { checker } from "../../schema.ts";
import type { Flow } from "../../sip/transport/flow.ts";
import type { Qualify } from "../../sip/registrar/qualify.ts";

export interface DeviceOptions {
  /** What is offered to the device and taken from it, in this order; all that we know where it is absent. */
  readonly codecs?: readonly CodecName[];
  /** Of these, only those in which tones of keys are found, to be taken out of the sound: no setting, but what a door's rights need. */
  readonly understood?: boolean;
  /** Whether SRTP is offered to the device, or insisted on; `off` where it is absent. What it offers is always taken. */
  readonly encryption?: Encryption;
  /**
   * Whether the device is a browser: `auto`, where it is absent, takes what calls as one for one, and what has registered by
   * a WebSocket.
   */
  readonly webrtc?: WebrtcMode;
  /** How digits are sent to the device; `auto` where it is absent, for a door as its preset knows. */
  readonly dtmf?: DtmfMethod;
  /** How long a digit lasts, and how long the gap after it, in milliseconds. */
  readonly dtmfMs?: number;
  readonly dtmfGapMs?: number;
  /** Looks for digits as tones in what the device sends; absent: where it is sent tones. */
  readonly dtmfTones?: boolean;
  /** The device may send its media to the other side's, past us, where both may. */
  readonly directMedia?: boolean;
  /** Where answers go over UDP: true = where the request came from, false = to the port in Via; else as the device asks. */
  readonly rport?: boolean;
  /** Seconds between two questions whether the device is there; 0 = none. Absent: only behind NAT. */
  readonly qualifySeconds?: number;
  /** The device is forgotten after so many unanswered questions; 0 = never. */
  readonly qualifyDropAfter?: number;
  /** Calls at once of each device, whoever began them; it is busy for another one. Absent: as many as it takes. */
  readonly maxCalls?: number;
  /** The status that callers get while the number wants no calls. */
  readonly dndStatus?: number;
}

const milliseconds = ([minimum, maximum]: readonly [number, number]) =>
  ({ type: "integer", minimum, maximum }) as const;

/** Their fields, for a JSON schema. */
export const deviceFields = {
  codecs: { type: "array", minItems: 1, uniqueItems: true, items: { enum: codecNames } },
  encryption: { enum: encryptions },
  webrtc: { enum: webrtcModes },
  rport: { type: "boolean" },
  dtmf: { enum: dtmfMethods },
  dtmfMs: milliseconds(timingLimits.durationMs),
  dtmfGapMs: milliseconds(timingLimits.gapMs),
  dtmfTones: { type: "boolean" },
  directMedia: { type: "boolean" },
  qualifySeconds: { type: "integer", minimum: 0, maximum: 3600 },
  qualifyDropAfter: { type: "integer", minimum: 0, maximum: 100 },
  maxCalls: { type: "integer", minimum: 1, maximum: 100 },
  dndStatus: { type: "integer" },
} as const;

/** For a call to a device by a way that it has come by: pages come by WebSocket (RFC 7118). */
export const calledBy = ({ transport }: Pick<Flow, "transport">, options: DeviceOptions): DeviceOptions =>
  transport.startsWith("WS") && (options.webrtc ?? "auto") === "auto" ? { ...options, webrtc: "required" } : options;

export const usualDndStatus = 486;

/** @throws PorteroError `invalid`, for a status that would not end the call at the caller */
export function checkDndStatus(status: number, what: string): number {
  const final = Number.isInteger(status) && ((status >= 400 && status < 500) || (status >= 600 && status < 700));
  // 401 and 407 ask for a password, and the caller would try again with one.
  if (final && status !== 401 && status !== 407) return status;
  throw giveUp(
    "invalid",
    `${what}: ${status} is no status to refuse a call with: use one from 400 to 499 or 600 to 699, such as 486 (busy), ` +
      "480 (not available) or 603 (declined); not 401 and 407",
    { data: { field: "dndStatus" } },
  );
}

const checkForm = checker("device", { type: "object", properties: deviceFields });

/** @throws PorteroError `invalid`, naming the field */
export function checkDevice(options: DeviceOptions, what: string): void {
  checkForm(options);
  if (options.dndStatus !== undefined) checkDndStatus(options.dndStatus, `${what}: dndStatus`);
  if (options.codecs && withoutSound(options.codecs))
    throw giveUp("invalid", `${what}: codecs has no codec for sound: add PCMA or PCMU`, { data: { field: "codecs" } });
}

export const withoutSound = (codecs: readonly CodecName[]): boolean => codecs.every((name) => name === "H264");

/** Whether tones of keys are found in none of them. */
export const isUnheard = (codecs: readonly CodecName[]): boolean => !codecs.some((name) => isUnderstood({ name }));

export const qualifyOf = ({ qualifySeconds: seconds, qualifyDropAfter: dropAfter }: DeviceOptions): Qualify => ({
  ...(seconds === undefined ? {} : { seconds }),
  ...(dropAfter === undefined ? {} : { dropAfter }),
});

export const dtmfOf = ({ dtmf, dtmfMs, dtmfGapMs, dtmfTones }: DeviceOptions): DtmfOptions => ({
  method: dtmf ?? usualDtmf.method,
  durationMs: dtmfMs ?? usualDtmf.durationMs,
  gapMs: dtmfGapMs ?? usualDtmf.gapMs,
  // Who is sent tones has nothing else to send either.
  tones: dtmfTones ?? dtmf === "inband",
});
