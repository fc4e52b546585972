// Lists of addresses and networks as a user types them (A1, A8), and sources as limits and bans count them.
// CIDR: RFC 4632 §3.1, RFC 4291 §2.3.
import { BlockList, isIP, isIPv6 } from "node:net";
import { giveUp } from "../../errors.ts";
import { Recent } from "./recent.ts";

const mostKnown = 1000;

/** Whether an IP address is in a list. */
export interface Networks {
  readonly size: number;
  has(host: string): boolean;
}

/**
 * Reads a list such as `["192.168.1.0/24", "10.0.0.5", "2001:db8::/32"]`, or a text with commas, blanks or line ends between
 * its entries. `field` names the setting in the sentence.
 * @throws PorteroError `invalid`, naming every entry that is none
 */
export function parseNetworks(entries: string | readonly string[], field: string): Networks {
  const list = new BlockList();
  const wanted = (typeof entries === "string" ? [entries] : entries).flatMap((entry) => entry.split(/[\s,;]+/));
  const given = wanted.filter((entry) => entry !== "");
  const faults = given.map((entry) => add(list, entry)).filter((fault) => fault !== undefined);
  if (faults.length > 0) throw giveUp("invalid", `${field}: ${faults.join("; ")}`, { data: { field } });
  const check = (host: string) => {
    const plain = plainSource(host);
    return isIP(plain) > 0 && list.check(plain, plain.includes(":") ? "ipv6" : "ipv4");
  };
  // Asked for each message, mostly of the same few, and dear to work out.
  const known = new Recent<boolean>(mostKnown);
  return {
    size: given.length,
    has: (host) => {
      if (given.length === 0) return false;
      const before = known.get(host);
      if (before !== undefined) return before;
      const found = check(host);
      known.set(host, found);
      return found;
    },
  };
}

/** Puts one entry into `list`; the result says what is wrong with it. */
function add(list: BlockList, entry: string): string | undefined {
  const [address = "", prefix, ...more] = entry.split("/");
  const family = isIP(address);
  if (family === 0)
    return isIP(address.replace(/:\d+$/, ""))
      ? `"${entry}" has a port: leave it away, the whole address is meant`
      : `"${entry}" is no IP address and no network: write 192.168.1.20, 192.168.1.0/24 or 2001:db8::/32`;
  const name = family === 6 ? "ipv6" : "ipv4";
  if (prefix === undefined) {
    list.addAddress(address, name);
    return undefined;
  }
  const most = family === 6 ? 128 : 32;
  if (more.length > 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > most)
    return `"${entry}" must have a number from 0 to ${most} behind the stroke`;
  list.addSubnet(address, Number(prefix), name);
  return undefined;
}

// IPv4 in IPv6 form and the zone of a link-local address say nothing of who it is.
const plainSource = (host: string): string =>
  host.includes(":") ? host.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "") : host;

/** What limits and bans count as one: an IPv4 address, or the /64 of an IPv6 address, which one subscriber has whole. */
export function sourceOf(host: string): string {
  const plain = plainSource(host);
  if (!plain.includes(":") || !isIPv6(plain)) return plain;
  const [head = "", tail] = plain.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 ending takes the place of two groups; it never reaches into the first four.
  const width = left.length + right.length + (plain.includes(".") ? 1 : 0);
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - width)).fill("0"), ...right];
  const network = groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":").replace(/(:0)+$/, "")}::/64`;
}
