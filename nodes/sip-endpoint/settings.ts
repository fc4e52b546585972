// From the fields of the endpoint's dialog to a switchboard's options, tab by tab. A blank field means the default.
import { isIPv6 } from "node:net";
import { giveUp } from "../../src/errors.ts";
import { parseDigits, parseServer } from "../../src/media/rtpengine/wire.ts";
import { isNumber } from "../../src/number.ts";
import { parseNetworks } from "../../src/sip/guard/networks.ts";
import { traceDefaults, traceOf } from "../../src/sip/trace/trace.ts";
import { checkCalls, type CallSettings } from "../../src/sip/dialog/settings.ts";
import { checkDevice, type DeviceOptions } from "../../src/visit/numbers/devices.ts";
import { checkExpiry, usualDndCodes, type SwitchboardOptions } from "../../src/visit/settings.ts";
import { deviceOptions } from "../devices.ts";
import type { Config } from "../red.d.ts";
import { entriesIn, numbersIn, textOr } from "../fields.ts";
import { whole } from "./fields.ts";
import {
  advertised,
  boundAddresses,
  listeners,
  portOf,
  type ListenerConfig,
  type ListenerSecrets,
} from "./listeners.ts";
import { security, type SecurityConfig } from "./security.ts";
import type { VisitsConfig } from "./visits.ts";

export interface EndpointConfig extends Config, ListenerConfig, SecurityConfig, VisitsConfig {
  maxCalls?: string;
  directCalls?: boolean;
  directFrom?: string;
  rtpFrom?: string;
  rtpTo?: string;
  /** Who carries sound and video; absent or "" = we do. */
  engine?: "" | "rtpengine";
  /** Where rtpengines are, with commas: host:port. */
  rtpengine?: string;
  /** Where they send the digits that they hear. */
  rtpengineDigits?: string;
  statsSeconds?: string;
  traceMessages?: string;
  expiryLeast?: string;
  expiryUsual?: string;
  expiryMost?: string;
  qualify?: string;
  dropAfter?: string;
  /** The number that is dialled; `off` = none. */
  dndOn?: string;
  dndOff?: string;
  dndStatus?: string;
  encryption?: string;
  sessionTimer?: boolean;
  sessionExpires?: string;
  refresher?: "uac" | "uas";
  reliable?: boolean;
  headers?: string;
}

const mostTraced = 50_000;

type Sip = SwitchboardOptions["sip"];

/**
 * The switchboard's options for what stands in the dialog.
 * @throws PorteroError `invalid`, about a field that cannot be
 */
export function endpointOptions(
  config: EndpointConfig,
  env: NodeJS.ProcessEnv,
  secrets: ListenerSecrets = {},
): SwitchboardOptions {
  const sip = { ...security(config), ...registration(config), ...calls(config), ...diagnosis(config) };
  return {
    sip: { listeners: listeners(config, secrets, env), ...sip, calls: inCalls(config) },
    ...{ media: media(config), devices: devices(config), dndCodes: dndCodes(config) },
    ...direct(config),
  };
}

// Checked here, so that an address that is none is said of this node, and not by whatever fails later.
function direct(config: EndpointConfig): Pick<SwitchboardOptions, "direct"> {
  const from = entriesIn(config.directFrom);
  parseNetworks(from, "sip-endpoint: direct calls from");
  return { direct: { calls: config.directCalls !== false, from } };
}

function inCalls(config: EndpointConfig): CallSettings {
  const names = entriesIn(config.headers);
  return checkCalls({
    ...{ reliable: config.reliable !== false, refresher: config.refresher ?? "uac", headers: names },
    ...(config.sessionTimer === true && { sessionExpires: Number(textOr(config.sessionExpires) ?? 1800) }),
  });
}

function diagnosis(config: EndpointConfig): Partial<Sip> {
  const messages = Number(textOr(config.traceMessages) ?? traceDefaults.messages);
  if (!Number.isInteger(messages) || messages < 0 || messages > mostTraced)
    throw giveUp("invalid", `sip-endpoint: the messages kept must be a whole number from 0 to ${mostTraced}`);
  return { trace: traceOf(messages) };
}

function calls(config: EndpointConfig): Partial<Sip> {
  const text = textOr(config.maxCalls);
  if (text === undefined) return {};
  const maxCalls = Number(text);
  if (Number.isInteger(maxCalls) && maxCalls > 0) return { maxCalls };
  throw giveUp("invalid", `sip-endpoint: calls at once must be a whole number from 1 on (it is ${text})`);
}

const registration = (config: EndpointConfig): Pick<Sip, "expiry"> => ({
  expiry: checkExpiry(numbersIn({ least: config.expiryLeast, usual: config.expiryUsual, most: config.expiryMost })),
});

function devices(config: EndpointConfig): DeviceOptions {
  const { qualify, dropAfter, dndStatus, encryption } = config;
  const options: DeviceOptions = {
    ...numbersIn({ qualifySeconds: qualify, qualifyDropAfter: dropAfter, dndStatus }),
    ...deviceOptions(encryption === undefined ? {} : { encryption }, "sip-endpoint"),
  };
  if (options.qualifySeconds !== undefined) whole(String(qualify), "devices are asked every", 0, 3600);
  if (options.qualifyDropAfter !== undefined) whole(String(dropAfter), "dropped after", 0, 100);
  checkDevice(options, "sip-endpoint");
  return options;
}

function dndCodes({ dndOn, dndOff }: EndpointConfig): NonNullable<SwitchboardOptions["dndCodes"]> {
  const on = textOr(dndOn) ?? usualDndCodes.on;
  const off = textOr(dndOff) ?? usualDndCodes.off;
  for (const code of [on, off])
    if (!isNumber(code))
      throw giveUp(
        "invalid",
        `sip-endpoint: "${code.slice(0, 40)}" cannot be dialled: use a number such as 78, or "off"`,
      );
  if (on === off && on !== "off") throw giveUp("invalid", `sip-endpoint: do not disturb is ${on} for both on and off`);
  return { ...(on === "off" ? {} : { on }), ...(off === "off" ? {} : { off }) };
}

function media(config: EndpointConfig): NonNullable<SwitchboardOptions["media"]> {
  const from = portOf(config.rtpFrom, 30000, "first media port");
  const to = portOf(config.rtpTo, from === 0 ? 0 : Math.max(30999, from + 999), "last media port");
  if (to < from) throw giveUp("invalid", `sip-endpoint: the media ports run from ${from} to ${to}; turn them round`);
  const [first = "0.0.0.0", ...others] = boundAddresses(config.bind);
  const bind = others.length === 0 ? first : [first, ...others].some(isIPv6) ? "::" : "0.0.0.0";
  const advertise = advertised(config, first);
  const stats = textOr(config.statsSeconds);
  return {
    ...{ bind, ports: [from, to] },
    ...(stats === undefined ? {} : { statsSeconds: whole(stats, "the time between two figures of a call", 0, 3600) }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(config.engine === "rtpengine" && { rtpengine: rtpengines(config.rtpengine), ...digits(config) }),
  };
}

function digits(config: EndpointConfig): { readonly rtpengineDigits?: string } {
  const at = textOr(config.rtpengineDigits);
  if (at === undefined) return {};
  parseDigits(at);
  return { rtpengineDigits: at };
}

function rtpengines(given: string | undefined): readonly string[] {
  const servers = entriesIn(given);
  if (servers.length === 0)
    throw giveUp(
      "invalid",
      "sip-endpoint: say where rtpengine is: the host and port of its ng protocol, such as 127.0.0.1:2223",
    );
  servers.forEach(parseServer);
  return servers;
}
