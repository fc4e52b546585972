// The listeners of a config file: `{ "transport": "tls", "certificate": "cert.pem", "key": "key.pem" }`.
import type { FromSchema } from "json-schema-to-ts";
import { giveUp } from "../errors.ts";
import { Secret } from "../secret.ts";
import { defaultPort, type ListenerOptions, type Pem, type PemKey, type TlsOptions } from "../sip/transport/flow.ts";

export const listenerSchema = {
  type: "object",
  additionalProperties: false,
  required: ["transport"],
  properties: {
    transport: { enum: ["udp", "tcp", "tls", "ws", "wss"] },
    address: { type: "string", default: "0.0.0.0" },
    port: { type: "integer", minimum: 0, maximum: 65535 },
    advertise: { type: "string" },
    advertisePort: { type: "integer", minimum: 1, maximum: 65535 },
    // By TLS and WSS: a path, or the PEM text itself.
    certificate: { type: "string" },
    key: { type: "string" },
    ca: { type: "string" },
    clients: { enum: ["off", "optional", "required"] },
    pins: { type: "array", items: { type: "string" } },
  },
} as const;

type Given = FromSchema<typeof listenerSchema>;

const isText = (value: string) => value.includes("-----BEGIN");
const pemOf = (value: string): Pem => (isText(value) ? { pem: value } : { file: value });
const keyOf = (value: string): PemKey => (isText(value) ? { pem: new Secret(value) } : { file: value });

/** @throws PorteroError `invalid` */
export function listenerOf({ transport, address, port, advertise, advertisePort, ...tls }: Given): ListenerOptions {
  const place = {
    address,
    port: port ?? defaultPort(transport.toUpperCase()),
    ...(advertise !== undefined && { advertise }),
    ...(advertisePort !== undefined && { advertisePort }),
  };
  if (transport === "tls" || transport === "wss") return { ...place, transport, tls: tlsOf(tls) };
  const [superfluous] = Object.keys(tls);
  if (superfluous !== undefined)
    throw giveUp("invalid", `config: a listener for ${transport} has no ${superfluous}: that belongs to tls and wss`);
  return { ...place, transport };
}

function tlsOf({
  certificate,
  key,
  ca,
  clients,
  pins,
}: Pick<Given, "certificate" | "key" | "ca" | "clients" | "pins">): TlsOptions {
  if ((certificate === undefined) !== (key === undefined))
    throw giveUp(
      "invalid",
      "config: a listener's certificate and key belong together: give both, or none to connect to others only",
    );
  return {
    ...(certificate !== undefined &&
      key !== undefined && { own: { certificate: pemOf(certificate), key: keyOf(key) } }),
    ...(ca !== undefined && { ca: pemOf(ca) }),
    ...(clients !== undefined && { clients }),
    ...(pins !== undefined && { pins }),
  };
}
