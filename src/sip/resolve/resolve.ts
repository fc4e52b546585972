// From a URI to the addresses and transports in the order in which they are tried: RFC 3263 §4, with WebSocket (RFC 7118).
import { isIP } from "node:net";
import { giveUp, sentence, tryAgain } from "../../errors.ts";
import { parseUri, type SipUri } from "../message/uri.ts";
import { defaultPort, type Address, type TransportName } from "../transport/flow.ts";
import type { Dns } from "./dns.ts";
import { inOrder } from "./srv.ts";

export interface Target extends Address {
  readonly transport: TransportName;
  /** The name that was asked for: whom a certificate must be made out to (RFC 5922 §4). */
  readonly name: string;
}

/** A transport that the endpoint can send by, and to addresses of which families. */
export interface Offer {
  readonly transport: TransportName;
  readonly families: readonly (4 | 6)[];
}

export interface Resolving {
  readonly dns: Dns;
  readonly offers: readonly Offer[];
  /** From 0 up to, not including, 1: for the weights of SRV. */
  random(): number;
}

const services: Readonly<Record<string, TransportName>> = {
  ...{ "SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS", "SIP+D2W": "WS", "SIPS+D2W": "WSS" },
};
const srvPrefix: Readonly<Record<TransportName, string>> = {
  ...{ UDP: "_sip._udp", TCP: "_sip._tcp", TLS: "_sips._tcp", WS: "_sip._ws", WSS: "_sips._ws" },
};
const bySip: Readonly<Record<string, TransportName>> = { udp: "UDP", tcp: "TCP", tls: "TLS", ws: "WS", wss: "WSS" };
const bySips: Readonly<Record<string, TransportName>> = { tcp: "TLS", tls: "TLS", ws: "WSS", wss: "WSS" };

/**
 * @throws PorteroError `bad-address`, `no-transport`, `no-such-host`, `no-service`
 */
export async function resolve(uri: string, resolving: Resolving): Promise<Target[]> {
  const parsed = parseUri(uri);
  if (!parsed?.host || /\s/.test(uri)) throw giveUp("bad-address", `${uri} is not an address that can be called`);
  const asked = transportAsked(uri, parsed);
  const secure = parsed.scheme === "sips";
  const usual = asked ? [asked] : secure ? (["TLS"] as const) : (["UDP", "TCP"] as const);
  const { offers } = resolving;
  const [transport] = usual.filter((name) => offers.some((offer) => offer.transport === name));
  const host = parsed.params.get("maddr") ?? parsed.host;
  const name = parsed.host;
  if (isIP(host) || parsed.port !== undefined) {
    if (!transport) throw notOffered(uri, usual);
    return addresses(host, parsed.port ?? defaultPort(transport), transport, name, resolving);
  }
  const records = asked ? [] : await byNaptr(host, secure, resolving);
  const found = records.length > 0 ? records : bySrvNames(host, usual, resolving);
  const targets: Target[] = [];
  let services = 0;
  for (const { transport, srv } of found) {
    const answer = await resolving.dns.srv(srv).catch(() => undefined);
    const known = answer?.records ?? [];
    services += known.length;
    for (const { name: machine, port } of inOrder(known, () => resolving.random()))
      if (machine !== "" && machine !== ".")
        // One machine that is not known leaves the others.
        targets.push(...(await addresses(machine, port, transport, name, resolving).catch(() => [])));
  }
  if (targets.length > 0) return targets;
  if (services > 0)
    throw tryAgain("no-service", `${host} has SRV records, but none of them names a machine that can be found`);
  if (!transport) throw notOffered(uri, usual);
  return addresses(host, defaultPort(transport), transport, name, resolving);
}

function transportAsked(uri: string, { scheme, params }: SipUri): TransportName | undefined {
  const asked = params.get("transport");
  if (asked === undefined) return undefined;
  const found = (scheme === "sips" ? bySips : bySip)[asked.toLowerCase()];
  if (!found)
    throw giveUp("no-transport", `${uri} asks for a transport that there is not: use UDP, TCP, TLS, WS or WSS`);
  return found;
}

const notOffered = (uri: string, names: readonly TransportName[]) =>
  giveUp("no-transport", `${uri} needs ${names.join(" or ")}, which is switched off here`);

interface Service {
  readonly transport: TransportName;
  /** Where its SRV records are. */
  readonly srv: string;
}

// §4.1: only services that we offer, secure ones only for a sips URI; a DNS server that answers no NAPTR question is
// taken for one that has none.
async function byNaptr(host: string, secure: boolean, { dns, offers }: Resolving): Promise<Service[]> {
  const answer = await dns.naptr(host).catch(() => undefined);
  return [...(answer?.records ?? [])]
    .sort((a, b) => a.order - b.order || a.preference - b.preference)
    .flatMap(({ flags, service, replacement }) => {
      const transport = services[service.toUpperCase()];
      const fits = flags.toLowerCase() === "s" && (!secure || /^sips/i.test(service));
      const offered = offers.some((offer) => offer.transport === transport);
      return transport && fits && offered ? [{ transport, srv: replacement }] : [];
    });
}

const bySrvNames = (host: string, usual: readonly TransportName[], { offers }: Resolving): Service[] =>
  usual
    .filter((transport) => offers.some((offer) => offer.transport === transport))
    .map((transport) => ({ transport, srv: `${srvPrefix[transport]}.${host}` }));

async function addresses(
  host: string,
  port: number,
  transport: TransportName,
  name: string,
  { dns, offers }: Resolving,
): Promise<Target[]> {
  const families = offers.filter((offer) => offer.transport === transport).flatMap((offer) => offer.families);
  const target = (address: string): Target => ({ host: address, port, transport, name });
  const numeric = isIP(host);
  if (numeric) {
    if (families.some((family) => family === numeric)) return [target(host)];
    throw giveUp("no-transport", `${host} needs ${transport} over IPv${numeric}, which is switched off here`);
  }
  // IPv4 first: a way by IPv6 that leads nowhere would cost each call seconds (docs/decisions/014-names.md).
  const asked = await Promise.allSettled(
    ([4, 6] as const)
      .filter((family) => families.includes(family))
      .map((family) => (family === 4 ? dns.a(host) : dns.aaaa(host))),
  );
  const found = asked.flatMap((answer) => (answer.status === "fulfilled" ? answer.value.records : []));
  if (found.length > 0) return found.map(target);
  const failed = asked.find((answer) => answer.status === "rejected");
  const why = failed ? ` (${sentence(failed.reason)})` : "";
  throw tryAgain("no-such-host", `the name ${host} is not known: check its spelling and this machine's DNS${why}`);
}
