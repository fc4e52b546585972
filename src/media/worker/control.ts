// RTCP from one leg to the other (RFC 3550 §6, RFC 4585). Each side sees only our SSRC, so every SSRC, sequence number and
// timestamp in a report is translated; what cannot be translated is left out. Names (SDES) and BYE stay behind: our stream
// outlives its sources, and the other side's CNAME is nobody's business. Key frame requests are the source's stream's own to make.
import { ahead } from "./rtp.ts";
import {
  block,
  blocksOf,
  compound,
  packetOf,
  packets,
  senderReport,
  transportFeedback,
  type ControlPacket,
} from "./rtcp.ts";
import type { Inbound } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";
import type { Reports } from "./reports.ts";

const genericNack = 1;

/** The two ends a report is translated between; a Stream is one. */
export interface ControlEnd {
  readonly in: Inbound;
  readonly out: Outbound;
  readonly reports: Reports;
  /** How many packets more than its peer sent were passed on. */
  readonly inserted: number;
}

/** The compound packet to send to `to`'s peer for the one that came from `from`'s peer, or undefined when nothing is left. */
export function relayControl(control: Buffer, from: ControlEnd, to: ControlEnd): Buffer | undefined {
  let sender: Buffer | undefined;
  const blocks: Buffer[] = [];
  const feedback: Buffer[] = [];
  for (const packet of packets(control)) {
    if (packet.type === senderReport) sender = senderInfo(packet.body, from, to) ?? sender;
    for (const one of blocksOf(packet)) blocks.push(...translated(one, from, to));
    if (packet.type === transportFeedback) feedback.push(...nack(packet, from, to));
  }
  if (!sender && blocks.length === 0 && feedback.length === 0) return undefined;
  return compound(to.out.ssrc, sender, blocks, feedback);
}

/** NTP time as it is, RTP time as our stream counts it, and what we really sent. */
function senderInfo(body: Buffer, from: ControlEnd, to: ControlEnd): Buffer | undefined {
  const { out } = to;
  if (out.source !== from || body.readUInt32BE(0) !== out.sourceSsrc) return undefined;
  const info = Buffer.from(body.subarray(4, 24));
  info.writeUInt32BE((info.readUInt32BE(8) + out.timestampOffset) >>> 0, 8);
  info.writeUInt32BE(out.packets >>> 0, 12);
  info.writeUInt32BE(out.octets >>> 0, 16);
  return info;
}

/** A report about what we send to `from`'s peer becomes one about what `to`'s peer sent us. */
function translated(original: Buffer, from: ControlEnd, to: ControlEnd): Buffer[] {
  const { out } = from;
  if (out.source !== to || original.readUInt32BE(0) !== out.ssrc || to.in.ssrc !== out.sourceSsrc) return [];
  const report = Buffer.from(original);
  report.writeUInt32BE(out.sourceSsrc, 0);
  // The wraps it counted are our stream's; those of the source we counted ourselves.
  const sequence = (report.readUInt16BE(10) - out.sequenceOffset - to.inserted) & 0xffff;
  const extended = to.in.highest + ahead(sequence, to.in.highest & 0xffff);
  report.writeUInt32BE(Math.max(0, extended) >>> 0, 8);
  // The source does not know the times of our own reports.
  if (from.reports.own) report.fill(0, 16, block);
  return [report];
}

/** RFC 4585 §6.2.1, in the numbers of the source. */
function nack({ count, body }: ControlPacket, from: ControlEnd, to: ControlEnd): Buffer[] {
  const { out } = from;
  if (count !== genericNack || out.source !== to || body.readUInt32BE(4) !== out.ssrc) return [];
  const copy = Buffer.from(body);
  copy.writeUInt32BE(to.out.ssrc, 0);
  copy.writeUInt32BE(out.sourceSsrc, 4);
  for (let at = 8; at + 4 <= copy.length; at += 4)
    copy.writeUInt16BE((copy.readUInt16BE(at) - out.sequenceOffset - to.inserted) & 0xffff, at);
  return [packetOf(transportFeedback, genericNack, [copy])];
}
