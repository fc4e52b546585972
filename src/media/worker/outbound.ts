// The one RTP stream a receiver sees, whatever sources feed it: our SSRC, sequence numbers without a jump and timestamps
// that go on, so that a change of source (ring-back → bell) breaks neither jitter buffers nor SRTP.
import { ahead, payloadEnd, payloadStart, putUInt32, sequenceOf, ssrcOf, timestampOf } from "./rtp.ts";

export class Outbound {
  readonly ssrc: number;
  packets = 0;
  octets = 0;
  /** The source in use: its port's stream, and its SSRC; −1 = none yet. */
  source: object | undefined;
  sourceSsrc = -1;
  /** What is added to the source's sequence number and timestamp. */
  sequenceOffset = 0;
  timestampOffset = 0;
  #sequence: number;
  #timestamp: number;
  #lastAt = 0;
  #rate = 8000;

  constructor(random: () => number) {
    this.ssrc = Math.floor(random() * 2 ** 32);
    this.#sequence = Math.floor(random() * 2 ** 15);
    this.#timestamp = Math.floor(random() * 2 ** 32);
  }

  /** Rewrites a sound packet in place, to be sent at `now` (ms) as `payload` of clock rate `rate` (Hz). */
  rewrite(packet: Buffer, source: object, payload: number, rate: number, now: number): void {
    const sequence = sequenceOf(packet);
    const timestamp = timestampOf(packet);
    const ssrc = ssrcOf(packet);
    let marker = (packet[1] ?? 0) & 0x80;
    if (ssrc !== this.sourceSsrc || source !== this.source) {
      // RFC 3550 §5.1: the timestamp goes on by the time that passed; a talkspurt begins.
      const passed = this.packets === 0 ? 0 : Math.max(1, Math.round(((now - this.#lastAt) * rate) / 1000));
      this.sequenceOffset = (this.#sequence + 1 - sequence) & 0xffff;
      // The first one's own timestamps, if it is somebody else's: where its packets go past us later (direct media), phones that
      // mind a jump when the SSRC changes see none.
      const keeps = this.packets === 0 && ssrc !== 0;
      this.timestampOffset = keeps ? 0 : (this.#timestamp + passed - timestamp) >>> 0;
      this.source = source;
      this.sourceSsrc = ssrc;
      if (rate < 90_000) marker = 0x80;
      this.#sequence = (this.#sequence + 1) & 0xffff;
      this.#timestamp = (timestamp + this.timestampOffset) >>> 0;
      this.#lastAt = now;
    }
    const next = (sequence + this.sequenceOffset) & 0xffff;
    const nextTimestamp = (timestamp + this.timestampOffset) >>> 0;
    packet[1] = marker | payload;
    packet[2] = next >> 8;
    packet[3] = next;
    putUInt32(packet, 4, nextTimestamp);
    putUInt32(packet, 8, this.ssrc);
    // A late packet must not turn the end of the stream back.
    if (ahead(next, this.#sequence) >= 0) {
      this.#sequence = next;
      // Telephone events keep the timestamp of their beginning (RFC 4733 §2.1): that is when it was.
      if (nextTimestamp !== this.#timestamp) this.#lastAt = now;
      this.#timestamp = nextTimestamp;
      this.#rate = rate;
    }
    this.packets++;
    // RFC 3550 §6.4.1 counts the payload only.
    this.octets += payloadEnd(packet) - payloadStart(packet);
  }

  /** A packet of the source goes no further: without this the receiver would take it for lost, and make up for it. */
  skip(source: object): void {
    if (source === this.source) this.sequenceOffset = (this.sequenceOffset - 1) & 0xffff;
  }

  /** The source begins another count: the stream goes on as from another one. */
  leave(source: object): void {
    if (source === this.source) this.source = undefined;
  }

  /** What the stream's clock shows at `now` (ms), for a sender report. */
  timestampAt(now: number): number {
    return (this.#timestamp + Math.round(((now - this.#lastAt) * this.#rate) / 1000)) >>> 0;
  }
}
