// The settings of an MQTT bridge, checked; credentials that stand in the URL are taken out of it (P7).
import { giveUp } from "../errors.ts";
import { splitCredentials } from "../http/credentials.ts";
import { checker } from "../schema.ts";
import { Secret } from "../secret.ts";
import type { Key } from "./signed.ts";
import { checkTemplate, templateSchema, type Template } from "./templates.ts";
import { isTopic } from "./topics.ts";

/** Who may open a door by a plain PRESS: nobody, only around a visit, or anybody on the broker at any time. */
export type CommandRule = "off" | "visit" | "always";

/** What else the doors are announced to, besides our own topics. */
export type Discovery = "off" | "home-assistant" | "homie" | "both";

export interface MqttSettings {
  /** `mqtt: mqtts: ws: wss:`, without user and password. */
  readonly url: string;
  readonly username?: string;
  readonly password?: Secret;
  /** Default: a new one each time. Two clients with the same id throw each other out. */
  readonly clientId?: string;
  /** Asked for first, and nothing else where it is given; by default 5, and 3.1.1 where the broker wants that. */
  readonly version?: "5" | "3.1.1";
  /** Seconds; half as many again without a word from the broker, and the connection counts as dead. */
  readonly keepAlive: number;
  /** The topics' first part; may hold slashes. */
  readonly base: string;
  readonly commands: CommandRule;
  /** Whoever signs with one of these may open at any time, whatever `commands` says. */
  readonly keys: readonly Key[];
  /** Take nothing unsigned on `call/set` and `dnd/set`. */
  readonly signedOnly: boolean;
  /** Retain the last picture on the broker, for everybody who may read there. */
  readonly snapshots: boolean;
  /** Publish pictures as text, too: base64 on `snapshot/base64`. */
  readonly base64: boolean;
  /** Messages of the user's own. */
  readonly messages: readonly Template[];
  /** Remove retained commands from the broker. */
  readonly clearRetained: boolean;
  readonly discovery: Discovery;
  /** Home Assistant's. */
  readonly discoveryPrefix: string;
  /** What a door is in Home Assistant: a strike is momentary, so a button says best what it does. */
  readonly openAs: "button" | "lock";
  /** Of node:tls: ca, cert, key, pfx, passphrase, rejectUnauthorized, servername, ALPNProtocols. */
  readonly tls?: Readonly<Record<string, unknown>>;
}

export const tlsNames = "ca cert key pfx passphrase rejectUnauthorized servername ALPNProtocols".split(" ");
const schemes = ["mqtt:", "mqtts:", "ws:", "wss:"];
const text = { type: "string" } as const;

const checkForm = checker("mqtt-bridge", {
  type: "object",
  required: ["url"],
  additionalProperties: false,
  properties: {
    url: text,
    username: text,
    password: text,
    clientId: { type: "string", maxLength: 128 },
    version: { enum: ["5", "3.1.1"] },
    keepAlive: { type: "integer", minimum: 1, maximum: 3600, default: 30 },
    base: { type: "string", maxLength: 200, default: "doorbell" },
    commands: { enum: ["off", "visit", "always"], default: "visit" },
    signedOnly: { type: "boolean", default: false },
    snapshots: { type: "boolean", default: false },
    base64: { type: "boolean", default: false },
    messages: { type: "array", items: templateSchema, maxItems: 50, default: [] },
    clearRetained: { type: "boolean", default: false },
    discovery: { enum: ["off", "home-assistant", "homie", "both"], default: "off" },
    discoveryPrefix: { type: "string", maxLength: 200, default: "homeassistant" },
    openAs: { enum: ["button", "lock"], default: "button" },
  },
});

/** Reads a bridge's form; the password may be text or a Secret, empty fields count as not given. @throws `invalid` */
export function checkMqtt(settings: unknown): MqttSettings {
  const { tls, keys, ...given } = (settings ?? {}) as Record<string, unknown>;
  const {
    url,
    username: user,
    password: secret,
    ...form
  } = checkForm(
    Object.fromEntries(
      Object.entries(given)
        .map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value] as const)
        .filter(([, value]) => value !== undefined && value !== null && value !== ""),
    ),
  );
  const refuse = (field: string, why: string) => giveUp("invalid", `mqtt-bridge: ${field} ${why}`, { data: { field } });

  const split = splitCredentials(url);
  if (!URL.canParse(split.url) || !schemes.includes(new URL(split.url).protocol) || new URL(split.url).hostname === "")
    throw refuse("url", "is not a broker's address: write it like mqtt://192.168.1.5:1883 or mqtts://broker.example");
  const { base, discoveryPrefix } = form;
  for (const [field, topic, like] of [
    ["base", base, "doorbell or home/doorbell"],
    ["discoveryPrefix", discoveryPrefix, "homeassistant"],
  ] as const)
    if (!isTopic(topic))
      throw refuse(field, `must be a topic such as ${like}, without # + $ and without / at its ends`);
  for (const template of form.messages) checkTemplate(template, base);
  const strange = Object.keys(tls ?? {}).find((name) => !tlsNames.includes(name));
  if (strange !== undefined) throw refuse("tls", `knows no ${strange.slice(0, 40)}: it takes ${tlsNames.join(", ")}`);
  const username = user ?? split.username;
  const password = secret === undefined ? split.password : new Secret(secret);
  if (password !== undefined && username === undefined)
    throw refuse("username", "is missing: a broker takes a password only with a user name");
  return {
    ...form,
    ...{ url: split.url, keys: checkKeys(keys) },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && tls !== null && { tls: tls as Record<string, unknown> }),
  };
}

/** @throws `invalid` that names the key, never its secret */
function checkKeys(keys: unknown): Key[] {
  const known = new Set<string>();
  return (Array.isArray(keys) ? (keys as readonly Partial<Key>[]) : []).map(({ name, secret }) => {
    const refuse = (why: string) => giveUp("invalid", `mqtt-bridge: ${why}`, { data: { field: "keys" } });
    if (name === undefined || !/^\P{C}{1,64}$/u.test(name)) throw refuse("a key needs a name of 1 to 64 letters");
    // Rights, which ask for names, make no difference of capitals; what is not signed is "mqtt" there.
    const lower = name.toLowerCase();
    if (lower === "mqtt") throw refuse('no key may have the name "mqtt": give it another');
    if (known.has(lower)) throw refuse(`two keys have the name "${name}": give each its own`);
    known.add(lower);
    if (!(secret instanceof Secret) || secret.reveal().length < 32)
      throw refuse(`the key "${name}" needs a secret of 32 letters or more`);
    return { name, secret };
  });
}
