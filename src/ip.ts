// IP addresses: as the bytes that stand on the wire and in certificates (RFC 4291 §2.2), and as they stand in URLs.
import { isIPv4, isIPv6 } from "node:net";

/** 4 or 16 bytes; undefined where it is no IP address. A zone (`%eth0`) is left out. */
export function addressBytes(address: string): Buffer | undefined {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const plain = address.replace(/%.*$/, "");
  if (!isIPv6(plain)) return undefined;
  // The URL parser writes an ending in IPv4 form as two groups, and all in the shortest form.
  const [head = "", tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined) => (text ? text.split(":").map((group) => parseInt(group, 16)) : []);
  const [left, right] = [groups(head), groups(tail)];
  const bytes = Buffer.alloc(16);
  left.forEach((group, at) => bytes.writeUInt16BE(group, at * 2));
  right.forEach((group, at) => bytes.writeUInt16BE(group, (8 - right.length + at) * 2));
  return bytes;
}

/** The address in those bytes, in the form that Node gives it. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** A host in one form, however it was written: IPv6 for IPv4 (`::ffff:10.0.0.1`) as that, and names in small letters. */
export function canonicalHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  const bytes = addressBytes(bare);
  if (!bytes) return bare;
  const isMapped = bytes.length === 16 && bytes.toString("hex", 0, 12) === `${"0".repeat(20)}ffff`;
  return addressText(isMapped ? bytes.subarray(12) : bytes);
}

/** A host as it stands in a URL, a URI or a Via: IPv6 in brackets (RFC 3986 §3.2.2). */
export const writeHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** Host and port, as they are shown. */
export const showAddress = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${writeHost(host)}:${port}`;
