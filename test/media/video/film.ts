// A film for tests: RTP packets with H.264 whose units hold no picture, but are named like those that do.
import { rtp } from "../packets.ts";

export const sps = Buffer.from([0x67, 0x42, 0xe0, 0x1f, 1]);
export const pps = Buffer.from([0x68, 0xce, 2]);
const unit = (type: number, length = 20) => Buffer.concat([Buffer.from([0x60 | type]), Buffer.alloc(length, type)]);

export const h264 = { payload: 96, name: "H264", rate: 90_000, channels: 1, fmtp: "packetization-mode=1" };

/** STAP-A (RFC 6184 §5.7.1). */
export const together = (...units: Buffer[]) =>
  Buffer.concat([
    Buffer.from([0x78]),
    ...units.flatMap((one) => [Buffer.from([one.length >> 8, one.length & 0xff]), one]),
  ]);

/** FU-A (RFC 6184 §5.8): one unit in `parts`. */
export function inParts(whole: Buffer, parts: number): Buffer[] {
  const type = whole.readUInt8(0) & 0x1f;
  return Array.from({ length: parts }, (_, i) =>
    Buffer.from([0x7c, (i === 0 ? 0x80 : 0) | (i === parts - 1 ? 0x40 : 0) | type, i]),
  );
}

export const idr = unit(5);
export const slice = unit(1);
export const delimiter = unit(9, 1);

/** Numbers packets on and on; each picture is 3600 ticks (40 ms) after the one before. */
export class Film {
  sequence: number;
  timestamp = 0;
  readonly #ssrc: number;

  constructor(sequence = 100, ssrc = 7) {
    this.sequence = sequence;
    this.#ssrc = ssrc;
  }

  /** One picture of these payloads. */
  picture(...payloads: Buffer[]): Buffer[] {
    this.timestamp = (this.timestamp + 3600) >>> 0;
    return payloads.map((body, i) =>
      rtp({
        ...{ payload: 96, ssrc: this.#ssrc, timestamp: this.timestamp, body },
        ...{ sequence: this.sequence++ & 0xffff, marker: i === payloads.length - 1 },
      }),
    );
  }
}
