// The settings of mqtt-bridge: its form, and where it connects to as whom.
import type { MqttSettings } from "../../src/mqtt/bridge.ts";
import { tlsNames } from "../../src/mqtt/settings.ts";
import { Secret } from "../../src/secret.ts";
import type { Config, RedNode } from "../red.d.ts";
import { numberOr, textOr } from "../fields.ts";

export interface BridgeConfig extends Config {
  endpoint?: string;
  broker?: string;
  url?: string;
  /** Node-RED's own `tls-config` node. */
  tls?: string;
  clientId?: string;
  /** Absent or blank: whichever the broker speaks. */
  version?: "" | "5" | "3.1.1";
  keepAlive?: string;
  base?: string;
  commands?: MqttSettings["commands"];
  /** Their secrets follow from the ids. */
  keys?: readonly { name?: string; id?: string }[];
  signedOnly?: boolean;
  snapshots?: boolean;
  base64?: boolean;
  messages?: readonly { on?: string; only?: string; topic?: string; payload?: string }[];
  clearRetained?: boolean;
  /** Whether states of doors are taken from the broker; absent: not. */
  reports?: boolean;
  /** Absent in flows that are older than it: off. */
  discovery?: MqttSettings["discovery"];
  discoveryPrefix?: string;
  openAs?: MqttSettings["openAs"];
}

export interface BridgeCredentials {
  username: string;
  password: string;
}

/** What Node-RED's own `mqtt-broker` config node knows about its broker. */
export interface BrokerNode extends RedNode<{ user: string; password: string }> {
  brokerurl?: string;
  options?: Record<string, unknown>;
}

/** Node-RED's own `tls-config` config node: adds its part to options of node:tls. */
export interface TlsNode extends RedNode {
  addTLSOptions?(options: Record<string, unknown>): Record<string, unknown>;
}

/** Where and as whom to connect: the user's broker node, else the form, else the environment, else this machine. */
export function brokerOf(
  config: BridgeConfig,
  credentials: Partial<BridgeCredentials>,
  broker: BrokerNode | undefined,
  env: NodeJS.ProcessEnv,
  own?: TlsNode,
): Pick<MqttSettings, "url" | "username" | "password" | "tls"> {
  const login = (username: string | undefined, password: string | undefined) => ({
    ...(textOr(username) === undefined ? {} : { username: username ?? "" }),
    ...(textOr(password) === undefined ? {} : { password: new Secret(password ?? "") }),
  });
  const options = (broker?.brokerurl ? broker.options : own?.addTLSOptions?.({})) ?? {};
  const known = Object.entries(options).filter(([name, value]) => tlsNames.includes(name) && value !== undefined);
  const tls = known.length > 0 ? { tls: Object.fromEntries(known) } : {};
  if (broker?.brokerurl)
    return { url: broker.brokerurl, ...login(broker.credentials.user, broker.credentials.password), ...tls };
  const url = textOr(config.url) ?? textOr(env["PORTERO_MQTT_URL"]) ?? "mqtt://127.0.0.1:1883";
  return { url, ...login(credentials.username, credentials.password), ...tls };
}

/** The form but for where to connect to; what is wrong in it `checkMqtt` says. */
export function formOf(config: BridgeConfig, secretOf: (id: string) => Secret): Omit<MqttSettings, "url"> {
  const clientId = textOr(config.clientId);
  return {
    ...(clientId === undefined ? {} : { clientId }),
    ...(config.version ? { version: config.version } : {}),
    keepAlive: numberOr(config.keepAlive, 30),
    base: textOr(config.base) ?? "doorbell",
    commands: config.commands ?? "off",
    keys: (config.keys ?? []).map(({ name, id = "" }) => ({ name: textOr(name) ?? "", secret: secretOf(id) })),
    signedOnly: config.signedOnly === true,
    snapshots: config.snapshots === true,
    base64: config.base64 === true,
    messages: (config.messages ?? []).map(({ on, only, topic, payload }) => ({
      on: (on ?? "event") as MqttSettings["messages"][number]["on"],
      ...(textOr(only) === undefined ? {} : { only: textOr(only) ?? "" }),
      ...{ topic: textOr(topic) ?? "", payload: textOr(payload) ?? "{json}" },
    })),
    clearRetained: config.clearRetained === true,
    discovery: config.discovery ?? "off",
    discoveryPrefix: textOr(config.discoveryPrefix) ?? "homeassistant",
    openAs: config.openAs ?? "button",
  };
}
