// The Network and Encryption tabs of the endpoint's dialog as listeners: each transport at each address.
import { isIPv4, isIPv6 } from "node:net";
import { giveUp } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import type { ListenerOptions, TlsOptions } from "../../src/sip/transport/flow.ts";
import { entriesIn, textOr } from "../fields.ts";

export interface ListenerConfig {
  /** One address or several, with commas. */
  bind?: string;
  udp?: boolean;
  tcp?: boolean;
  tls?: boolean;
  ws?: boolean;
  wss?: boolean;
  /** For UDP and TCP. */
  port?: string;
  tlsPort?: string;
  wsPort?: string;
  wssPort?: string;
  /** One address or name, or one for each family, with a comma. */
  advertise?: string;
  /** The port that devices use by UDP and TCP, where a container's host has another one; `advertiseTlsPort` by TLS. */
  advertisePort?: string;
  advertiseTlsPort?: string;
  /** Where the certificate is: files of this machine, or uploaded into the credentials. */
  certificate?: "files" | "uploaded";
  certificateFile?: string;
  keyFile?: string;
  clients?: "off" | "optional" | "required";
  caFile?: string;
  /** Fingerprints, one a line. */
  pins?: string;
}

export interface ListenerSecrets {
  uploadedCertificate?: string;
  uploadedKey?: string;
  uploadedCa?: string;
}

export function portOf(value: unknown, otherwise: number, name: string, least = 0): number {
  const number = Number(textOr(value) ?? otherwise);
  if (Number.isInteger(number) && number >= least && number <= 65535) return number;
  throw giveUp(
    "invalid",
    `sip-endpoint: ${name} must be a whole number from ${least} to 65535 (it is ${String(value)})`,
  );
}

/** What devices are told as the port of UDP and TCP, or of TLS; nothing where it is ours. */
function knownPort(value: unknown): { advertisePort?: number } {
  return textOr(value) === undefined ? {} : { advertisePort: portOf(value, 0, "the port it is known by", 1) };
}

/** The addresses to listen at, at least one. */
export function boundAddresses(bind: string | undefined): string[] {
  const given = entriesIn(bind);
  const wrong = given.find((address) => !isIPv4(address) && !isIPv6(address));
  if (wrong !== undefined)
    throw giveUp(
      "invalid",
      `sip-endpoint: "${wrong}" is no IP address to listen at: write 0.0.0.0, :: or both with a comma`,
    );
  return given.length > 0 ? given : ["0.0.0.0"];
}

/** What we call ourselves to peers of a listener at `address`: what was entered for its family, or a name. */
export function advertised(config: ListenerConfig, address: string): string | undefined {
  const given = entriesIn(config.advertise);
  const fits = isIPv6(address) ? isIPv6 : isIPv4;
  return given.find((one) => fits(one)) ?? given.find((one) => !isIPv4(one) && !isIPv6(one));
}

/** @throws PorteroError `invalid`, about a field that cannot be */
export function listeners(config: ListenerConfig, secrets: ListenerSecrets, env: NodeJS.ProcessEnv): ListenerOptions[] {
  const addresses = boundAddresses(config.bind);
  const port = portOf(textOr(config.port) ?? textOr(env["PORTERO_SIP_PORT"]), 5060, "port");
  const known = knownPort(config.advertisePort);
  const knownTls = knownPort(config.advertiseTlsPort);
  const tls = tlsOf(config, secrets);
  const { own: _, ...toOthers } = tls;
  const places = (listener: (address: string) => ListenerOptions) =>
    addresses.map((address) => {
      const advertise = advertised(config, address);
      return { ...listener(address), ...(advertise === undefined ? {} : { advertise }) };
    });
  const found: ListenerOptions[] = [
    ...(config.udp === false ? [] : places((address) => ({ transport: "udp", address, port, ...known }))),
    ...(config.tcp === false ? [] : places((address) => ({ transport: "tcp", address, port, ...known }))),
    ...(config.ws !== true
      ? []
      : places((address) => ({ transport: "ws", address, port: portOf(config.wsPort, 8088, "port for WS") }))),
  ];
  if (config.tls === true || config.wss === true) ownNeeded(config, tls);
  if (config.tls === true)
    found.push(
      ...places((address) => ({
        transport: "tls",
        address,
        port: portOf(config.tlsPort, 5061, "port for TLS"),
        ...knownTls,
        tls,
      })),
    );
  if (config.wss === true)
    found.push(
      ...places((address) => ({ transport: "wss", address, port: portOf(config.wssPort, 8089, "port for WSS"), tls })),
    );
  if (found.length === 0) throw giveUp("invalid", "sip-endpoint: UDP, TCP, TLS, WS and WSS are all off; switch one on");
  // Servers that we register at may want TLS although nobody comes to us by it.
  const { clients: _clients, ...outgoing } = toOthers;
  return config.tls === true
    ? found
    : [...found, { transport: "tls", address: addresses[0] ?? "0.0.0.0", port: 0, tls: outgoing }];
}

function ownNeeded(config: ListenerConfig, { own }: TlsOptions): void {
  if (own) return;
  const what =
    config.certificate === "uploaded"
      ? "upload a certificate and its key"
      : "name the files of a certificate and its key";
  throw giveUp(
    "invalid",
    `sip-endpoint: TLS and WSS need a certificate: ${what}, or make one for trying, in the tab Encryption`,
  );
}

function tlsOf(config: ListenerConfig, secrets: ListenerSecrets): TlsOptions {
  const { clients = "off" } = config;
  const pins = (textOr(config.pins) ?? "")
    .split(/[\r\n,;]+/)
    .map((pin) => pin.trim())
    .filter(Boolean);
  const isUploaded = config.certificate === "uploaded";
  const [certificate, key] = isUploaded
    ? [textOr(secrets.uploadedCertificate), textOr(secrets.uploadedKey)]
    : [textOr(config.certificateFile), textOr(config.keyFile)];
  const ca = isUploaded ? textOr(secrets.uploadedCa) : textOr(config.caFile);
  if ((certificate === undefined) !== (key === undefined))
    throw giveUp(
      "invalid",
      `sip-endpoint: ${certificate === undefined ? "there is a key, but no certificate" : "there is a certificate, but no key"}: give both, or none`,
    );
  if (clients !== "off" && ca === undefined)
    throw giveUp("invalid", "sip-endpoint: to check the certificates of devices, give the authority that signs them");
  return {
    clients,
    pins,
    ...(certificate !== undefined &&
      key !== undefined && {
        own: isUploaded
          ? { certificate: { pem: certificate }, key: { pem: new Secret(key) } }
          : { certificate: { file: certificate }, key: { file: key } },
      }),
    ...(ca !== undefined && { ca: isUploaded ? { pem: ca } : { file: ca } }),
  };
}
