// Addresses that somebody else has named (a message, say): they must not lead us to where only we can go (server-side request
// forgery). What a name leads to is judged, not the name, and in the look-up that the connection itself makes: a name that
// leads elsewhere the second time (DNS rebinding) gains nothing.
import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { giveUp, type PorteroError } from "../errors.ts";
import { addressBytes, addressText } from "../ip.ts";

export interface StrangerDeps {
  /** Asked with `all`. */
  readonly lookup?: LookupFunction;
  /** This machine's addresses. */
  readonly own?: () => readonly string[];
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);

/** @throws PorteroError `address-refused` where the URL itself names a forbidden address */
export function checkStranger(url: string, { own = ownAddresses }: StrangerDeps = {}): void {
  if (!URL.canParse(url)) return;
  // The parser has written 2130706433, 0x7f.1 and the like as 127.0.0.1, but not for schemes that are not the web's.
  const host = new URL(url.replace(/^\s*rtsps?:/i, "http:")).hostname.replace(/^\[|\]$/g, "");
  const why = isIP(host) ? forbidden(host, own()) : undefined;
  if (why !== undefined) throw refused(host, why);
}

/** Looks a name up, and refuses it whatever else it leads to, if it leads to a forbidden address. */
export function strangerLookup({ lookup = systemLookup, own = ownAddresses }: StrangerDeps = {}): LookupFunction {
  return (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      if (error) return done(error, []);
      const addresses = typeof found === "string" ? [] : found;
      for (const { address } of addresses) {
        const why =
          forbidden(address, own()) ?? (isPrivate(address) && !isLocalName(name) ? "a private network" : undefined);
        if (why !== undefined) return done(refused(name, why), []);
      }
      const [first] = addresses;
      if (options.all === true) done(null, addresses);
      else if (first) done(null, first.address, first.family);
      else done(Object.assign(new Error(`${name} has no address`), { code: "ENOTFOUND" }), []);
    });
  };
}

const refused = (host: string, why: string): PorteroError =>
  giveUp("address-refused", `${host} leads to ${why}: an address in a message may not`);

/** What it is, as the end of "leads to …"; undefined where anybody may be sent there. */
function forbidden(address: string, own: readonly string[]): string | undefined {
  const bytes = plain(address);
  if (!bytes) return "no address";
  const [first = 0, second = 0] = bytes;
  const isFour = bytes.length === 4;
  const text = addressText(bytes);
  if ((isFour && first === 127) || text === "::1" || own.some((one) => plain(one)?.equals(bytes)))
    return "this machine";
  if (isFour ? first === 0 : text === "::") return "this machine";
  if (isFour ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80)
    return "a link-local address";
  if (isFour ? first >= 224 : first === 0xff) return "no single device";
  return undefined;
}

function isPrivate(address: string): boolean {
  const bytes = plain(address);
  const [first = 0, second = 0] = bytes ?? [];
  if (bytes?.length !== 4) return (first & 0xfe) === 0xfc;
  return (
    first === 10 ||
    (first === 172 && (second & 0xf0) === 16) ||
    (first === 192 && second === 168) ||
    (first === 100 && (second & 0xc0) === 64)
  );
}

// Names that only the own network gives (RFC 6762, RFC 8375, and what routers are set to).
const isLocalName = (name: string): boolean =>
  !name.includes(".") || /\.(?:local|lan|home|internal|intranet|localdomain|home\.arpa|fritz\.box)\.?$/i.test(name);

// IPv6 addresses that stand for one of IPv4: mapped (::ffff:0:0/96), compatible, NAT64 (64:ff9b::/96), 6to4 (2002::/16).
function plain(address: string): Buffer | undefined {
  const bytes = addressBytes(address);
  if (bytes?.length !== 16) return bytes;
  const prefix = bytes.toString("hex", 0, 12);
  const last = bytes.subarray(12);
  if (prefix === "0".repeat(20) + "ffff" || prefix === "0064ff9b" + "0".repeat(16)) return last;
  if (prefix === "0".repeat(24) && last.readUInt32BE() > 1) return last;
  return prefix.startsWith("2002") ? bytes.subarray(2, 6) : bytes;
}
