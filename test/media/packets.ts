// RTP and RTCP packets for tests, built field by field.

export interface Rtp {
  payload?: number;
  marker?: boolean;
  sequence?: number;
  timestamp?: number;
  ssrc?: number;
  body?: Uint8Array;
}

export function rtp({ payload = 8, marker = false, sequence = 1, timestamp = 0, ssrc = 1, body }: Rtp = {}): Buffer {
  const packet = Buffer.alloc(12);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8((marker ? 0x80 : 0) | payload, 1);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(timestamp >>> 0, 4);
  packet.writeUInt32BE(ssrc >>> 0, 8);
  return Buffer.concat([packet, body ?? Buffer.alloc(160, 0xd5)]);
}

export const read = (packet: Buffer) => ({
  payload: packet.readUInt8(1) & 0x7f,
  marker: packet.readUInt8(1) >> 7 === 1,
  sequence: packet.readUInt16BE(2),
  timestamp: packet.readUInt32BE(4),
  ssrc: packet.readUInt32BE(8),
  body: packet.subarray(12),
});

/** One RTCP packet: its 5-bit count or format, its type, and its words after the header. */
export function rtcp(count: number, type: number, words: readonly number[]): Buffer {
  const packet = Buffer.alloc(4 + 4 * words.length);
  packet.writeUInt8(0x80 | count, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(words.length, 2);
  words.forEach((word, i) => packet.writeUInt32BE(word >>> 0, 4 + 4 * i));
  return packet;
}

/** The packets of a compound, as [count, type, words]. */
export function control(compound: Buffer): [number, number, number[]][] {
  const packets: [number, number, number[]][] = [];
  for (let at = 0; at < compound.length;) {
    const words = compound.readUInt16BE(at + 2);
    const list = Array.from({ length: words }, (_, i) => compound.readUInt32BE(at + 4 + 4 * i));
    packets.push([compound.readUInt8(at) & 0x1f, compound.readUInt8(at + 1), list]);
    at += 4 + 4 * words;
  }
  return packets;
}
