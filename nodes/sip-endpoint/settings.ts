// From the fields of the endpoint's dialog to a switchboard's options, tab by tab. A blank field means the default.
import { isIPv6 } from "node:net";
import { giveUp } from "../../src/errors.ts";
import { parseNetworks } from "../../src/sip/guard/networks.ts";
import { traceDefaults, traceOf } from "../../src/sip/trace/trace.ts";
import type { SwitchboardOptions } from "../../src/visit/settings.ts";
import type { Config } from "../red.d.ts";
import { textOr } from "../shared.ts";
import {
  advertised,
  boundAddresses,
  listeners,
  portOf,
  type ListenerConfig,
  type ListenerSecrets,
} from "./listeners.ts";

export interface EndpointConfig extends Config, ListenerConfig {
  realm?: string;
  maxCalls?: string;
  directCalls?: boolean;
  directFrom?: string;
  rtpFrom?: string;
  rtpTo?: string;
  traceMessages?: string;
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
  return {
    sip: { listeners: listeners(config, secrets, env), ...security(config), ...calls(config), ...diagnosis(config) },
    media: media(config),
    ...direct(config),
  };
}

// Checked here, so that an address that is none is said of this node, and not by whatever fails later.
function direct(config: EndpointConfig): Pick<SwitchboardOptions, "direct"> {
  const from = (config.directFrom ?? "").split(/[\s,;]+/).filter(Boolean);
  parseNetworks(from, "sip-endpoint: direct calls from");
  return { direct: { calls: config.directCalls !== false, from } };
}

function security(config: EndpointConfig): Partial<Sip> {
  const realm = textOr(config.realm);
  return realm === undefined ? {} : { realm };
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

function media(config: EndpointConfig): NonNullable<SwitchboardOptions["media"]> {
  const from = portOf(config.rtpFrom, 30000, "first media port");
  const to = portOf(config.rtpTo, from === 0 ? 0 : Math.max(30999, from + 999), "last media port");
  if (to < from) throw giveUp("invalid", `sip-endpoint: the media ports run from ${from} to ${to}; turn them round`);
  const [first = "0.0.0.0", ...others] = boundAddresses(config.bind);
  const bind = others.length === 0 ? first : [first, ...others].some(isIPv6) ? "::" : "0.0.0.0";
  const advertise = advertised(config, first);
  return {
    ...{ bind, ports: [from, to] },
    ...(advertise === undefined ? {} : { advertise }),
  };
}
