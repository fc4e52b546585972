// Our own RTCP reports to one peer (RFC 3550 §6.4), for as long as nobody's are passed on to it: its other side sends none, or
// there is no other side; and what we learn from its reports: the round trip, and what it lost of what we sent.
import { block, blocksOf, compound, packets, senderReport } from "./rtcp.ts";
import type { Inbound } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";

/** RFC 3550 §6.2: every five seconds, more or less by half, so that not all come at once; the first time after half of it. */
const everyMs = 5000;
/** The longest that somebody who reports every five seconds leaves between two reports (§6.3.1, randomized). */
const patienceMs = 7500;

/** A sender report: the middle of its NTP time, and when it came or went. */
interface Mark {
  readonly time: number;
  readonly at: number;
}

export class Reports {
  /** Milliseconds to the peer and back, once it has told; without the time that it took to answer. */
  roundTrip: number | undefined;
  /** Packets of ours that the peer missed, as it told last. */
  peerLost: number | undefined;
  /** Whether the last sender report that the peer got was made here: what it says of it means nothing to its other side. */
  own = false;
  readonly #in: Inbound;
  readonly #out: Outbound;
  readonly #random: () => number;
  #theirs: Mark | undefined;
  #sent: Mark | undefined;
  #dueAt: number | undefined;
  #packetsBefore = 0;
  #expectedBefore = 0;
  #lostBefore = 0;

  constructor(inbound: Inbound, outbound: Outbound, random: () => number) {
    this.#in = inbound;
    this.#out = outbound;
    this.#random = random;
  }

  /** A compound packet of the peer. */
  heard(control: Buffer, now: number): void {
    for (const packet of packets(control)) {
      const { type, body } = packet;
      if (type === senderReport && body.readUInt32BE(0) === this.#in.ssrc)
        this.#theirs = { time: body.readUInt32BE(6), at: now };
      for (const one of blocksOf(packet)) if (one.readUInt32BE(0) === this.#out.ssrc) this.#aboutUs(one, now);
    }
  }

  #aboutUs(report: Buffer, now: number): void {
    this.peerLost = Math.max(0, report.readIntBE(5, 3));
    const since = report.readUInt32BE(16);
    if (since === 0 || since !== this.#sent?.time) return;
    this.roundTrip = Math.max(0, now - this.#sent.at - (report.readUInt32BE(20) * 1000) / 65_536);
  }

  /** A report of the other side was passed on to the peer. */
  passed(control: Buffer, now: number): void {
    this.#dueAt = now + patienceMs;
    if (control.readUInt8(1) !== senderReport) return;
    this.own = false;
    this.#sent = { time: control.readUInt32BE(10), at: now };
  }

  /** Our report, when it is time for one. */
  due(now: number): Buffer | undefined {
    this.#dueAt ??= now + this.#pause() / 2;
    if (now < this.#dueAt) return undefined;
    this.#dueAt = now + this.#pause();
    const { ssrc, packets: sent, octets } = this.#out;
    const blocks = this.#in.ssrc < 0 ? [] : [this.#aboutThem(now)];
    if (sent === this.#packetsBefore) return compound(ssrc, undefined, blocks);
    this.#packetsBefore = sent;
    const info = Buffer.alloc(20);
    // RFC 3550 §6.4.1: who knows no wall clock counts the time since it began.
    info.writeUInt32BE(Math.floor(now / 1000) >>> 0, 0);
    info.writeUInt32BE(Math.floor((now % 1000) * (2 ** 32 / 1000)) >>> 0, 4);
    info.writeUInt32BE(this.#out.timestampAt(now), 8);
    info.writeUInt32BE(sent >>> 0, 12);
    info.writeUInt32BE(octets >>> 0, 16);
    this.own = true;
    this.#sent = { time: info.readUInt32BE(2), at: now };
    return compound(ssrc, info, blocks);
  }

  #pause(): number {
    return everyMs * (0.5 + this.#random());
  }

  /** RFC 3550 A.3. */
  #aboutThem(now: number): Buffer {
    const { ssrc, highest, jitter, rate, expected, lostOfSource } = this.#in;
    const report = Buffer.alloc(block);
    report.writeUInt32BE(ssrc, 0);
    // After a change of source it begins anew.
    if (expected < this.#expectedBefore) [this.#expectedBefore, this.#lostBefore] = [0, 0];
    const [missed, of] = [lostOfSource - this.#lostBefore, expected - this.#expectedBefore];
    report.writeUInt8(missed > 0 && of > 0 ? Math.min(255, Math.floor((missed * 256) / of)) : 0, 4);
    [this.#expectedBefore, this.#lostBefore] = [expected, lostOfSource];
    report.writeIntBE(Math.max(-0x800000, Math.min(0x7fffff, lostOfSource)), 5, 3);
    report.writeUInt32BE(highest >>> 0, 8);
    report.writeUInt32BE(Math.round((jitter * rate) / 1000) >>> 0, 12);
    if (this.#theirs) {
      report.writeUInt32BE(this.#theirs.time, 16);
      report.writeUInt32BE(Math.round(((now - this.#theirs.at) * 65_536) / 1000) >>> 0, 20);
    }
    return report;
  }
}
