// Which of this machine's addresses a peer sees: the one in the same network, else the first that is not loopback.
import { BlockList, isIPv6 } from "node:net";
import { networkInterfaces, type NetworkInterfaceInfo } from "node:os";
import { isNear } from "../../clock.ts";
import type { Address, ListenerOptions } from "./flow.ts";

export type Interfaces = () => NodeJS.Dict<NetworkInterfaceInfo[]>;

export const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::" || host === "";

/** The local address by which `remote` (an IP address) can reach us. */
export function localAddressFor(remote: string, interfaces: Interfaces = networkInterfaces): string {
  const family = isIPv6(remote) ? "IPv6" : "IPv4";
  const own = Object.values(interfaces())
    .flatMap((list) => list ?? [])
    .filter((address) => address.family === family);
  const near = own.find((address) => sameNetwork(address, remote));
  const any = near ?? own.find((address) => !address.internal) ?? own[0];
  return any?.address ?? (family === "IPv6" ? "::1" : "127.0.0.1");
}

function sameNetwork({ address, cidr, family }: NetworkInterfaceInfo, remote: string): boolean {
  const list = new BlockList();
  list.addSubnet(address, Number(cidr?.split("/")[1] ?? 32), family === "IPv6" ? "ipv6" : "ipv4");
  return list.check(remote, family === "IPv6" ? "ipv6" : "ipv4");
}

/** `localAddressFor` with a memory of `keepMs`, since it is asked for every message. */
export function rememberLocal(now: () => number, keepMs = 10_000): (remote: string) => string {
  const known = new Map<string, string>();
  let since = -Infinity;
  return (remote) => {
    if (!isNear(since, now(), keepMs) || known.size > 10_000) {
      known.clear();
      since = now();
    }
    let local = known.get(remote);
    if (local === undefined) known.set(remote, (local = localAddressFor(remote)));
    return local;
  };
}

/** IPv4 in IPv6 form, as a dual-stack socket reports it, in its plain form. */
export const plainHost = (host: string): string =>
  host.startsWith("::") ? host.replace(/^::ffff:(?=\d+\.)/i, "") : host;

/** How the listener at `bound` names itself to a peer in Via and Contact. */
export function namedAs(
  { advertise, advertisePort }: Pick<ListenerOptions, "advertise" | "advertisePort">,
  bound: Address,
  local: (remote: string) => string,
): (remote: string) => Address {
  const port = advertisePort ?? bound.port;
  const own = advertise ?? (isWildcard(bound.host) ? undefined : bound.host);
  const fixed = own === undefined ? undefined : { host: own, port };
  return (remote) => fixed ?? { host: local(remote), port };
}
