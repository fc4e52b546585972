// RTCP packets (RFC 3550 §6.4, RFC 4585 §6, RFC 5104 §4.3) read and made.

export const senderReport = 200;
const receiverReport = 201;
const sourceDescription = 202;
export const transportFeedback = 205;
const payloadFeedback = 206;
/** Length of a report block. */
export const block = 24;
/** The most blocks that a report has room for. */
const mostBlocks = 31;

const pictureLoss = 1;
const fullIntra = 4;

/** RFC 3550 A.2: version 2 and a report first. */
export function isControl(packet: Buffer): boolean {
  if (packet.length < 8 || packet.readUInt8(0) >> 6 !== 2) return false;
  const type = packet.readUInt8(1);
  return type >= senderReport && type <= payloadFeedback + 1;
}

/** One packet of a compound. */
export interface ControlPacket {
  readonly type: number;
  /** How many blocks, or the format of a feedback. */
  readonly count: number;
  /** What follows the first four bytes; at least the sender's SSRC. */
  readonly body: Buffer;
}

/** The packets of a compound that are long enough for what they say to be, up to the first that lies about its length. */
export function packets(compound: Buffer): ControlPacket[] {
  const found: ControlPacket[] = [];
  for (let at = 0; at + 4 <= compound.length;) {
    const end = at + 4 * (compound.readUInt16BE(at + 2) + 1);
    const first = compound.readUInt8(at);
    if (first >> 6 !== 2 || end > compound.length) break;
    const type = compound.readUInt8(at + 1);
    const body = compound.subarray(at + 4, end);
    const least = type === senderReport ? block : type === transportFeedback || type === payloadFeedback ? 8 : 4;
    if (body.length >= least) found.push({ type, count: first & 0x1f, body });
    at = end;
  }
  return found;
}

/** The report blocks of a packet; none where it is no report. */
export function blocksOf({ type, count, body }: ControlPacket): Buffer[] {
  const start = type === senderReport ? 24 : type === receiverReport ? 4 : body.length;
  const room = Math.floor((body.length - start) / block);
  return Array.from({ length: Math.min(count, room) }, (_, i) =>
    body.subarray(start + i * block, start + (i + 1) * block),
  );
}

/** A compound of ours: a sender report where there is its `info` (20 bytes), else a receiver report; our name; and feedback. */
export function compound(
  from: number,
  info: Buffer | undefined,
  blocks: readonly Buffer[],
  feedback: readonly Buffer[] = [],
): Buffer {
  const reports = blocks.slice(0, mostBlocks);
  const report = [ssrc(from), ...(info ? [info] : []), ...reports];
  return Buffer.concat([
    packetOf(info ? senderReport : receiverReport, reports.length, report),
    nameless(from),
    ...feedback,
  ]);
}

export function packetOf(type: number, count: number, body: readonly Buffer[]): Buffer {
  const packet = Buffer.concat([Buffer.alloc(4), ...body]);
  packet.writeUInt8(0x80 | count, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  return packet;
}

/** Whether the packet asks the source of `stream` for a whole picture. */
export function asksForPicture({ type, count, body }: ControlPacket, stream: number): boolean {
  if (type !== payloadFeedback) return false;
  if (count === pictureLoss) return body.readUInt32BE(4) === stream;
  if (count !== fullIntra) return false;
  // RFC 5104 §4.3.1: the streams asked for stand in the entries.
  for (let at = 8; at + 8 <= body.length; at += 8) if (body.readUInt32BE(at) === stream) return true;
  return false;
}

/** RFC 4585 §6.3.1. */
export const pictureLossIndication = (from: number, stream: number): Buffer =>
  packetOf(payloadFeedback, pictureLoss, [ssrc(from), ssrc(stream)]);

/** RFC 5104 §4.3.1; `number` counts the requests, a repetition has that of the first. */
export const fullIntraRequest = (from: number, stream: number, number: number): Buffer =>
  packetOf(payloadFeedback, fullIntra, [ssrc(from), ssrc(0), ssrc(stream), Buffer.from([number & 0xff, 0, 0, 0])]);

function ssrc(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
}

/** RFC 3550 §6.5.1: every compound carries a CNAME; RFC 7022 lets it say nothing about us. */
function nameless(of: number): Buffer {
  const name = Buffer.from(of.toString(16).padStart(8, "0"));
  // Chunk: SSRC, type 1, length, text, and at least one null to the next word: 4 + 2 + 8 + 2.
  return packetOf(sourceDescription, 1, [ssrc(of), Buffer.from([1, name.length]), name, Buffer.alloc(2)]);
}
