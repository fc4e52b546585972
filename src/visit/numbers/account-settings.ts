// The form of an account (A2–A6), checked: what SIP needs of it, and what the house does with it.
import { giveUp } from "../../errors.ts";
import { dtmfMethods, type DtmfMethod } from "../../dtmf.ts";
import { encryptions, type Encryption } from "../../media/sdes.ts";
import { holdsPassword, noPassword, numberSchema } from "../../number.ts";
import { checker } from "../../schema.ts";
import { Secret } from "../../secret.ts";
import type { AccountSettings, ServerSettings } from "../../sip/account/settings.ts";

/** A dialled number that begins with `prefix` goes by the account, without its first `strip` digits, behind `prepend`. */
export interface PrefixRule {
  readonly prefix: string;
  readonly strip?: number;
  readonly prepend?: string;
}

/** What becomes of a call that comes in: a visit at a door, targets that ring, or a refusal. */
export type Incoming =
  { readonly door: string } | { readonly targets: readonly string[] } | { readonly refuse: number };

export interface LineSettings extends AccountSettings {
  readonly prefixes?: readonly PrefixRule[];
  /** Numbers go out by this account, too, that are none here and begin with nobody's prefix (A2: the default account). */
  readonly otherNumbers?: boolean;
  /** Refused with 480 where it is absent. */
  readonly incoming?: Incoming;
  /** Whether what a door's bell dials may go out by a prefix of this account. */
  readonly doorsMayDial?: boolean;
  /** Whether SRTP is offered to the server, or insisted on; `off` where it is absent. What it offers is always taken. */
  readonly encryption?: Encryption;
  /** How digits reach the server; found out by each call where it is absent. */
  readonly dtmf?: DtmfMethod;
  /** The codes that switch "do not disturb" on and off at the server (A5). */
  readonly dndOn?: string;
  readonly dndOff?: string;
  /** The status that calls in are refused with meanwhile. */
  readonly dndStatus?: number;
}

const host = { type: "string", pattern: "^(?:[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+)$", maxLength: 253 } as const;
const proxy = {
  type: "string",
  pattern: "^(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(?::\\d{1,5})?$",
  maxLength: 260,
} as const;
const digits = { type: "string", pattern: "^[0-9+*#]{0,32}$" } as const;
const status = { type: "integer", minimum: 400, maximum: 699 } as const;

const server = {
  server: host,
  port: { type: "integer", minimum: 1, maximum: 65535 },
  transport: { enum: ["udp", "tcp", "tls", "ws", "wss"] },
  user: numberSchema,
  login: { type: "string", pattern: '^[^"\\\\\\s]{1,128}$' },
  displayName: { type: "string", maxLength: 100 },
  expires: { type: "integer", minimum: 10, maximum: 86400 },
  proxy,
  backupProxy: proxy,
} as const;

const required = ["server", "user"] as const;

const check = checker("account", {
  type: "object",
  required: ["name", ...required],
  additionalProperties: false,
  properties: {
    ...server,
    name: { type: "string", pattern: "^[A-Za-z0-9._-]{1,64}$" },
    label: { type: "string", maxLength: 100 },
    second: { type: "object", required, additionalProperties: false, properties: server },
    identity: { enum: ["none", "asserted", "preferred"] },
    retrySeconds: { type: "number", minimum: 0.1, maximum: 1800 },
    returnSeconds: { type: "number", minimum: 0.1, maximum: 3600 },
    prefixes: {
      type: "array",
      maxItems: 100,
      items: {
        type: "object",
        required: ["prefix"],
        additionalProperties: false,
        properties: {
          prefix: { type: "string", pattern: "^[0-9+*#]{1,32}$" },
          strip: { type: "integer", minimum: 0, maximum: 32 },
          prepend: digits,
        },
      },
    },
    otherNumbers: { type: "boolean" },
    incoming: {
      type: "object",
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: {
        door: { type: "string", minLength: 1, maxLength: 64 },
        targets: { type: "array", minItems: 1, maxItems: 100, items: { type: "string", minLength: 1, maxLength: 256 } },
        refuse: status,
      },
    },
    doorsMayDial: { type: "boolean" },
    encryption: { enum: encryptions },
    dtmf: { enum: dtmfMethods },
    dndOn: numberSchema,
    dndOff: numberSchema,
    dndStatus: status,
  },
});

/** @throws PorteroError `invalid`, naming the field */
export function checkAccount(settings: LineSettings): LineSettings {
  const { password: _, key: __, second, ...form } = settings;
  const { password: ___, ...secondForm } = second ?? { password: undefined };
  check({ ...form, ...(second && { second: secondForm }) });
  // Passwords stay out of the checker, which quotes what it refuses.
  const servers: readonly [string, ServerSettings | undefined][] = [
    ["password", settings],
    ["second.password", second],
  ];
  for (const [field, one] of servers) {
    if (one && !((one.password as unknown) instanceof Secret && one.password.reveal() !== ""))
      throw giveUp(
        "invalid",
        `account: ${field} is missing: enter the password that the server knows for ${one.user}`,
        {
          data: { field },
        },
      );
    if (one?.backupProxy !== undefined && one.proxy === undefined)
      throw giveUp("invalid", "account: backupProxy stands alone: enter it as proxy, or a main proxy before it");
  }
  const { incoming = { refuse: 480 } } = settings;
  if ("targets" in incoming && incoming.targets.some(holdsPassword))
    throw giveUp("invalid", `account: incoming: ${noPassword}`, { data: { field: "incoming" } });
  for (const { prefix, strip = 0 } of settings.prefixes ?? [])
    if (strip > prefix.length)
      throw giveUp("invalid", `account: prefix ${prefix} has ${prefix.length} digits, so ${strip} cannot be taken off`);
  return settings;
}
