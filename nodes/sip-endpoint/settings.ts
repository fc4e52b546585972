// From the fields of the endpoint's dialog to a switchboard's options, tab by tab. A blank field means the default.
import { giveUp } from "../../src/errors.ts";
import { parseNetworks } from "../../src/sip/guard/networks.ts";
import { traceDefaults, traceOf } from "../../src/sip/trace/trace.ts";
import type { SwitchboardOptions } from "../../src/visit/settings.ts";
import type { Config } from "../red.d.ts";
import { textOr } from "../shared.ts";

export interface EndpointConfig extends Config {
  bind?: string;
  udp?: boolean;
  tcp?: boolean;
  port?: string;
  advertise?: string;
  realm?: string;
  maxCalls?: string;
  directCalls?: boolean;
  directFrom?: string;
  rtpFrom?: string;
  rtpTo?: string;
  traceMessages?: string;
}

const mostTraced = 50_000;

function port(value: unknown, otherwise: number, name: string): number {
  const number = Number(textOr(value) ?? otherwise);
  if (Number.isInteger(number) && number >= 0 && number <= 65535) return number;
  throw giveUp("invalid", `sip-endpoint: ${name} must be a whole number from 0 to 65535 (it is ${String(value)})`);
}

type Sip = SwitchboardOptions["sip"];

/**
 * The switchboard's options for what stands in the dialog.
 * @throws PorteroError `invalid`, about a field that cannot be
 */
export function endpointOptions(config: EndpointConfig, env: NodeJS.ProcessEnv): SwitchboardOptions {
  const sip = { ...network(config, env), ...security(config), ...calls(config), ...diagnosis(config) };
  return { sip, media: media(config), ...direct(config) };
}

// Checked here, so that an address that is none is said of this node, and not by whatever fails later.
function direct(config: EndpointConfig): Pick<SwitchboardOptions, "direct"> {
  const from = (config.directFrom ?? "").split(/[\s,;]+/).filter(Boolean);
  parseNetworks(from, "sip-endpoint: direct calls from");
  return { direct: { calls: config.directCalls !== false, from } };
}

function network(config: EndpointConfig, env: NodeJS.ProcessEnv): Pick<Sip, "listeners"> {
  const bind = textOr(config.bind) ?? "0.0.0.0";
  // Left out, each device is told the address by which it reaches us.
  const own = textOr(config.advertise);
  const advertise = own === undefined ? {} : { advertise: own };
  const sipPort = port(textOr(config.port) ?? textOr(env["PORTERO_SIP_PORT"]), 5060, "port");
  const transports = [
    config.udp === false ? [] : ["udp" as const],
    config.tcp === false ? [] : ["tcp" as const],
  ].flat();
  if (transports.length === 0) throw giveUp("invalid", "sip-endpoint: UDP and TCP are both off; switch one on");
  return { listeners: transports.map((transport) => ({ transport, address: bind, port: sipPort, ...advertise })) };
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
  const from = port(config.rtpFrom, 30000, "first media port");
  const to = port(config.rtpTo, from === 0 ? 0 : Math.max(30999, from + 999), "last media port");
  if (to < from) throw giveUp("invalid", `sip-endpoint: the media ports run from ${from} to ${to}; turn them round`);
  const advertise = textOr(config.advertise);
  return {
    ...{ bind: textOr(config.bind) ?? "0.0.0.0", ports: [from, to] },
    ...(advertise === undefined ? {} : { advertise }),
  };
}
