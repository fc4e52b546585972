// What a switchboard is given: where it listens, and the numbers that phones register for.
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { DigestAlgorithm } from "../digest.ts";
import { giveUp } from "../errors.ts";
import { defaultPorts, type MediaDeps } from "../media/media.ts";
import { numberSchema } from "../number.ts";
import { checker } from "../schema.ts";
import type { Secret } from "../secret.ts";
import { usualExpiry, type Expiry } from "../sip/registrar/registrar.ts";
import type { TraceLimits } from "../sip/trace/trace.ts";
import type { CallSettings } from "../sip/dialog/settings.ts";
import type { ListenerOptions } from "../sip/transport/flow.ts";
import { deviceFields, type DeviceOptions } from "./numbers/devices.ts";
import type { DirectSettings } from "./numbers/outside.ts";
import type { CodeOptions } from "./presses/door-codes.ts";

export interface SwitchboardOptions {
  readonly sip: {
    readonly listeners: readonly ListenerOptions[];
    readonly realm?: string;
    readonly expiry?: Expiry;
    /** How passwords are asked for, in the order in which it is offered; MD5 alone where it is absent. */
    readonly algorithms?: readonly DigestAlgorithm[];
    /** Limits, bans, who may call (A8): as `checkGuard` takes them. */
    readonly guard?: unknown;
    /** Calls of phones at once; the media ports decide where it is absent. Calls of doors are always taken. */
    readonly maxCalls?: number;
    readonly trace?: TraceLimits;
    readonly calls?: Partial<CallSettings>;
  };
  /** The folder for what outlives the process: who is registered, who wants no calls. Nothing does where it is absent. */
  readonly folder?: string;
  /** Door codes: the folder that keeps them. They are forgotten with the process where it is absent. */
  readonly codes?: CodeOptions;
  /** The folder for recordings; none are kept where it is absent. */
  readonly recordings?: string;
  /** For every number that has none of its own. */
  readonly devices?: DeviceOptions;
  /** The numbers that a phone dials to switch "do not disturb" on and off (A5); absent = none. */
  readonly dndCodes?: { readonly on?: string; readonly off?: string };
  readonly media?: {
    readonly bind?: string;
    readonly advertise?: string;
    readonly ports?: readonly [number, number];
    /** So often, in seconds, a visit that talks tells of its media; 0 = never, which is the default. */
    readonly statsSeconds?: number;
    /** Where rtpengines listen for the ng protocol, `host:port`, in the order in which they are asked; absent = our own engine. */
    readonly rtpengine?: readonly string[];
    /** Where those send the digits that they hear (their --dtmf-log-dest): `host:port` of this machine; absent = nowhere. */
    readonly rtpengineDigits?: string;
    /** Starts the media worker, in the place of the one of this package. */
    readonly spawn?: NonNullable<MediaDeps["spawn"]>;
  };
  readonly direct?: DirectSettings;
  readonly clock?: Clock;
  readonly log?: Log;
}

/**
 * How many calls of phones the media ports are enough for, with room left for doors: a call that rings two devices has
 * three pairs, and a closed pair rests. Those of rtpengine are its own affair.
 */
export function callsFor({
  ports: [first, last] = defaultPorts,
  rtpengine = [],
}: SwitchboardOptions["media"] = {}): number {
  const any = last === 0 || rtpengine.length > 0;
  return any ? 1000 : Math.max(1, Math.floor((last - first + 1) / 2 / 4));
}

export const usualDndCodes = { on: "78", off: "79" } as const;

/** A number that phones register for. */
export interface ExtensionSettings extends DeviceOptions {
  readonly extension: string;
  readonly name: string;
  /** Authentication user; the extension where it is absent. */
  readonly login?: string;
  readonly password: Secret;
  /** Devices at once, 10 where it is absent. */
  readonly maxContacts?: number;
}

/** @throws PorteroError `invalid`, naming the field */
export const checkExtension = checker("extension", {
  type: "object",
  required: ["extension", "name"],
  properties: {
    extension: numberSchema,
    name: { type: "string", maxLength: 100 },
    login: { type: "string", pattern: '^[^"\\\\\\s]{1,64}$' },
    maxContacts: { type: "integer", minimum: 1, maximum: 100 },
    ...deviceFields,
  },
});

/**
 * The registration times of an endpoint.
 * @throws PorteroError `invalid`, naming the field
 */
export function checkExpiry(expiry: Partial<Expiry>): Expiry {
  const { least, usual, most } = checkTimes({ ...usualExpiry, ...expiry });
  if (least <= usual && usual <= most) return { least, usual, most };
  throw giveUp(
    "invalid",
    `registration times: the shortest is ${least} s, the usual ${usual} s, the longest ${most} s: put them in that order`,
    { data: { field: "expiry" } },
  );
}

const seconds = { type: "integer", minimum: 10, maximum: 604_800 } as const;
const checkTimes = checker("registration times", {
  type: "object",
  required: ["least", "usual", "most"],
  properties: { least: seconds, usual: seconds, most: seconds },
});
