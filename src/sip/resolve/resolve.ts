// From a URI to addresses in the order in which they are tried: the seam where RFC 3263 goes in. Today: IP addresses
// and host names (A, AAAA), with the transport from the URI.
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { giveUp, tryAgain } from "../../errors.ts";
import { parseUri } from "../message/uri.ts";
import type { Address, TransportName } from "../transport/flow.ts";

export interface Target extends Address {
  readonly transport: TransportName;
}

export type Lookup = (host: string) => Promise<string[]>;

export const systemLookup: Lookup = async (host) => (await lookup(host, { all: true })).map((found) => found.address);

export async function resolve(uri: string, dns: Lookup = systemLookup): Promise<Target[]> {
  const parsed = parseUri(uri);
  if (!parsed?.host || /\s/.test(uri)) throw giveUp("bad-address", `${uri} is not an address that can be called`);
  const name = (parsed.params.get("transport") ?? "udp").toUpperCase();
  if (parsed.scheme === "sips" || (name !== "UDP" && name !== "TCP"))
    throw giveUp("no-transport", `${uri} asks for a transport that is not offered here: use UDP or TCP`);
  const host = parsed.params.get("maddr") ?? parsed.host;
  const port = parsed.port ?? 5060;
  if (isIP(host)) return [{ host, port, transport: name }];
  const found = await dns(host).catch((cause: unknown) => {
    throw tryAgain("no-such-host", `the name ${host} is not known: check its spelling and this machine's DNS`, {
      cause,
    });
  });
  return found.map((address) => ({ host: address, port, transport: name }));
}
