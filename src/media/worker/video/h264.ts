// What an RTP packet with H.264 holds (RFC 6184 §5.2): single NAL units, several in one (STAP-A), or a part of one (FU-A).
import { payloadEnd, payloadStart } from "../rtp.ts";

/** What begins in a packet, as bits of one number. */
export const holds = { sps: 1, pps: 2, idr: 4, slice: 8, other: 16 } as const;

const aggregate = 24;
const fragment = 28;

const bitOf = (type: number): number =>
  type === 7 ? holds.sps : type === 8 ? holds.pps : type === 5 ? holds.idr : type < 5 ? holds.slice : holds.other;

/** The bits of all that begins in the packet; 0 for what goes on with something begun before, and for what cannot be read. */
export function contents(packet: Buffer): number {
  const start = payloadStart(packet);
  const end = payloadEnd(packet);
  if (start >= end) return 0;
  const type = packet.readUInt8(start) & 0x1f;
  if (type === fragment) {
    const header = start + 1 < end ? packet.readUInt8(start + 1) : 0;
    return header & 0x80 ? bitOf(header & 0x1f) : 0;
  }
  if (type !== aggregate) return type > 0 && type < aggregate ? bitOf(type) : 0;
  let bits = 0;
  for (const unit of aggregated(packet, start + 1, end)) bits |= bitOf(unit.readUInt8(0) & 0x1f);
  return bits;
}

/** The parameter sets that are whole in the packet. */
export function parameterSets(packet: Buffer): Buffer[] {
  const start = payloadStart(packet);
  const end = payloadEnd(packet);
  const type = packet.readUInt8(start) & 0x1f;
  const units = type === aggregate ? aggregated(packet, start + 1, end) : [packet.subarray(start, end)];
  return units.filter(isParameterSet);
}

/** Those of an SDP, base64 with commas between them (RFC 6184 §8.1, sprop-parameter-sets). */
export const describedSets = (text: string): Buffer[] =>
  text
    .split(",")
    .map((part) => Buffer.from(part, "base64"))
    .filter(isParameterSet);

/** The bit of a parameter set. */
export const kindOf = (unit: Buffer): number => bitOf(unit.readUInt8(0) & 0x1f);

const isParameterSet = (unit: Buffer): boolean => unit.length > 1 && (kindOf(unit) & (holds.sps | holds.pps)) !== 0;

function aggregated(packet: Buffer, start: number, end: number): Buffer[] {
  const units: Buffer[] = [];
  for (let at = start; at + 2 < end;) {
    const next = at + 2 + packet.readUInt16BE(at);
    if (next > end || next === at + 2) break;
    units.push(packet.subarray(at + 2, next));
    at = next;
  }
  return units;
}
