// RTP packets as far as a simulated device needs them: RFC 3550 §5.1, with the events of RFC 4733 §2.3.

export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

export function writeRtp(packet: RtpPacket): Buffer {
  const head = Buffer.alloc(12);
  head[0] = 0x80;
  head[1] = packet.payloadType | (packet.marker ? 0x80 : 0);
  head.writeUInt16BE(packet.sequence & 0xffff, 2);
  head.writeUInt32BE(packet.timestamp >>> 0, 4);
  head.writeUInt32BE(packet.ssrc >>> 0, 8);
  return Buffer.concat([head, packet.payload]);
}

/** Undefined for anything that is no RTP of version 2. */
export function readRtp(data: Buffer): RtpPacket | undefined {
  if (data.length < 12) return undefined;
  const first = data.readUInt8(0);
  const second = data.readUInt8(1);
  // 72 to 76 are RTCP on the same port (RFC 5761 §4).
  if (first >> 6 !== 2 || ((second & 0x7f) >= 72 && (second & 0x7f) <= 76)) return undefined;
  let start = 12 + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (data.length < start + 4) return undefined;
    start += 4 + data.readUInt16BE(start + 2) * 4;
  }
  const padding = first & 0x20 ? (data.at(-1) ?? 0) : 0;
  if (start + padding > data.length) return undefined;
  return {
    ...{ payloadType: second & 0x7f, marker: second >= 0x80, sequence: data.readUInt16BE(2) },
    ...{ timestamp: data.readUInt32BE(4), ssrc: data.readUInt32BE(8) },
    payload: data.subarray(start, data.length - padding),
  };
}

/** An event's payload: its code, whether it has ended, its duration in samples so far. */
export function writeTelephoneEvent(code: number, ended: boolean, duration: number): Buffer {
  const volume = 10;
  return Buffer.from([code, (ended ? 0x80 : 0) | volume, (duration >> 8) & 0xff, duration & 0xff]);
}
