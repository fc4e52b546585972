// RTP packets (RFC 3550 §5.1) read and rewritten in the buffer they came in: no object per packet.

export const headerLength = 12;

/** The payload type when the packet is sound RTP, else −1: version, lengths, and room for CSRCs, extension and padding. */
export function payloadType(packet: Buffer): number {
  const first = packet[0];
  if (first === undefined || packet.length < headerLength || first >> 6 !== 2) return -1;
  return payloadEnd(packet) < payloadStart(packet) ? -1 : (packet[1] ?? 0) & 0x7f;
}

/** Where the payload begins, behind CSRCs and the extension; beyond the end when the packet lies about them. */
export function payloadStart(packet: Buffer): number {
  const first = packet[0] ?? 0;
  const start = headerLength + 4 * (first & 0x0f);
  if (!(first & 0x10)) return start;
  return start + 4 > packet.length ? packet.length + 1 : start + 4 + 4 * packet.readUInt16BE(start + 2);
}

/** Where the payload ends, before padding; −1 when the padding's length cannot be. */
export function payloadEnd(packet: Buffer): number {
  if (!((packet[0] ?? 0) & 0x20)) return packet.length;
  const padding = packet.readUInt8(packet.length - 1);
  return padding === 0 ? -1 : packet.length - padding;
}

/** The payload itself, in the same memory. */
export const payloadOf = (packet: Buffer): Buffer => packet.subarray(payloadStart(packet), payloadEnd(packet));

/** The last packet of a picture. */
export const isMarked = (packet: Buffer): boolean => (packet.readUInt8(1) & 0x80) !== 0;
// Byte by byte: a Buffer's own methods cost several times as much, and these are called for each packet.
export const sequenceOf = (packet: Buffer): number => ((packet[2] ?? 0) << 8) | (packet[3] ?? 0);
export const timestampOf = (packet: Buffer): number => uInt32(packet, 4);
export const ssrcOf = (packet: Buffer): number => uInt32(packet, 8);

const uInt32 = (packet: Buffer, at: number): number =>
  (((packet[at] ?? 0) << 24) | ((packet[at + 1] ?? 0) << 16) | ((packet[at + 2] ?? 0) << 8) | (packet[at + 3] ?? 0)) >>>
  0;

export function putUInt32(packet: Buffer, at: number, value: number): void {
  packet[at] = value >>> 24;
  packet[at + 1] = value >>> 16;
  packet[at + 2] = value >>> 8;
  packet[at + 3] = value;
}

/** How far 16-bit `a` is ahead of `b`, −32768…32767 (RFC 3550 A.1). */
export const ahead = (a: number, b: number): number => ((a - b) << 16) >> 16;

/** A packet (its payload, or how long that will be) to be sent by a stream, which gives it the rest: SSRC, payload type, and numbers and times that go on. */
export function rtpPacket(sequence: number, timestamp: number, body: Uint8Array | number): Buffer {
  const packet = Buffer.alloc(headerLength + (typeof body === "number" ? body : body.length));
  packet.writeUInt8(0x80, 0);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(timestamp >>> 0, 4);
  if (typeof body !== "number") packet.set(body, headerLength);
  return packet;
}
