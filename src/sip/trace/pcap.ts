// A trace as a capture file that Wireshark and tshark read. Ethernet, IP and UDP or TCP are made up around each message,
// with right lengths and checksums; what ran in TLS or WebSocket stands as plain SIP on its TCP port. The file's format
// is libpcap's classic one. RFC 791, 8200 (IP), 768 (UDP), 9293 (TCP), 1071 (checksum).
import { isIPv4, isIPv6 } from "node:net";
import { showAddress } from "../../ip.ts";
import type { Address } from "../transport/flow.ts";
import { redact } from "./redact.ts";
import type { Traced } from "./trace.ts";

const udpProtocol = 17;
const tcpProtocol = 6;

interface Place {
  readonly ip: Buffer;
  readonly port: number;
}

/** The capture of these messages, secrets blacked out. */
export function pcapOf(entries: readonly Traced[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0); // microseconds
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(0x40000, 16); // longest packet
  head.writeUInt32LE(1, 20); // Ethernet
  const streams = new Streams();
  return Buffer.concat([head, ...entries.flatMap((entry) => record(entry, streams))]);
}

function record({ at, direction, transport, local, remote, data }: Traced, streams: Streams): Buffer[] {
  const sixth = isIPv6(withoutZone(remote.host));
  const ours = place(local, sixth);
  const theirs = place(remote, sixth);
  const [from, to] = direction === "in" ? [theirs, ours] : [ours, theirs];
  const shown = redact(data);
  const flow = `${transport} ${showAddress(local)} ${showAddress(remote)}`;
  const inner = transport === "UDP" ? udp(from, to, shown) : tcp(from, to, shown, streams.send(flow, direction, shown));
  const packet = Buffer.concat([ethernet(direction, sixth), ip(from, to, transport, inner), inner]);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(Math.floor(at / 1000), 0);
  head.writeUInt32LE((at % 1000) * 1000, 4);
  head.writeUInt32LE(packet.length, 8);
  head.writeUInt32LE(packet.length, 12);
  return [head, packet];
}

const withoutZone = (host: string): string => host.replace(/%.*/, "");

/** An address that is told by a name, or is of the other family, is stood for by one for documentation (RFC 5737, 3849). */
function place({ host, port }: Address, sixth: boolean): Place {
  const address = withoutZone(host);
  if (sixth) return { ip: sixBytes(isIPv6(address) ? address : "2001:db8::1"), port };
  return { ip: Buffer.from((isIPv4(address) ? address : "192.0.2.1").split(".").map(Number)), port };
}

function sixBytes(address: string): Buffer {
  // The URL parser gives the one canonical form; its last part may be written as IPv4 before that.
  const [left = "", right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string) => text.split(":").filter(Boolean);
  const behind = groups(right ?? "");
  const zeros = 8 - groups(left).length - behind.length;
  const all = [...groups(left), ...Array<string>(zeros).fill("0"), ...behind];
  const bytes = Buffer.alloc(16);
  all.forEach((group, index) => bytes.writeUInt16BE(parseInt(group, 16), index * 2));
  return bytes;
}

/** Locally administered addresses: 1 is the far side, 2 is us. */
const ethernet = (direction: "in" | "out", sixth: boolean): Buffer => {
  const [to, from] = direction === "in" ? [2, 1] : [1, 2];
  return Buffer.from([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, ...(sixth ? [0x86, 0xdd] : [0x08, 0x00])]);
};

function ip(from: Place, to: Place, transport: string, inner: Buffer): Buffer {
  const protocol = transport === "UDP" ? udpProtocol : tcpProtocol;
  if (from.ip.length === 16) {
    const head = Buffer.alloc(8);
    head.writeUInt8(0x60, 0);
    head.writeUInt16BE(inner.length, 4);
    head.writeUInt8(protocol, 6);
    head.writeUInt8(64, 7);
    return Buffer.concat([head, from.ip, to.ip]);
  }
  const head = Buffer.alloc(12);
  head.writeUInt8(0x45, 0);
  head.writeUInt16BE(20 + inner.length, 2);
  head.writeUInt8(64, 8);
  head.writeUInt8(protocol, 9);
  const whole = Buffer.concat([head, from.ip, to.ip]);
  whole.writeUInt16BE(checksum(whole), 10);
  return whole;
}

function udp(from: Place, to: Place, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(from.port, 0);
  head.writeUInt16BE(to.port, 2);
  head.writeUInt16BE(8 + data.length, 4);
  const whole = Buffer.concat([head, data]);
  // A sum of 0 would say that there is none (RFC 768).
  whole.writeUInt16BE(checksum(pseudoHeader(from, to, udpProtocol, whole.length), whole) || 0xffff, 6);
  return whole;
}

interface Segment {
  readonly seq: number;
  readonly ack: number;
}

/** The sequence numbers of TCP connections, which begin with 1 where the trace begins. */
class Streams {
  readonly #next = new Map<string, { in: number; out: number }>();

  send(flow: string, direction: "in" | "out", data: Buffer): Segment {
    const next = this.#next.get(flow) ?? { in: 1, out: 1 };
    this.#next.set(flow, next);
    const seq = next[direction];
    next[direction] = (seq + data.length) >>> 0;
    return { seq, ack: next[direction === "in" ? "out" : "in"] };
  }
}

function tcp(from: Place, to: Place, data: Buffer, { seq, ack }: Segment): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(from.port, 0);
  head.writeUInt16BE(to.port, 2);
  head.writeUInt32BE(seq, 4);
  head.writeUInt32BE(ack, 8);
  head.writeUInt8(5 << 4, 12);
  head.writeUInt8(0x18, 13); // PSH, ACK
  head.writeUInt16BE(0xffff, 14);
  const whole = Buffer.concat([head, data]);
  whole.writeUInt16BE(checksum(pseudoHeader(from, to, tcpProtocol, whole.length), whole), 16);
  return whole;
}

/** What the checksums of UDP and TCP cover besides themselves; the form of IPv6 gives the same sum for IPv4. */
function pseudoHeader(from: Place, to: Place, protocol: number, length: number): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(length, 0);
  tail.writeUInt32BE(protocol, 4);
  return Buffer.concat([from.ip, to.ip, tail]);
}

function checksum(...parts: Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i + 1 < part.length; i += 2) sum += part.readUInt16BE(i);
    if (part.length % 2 === 1) sum += part.readUInt8(part.length - 1) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
