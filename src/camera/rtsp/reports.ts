// RTCP (RFC 3550 §6): what we tell the camera about what arrives, since cameras end a stream that nobody reports on, and
// the two things that we want to hear from it: its clock and its goodbye.
import { after, type RtpPacket } from "./rtp.ts";

const senderReport = 200;
const receiverReport = 201;
const description = 202;
const goodbye = 203;

/** The statistics of one source, as RFC 3550 appendix A has them. */
export class Reception {
  readonly #ssrc: number;
  readonly #perMs: number;
  #source: number | undefined;
  #base = 0;
  #highest = 0;
  #received = 0;
  #before = { expected: 0, received: 0 };
  #jitter = 0;
  #transit: number | undefined;
  #sender = { middle: 0, at: 0 };

  /** `ssrc`: 32 random bits that name us. `perMs`: how far timestamps go in a millisecond. */
  constructor(ssrc: number, perMs = 90) {
    this.#ssrc = ssrc >>> 0;
    this.#perMs = perMs;
  }

  packet({ ssrc, sequence, timestamp, at }: RtpPacket): void {
    if (ssrc !== this.#source) {
      this.#source = ssrc;
      [this.#base, this.#highest, this.#received] = [sequence, sequence, 0];
      this.#before = { expected: 0, received: 0 };
      [this.#jitter, this.#transit, this.#sender] = [0, undefined, { middle: 0, at: 0 }];
    }
    this.#received += 1;
    const step = after(sequence, this.#highest & 0xffff);
    if (step > 0) this.#highest += step;
    const transit = (Math.round(at * this.#perMs) - timestamp) | 0;
    if (this.#transit !== undefined) this.#jitter += (Math.abs((transit - this.#transit) | 0) - this.#jitter) / 16;
    this.#transit = transit;
  }

  /** Reads what the camera tells. @returns true where it says goodbye. */
  read(bytes: Buffer, at: number): boolean {
    for (let from = 0; from + 4 <= bytes.length;) {
      const size = 4 + 4 * bytes.readUInt16BE(from + 2);
      const kind = bytes[from + 1];
      if ((bytes[from] ?? 0) >> 6 !== 2 || from + size > bytes.length) return false;
      if (kind === senderReport && size >= 28 && bytes.readUInt32BE(from + 4) === this.#source)
        this.#sender = { middle: bytes.readUInt32BE(from + 10), at };
      if (kind === goodbye && size >= 8 && bytes.readUInt32BE(from + 4) === this.#source) return true;
      from += size;
    }
    return false;
  }

  /** A receiver report and our name. */
  report(now: number): Buffer {
    const block = this.#source === undefined ? Buffer.alloc(0) : this.#block(this.#source, now);
    const head = Buffer.alloc(8);
    head.writeUInt8(0x80 | (block.length > 0 ? 1 : 0), 0);
    head.writeUInt8(receiverReport, 1);
    head.writeUInt16BE((head.length + block.length) / 4 - 1, 2);
    head.writeUInt32BE(this.#ssrc, 4);
    // One chunk with CNAME "portero" (§6.5.1), ended and filled up by zeros.
    const name = Buffer.alloc(20);
    name.writeUInt8(0x81, 0);
    name.writeUInt8(description, 1);
    name.writeUInt16BE(4, 2);
    name.writeUInt32BE(this.#ssrc, 4);
    name.writeUInt8(1, 8);
    name.writeUInt8(7, 9);
    name.write("portero", 10, "latin1");
    return Buffer.concat([head, block, name]);
  }

  #block(source: number, now: number): Buffer {
    const expected = this.#highest - this.#base + 1;
    const missing = expected - this.#before.expected - (this.#received - this.#before.received);
    const fraction = missing > 0 ? Math.floor((256 * missing) / Math.max(1, expected - this.#before.expected)) : 0;
    this.#before = { expected, received: this.#received };
    const lost = Math.min(0x7fffff, Math.max(0, expected - this.#received));
    const block = Buffer.alloc(24);
    block.writeUInt32BE(source, 0);
    block.writeUInt32BE(((Math.min(255, fraction) << 24) | lost) >>> 0, 4);
    block.writeUInt32BE(this.#highest >>> 0, 8);
    block.writeUInt32BE(Math.min(2 ** 32 - 1, Math.floor(this.#jitter)), 12);
    const { middle, at } = this.#sender;
    block.writeUInt32BE(middle, 16);
    block.writeUInt32BE(at === 0 ? 0 : Math.max(0, Math.round((now - at) * 65.536)) >>> 0, 20);
    return block;
  }
}
