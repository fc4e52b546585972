// RTCP from one leg to the other (RFC 3550 §6, RFC 4585, RFC 5104). Each side sees only our SSRC, so every SSRC, sequence
// number and timestamp in a report is translated; what cannot be translated is left out. Names (SDES) and BYE stay behind:
// our stream outlives its sources, and the other side's CNAME is nobody's business.
import { ahead } from "./rtp.ts";
import type { Inbound } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";

const senderReport = 200;
const receiverReport = 201;
const sourceDescription = 202;
const transportFeedback = 205;
const payloadFeedback = 206;
const block = 24;

/** The two ends a report is translated between; a Stream is one. */
export interface ControlEnd {
  readonly in: Inbound;
  readonly out: Outbound;
}

/** RFC 3550 A.2: version 2 and a report first. */
export function isControl(packet: Buffer): boolean {
  if (packet.length < 8 || packet.readUInt8(0) >> 6 !== 2) return false;
  const type = packet.readUInt8(1);
  return type >= senderReport && type <= payloadFeedback + 1;
}

/** The compound packet to send to `to`'s peer for the one that came from `from`'s peer, or undefined when nothing is left. */
export function relayControl(compound: Buffer, from: ControlEnd, to: ControlEnd): Buffer | undefined {
  let sender: Buffer | undefined;
  const blocks: Buffer[] = [];
  const feedback: Buffer[] = [];
  for (let at = 0; at + 4 <= compound.length;) {
    const length = 4 * (compound.readUInt16BE(at + 2) + 1);
    if (compound.readUInt8(at) >> 6 !== 2 || at + length > compound.length) break;
    const packet = compound.subarray(at, at + length);
    const type = packet.readUInt8(1);
    const count = packet.readUInt8(0) & 0x1f;
    if (type === senderReport && length >= 28) {
      sender = senderInfo(packet, from, to) ?? sender;
      blocks.push(...reportBlocks(packet.subarray(28), count, from, to));
    } else if (type === receiverReport && length >= 8) {
      blocks.push(...reportBlocks(packet.subarray(8), count, from, to));
    } else if ((type === transportFeedback || type === payloadFeedback) && length >= 12) {
      const translated = translateFeedback(packet, type, count, from, to);
      if (translated) feedback.push(translated);
    }
    at += length;
  }
  if (!sender && blocks.length === 0 && feedback.length === 0) return undefined;
  const reports = blocks.slice(0, 31);
  const head = header(
    reports.length,
    sender ? senderReport : receiverReport,
    4 + (sender?.length ?? 0) + block * reports.length,
  );
  return Buffer.concat([
    head,
    ssrc(to.out.ssrc),
    ...(sender ? [sender] : []),
    ...reports,
    nameless(to.out.ssrc),
    ...feedback,
  ]);
}

/** NTP time as it is, RTP time as our stream counts it, and what we really sent. */
function senderInfo(packet: Buffer, from: ControlEnd, to: ControlEnd): Buffer | undefined {
  const { out } = to;
  if (out.source !== from || packet.readUInt32BE(4) !== out.sourceSsrc) return undefined;
  const info = Buffer.from(packet.subarray(8, 28));
  info.writeUInt32BE((info.readUInt32BE(8) + out.timestampOffset) >>> 0, 8);
  info.writeUInt32BE(out.packets >>> 0, 12);
  info.writeUInt32BE(out.octets >>> 0, 16);
  return info;
}

/** Reports about what we send to `from`'s peer become reports about what `to`'s peer sent us. */
function reportBlocks(area: Buffer, count: number, from: ControlEnd, to: ControlEnd): Buffer[] {
  const { out } = from;
  if (out.source !== to) return [];
  const blocks: Buffer[] = [];
  for (let i = 0; i < count && (i + 1) * block <= area.length; i++) {
    const report = Buffer.from(area.subarray(i * block, (i + 1) * block));
    if (report.readUInt32BE(0) !== out.ssrc || to.in.ssrc !== out.sourceSsrc) continue;
    report.writeUInt32BE(out.sourceSsrc, 0);
    // The wraps it counted are our stream's; those of the source we counted ourselves.
    const sequence = (report.readUInt16BE(10) - out.sequenceOffset) & 0xffff;
    const extended = to.in.highest + ahead(sequence, to.in.highest & 0xffff);
    report.writeUInt32BE(Math.max(0, extended) >>> 0, 8);
    blocks.push(report);
  }
  return blocks;
}

/** Key frame requests and NACKs, towards the source of the stream they are about. */
function translateFeedback(
  packet: Buffer,
  type: number,
  format: number,
  from: ControlEnd,
  to: ControlEnd,
): Buffer | undefined {
  const { out } = from;
  if (out.source !== to) return undefined;
  const copy = Buffer.from(packet);
  const ours = copy.readUInt32BE(8) === out.ssrc;
  copy.writeUInt32BE(to.out.ssrc, 4);
  if (type === payloadFeedback && format === 1 && ours) {
    copy.writeUInt32BE(out.sourceSsrc, 8);
    return copy;
  }
  if (type === payloadFeedback && format === 4) {
    // RFC 5104 §4.3.1: the stream asked for stands in the entries.
    for (let at = 12; at + 8 <= copy.length; at += 8) {
      if (copy.readUInt32BE(at) !== out.ssrc) return undefined;
      copy.writeUInt32BE(out.sourceSsrc, at);
    }
    copy.writeUInt32BE(0, 8);
    return copy.length >= 20 ? copy : undefined;
  }
  if (type === transportFeedback && format === 1 && ours) {
    copy.writeUInt32BE(out.sourceSsrc, 8);
    for (let at = 12; at + 4 <= copy.length; at += 4) {
      copy.writeUInt16BE((copy.readUInt16BE(at) - out.sequenceOffset) & 0xffff, at);
    }
    return copy;
  }
  return undefined;
}

function header(count: number, type: number, bodyLength: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt8(0x80 | count, 0);
  head.writeUInt8(type, 1);
  head.writeUInt16BE(bodyLength / 4, 2);
  return head;
}

function ssrc(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
}

/** RFC 3550 §6.5.1: every compound carries a CNAME; RFC 7022 lets it say nothing about us. */
function nameless(of: number): Buffer {
  const name = Buffer.from(of.toString(16).padStart(8, "0"));
  // Chunk: SSRC, type 1, length, text, and at least one null to the next word: 4 + 2 + 8 + 2.
  const item = Buffer.concat([ssrc(of), Buffer.from([1, name.length]), name, Buffer.alloc(2)]);
  return Buffer.concat([header(1, sourceDescription, item.length), item]);
}
