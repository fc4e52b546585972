// What we know of the packets that come in on one port: how many, how many are missing (RFC 3550 A.3), and how unevenly they
// come (A.8).
import { ahead } from "./rtp.ts";

export class Inbound {
  received = 0;
  ssrc = -1;
  /** Highest sequence number of this source with its wraps counted above bit 16. */
  highest = 0;
  /** Interarrival jitter of this source, in milliseconds. */
  jitter = 0;
  /** Clock rate of this source. */
  rate = 8000;
  #first = 0;
  #ofSource = 0;
  #lostBefore = 0;
  #timestamp = 0;
  #at = -1;

  /** `rate` is the clock rate, 0 for a packet whose timestamp does not say when it was sent. `now` in milliseconds. */
  count(ssrc: number, sequence: number, timestamp: number, rate: number, now: number): void {
    this.received++;
    if (ssrc !== this.ssrc || Math.abs(ahead(sequence, this.highest & 0xffff)) > 3000) {
      this.#lostBefore = this.lost;
      this.ssrc = ssrc;
      this.#first = this.highest = sequence;
      this.#ofSource = 1;
      this.jitter = 0;
      this.#at = -1;
    } else {
      this.#ofSource++;
      const step = ahead(sequence, this.highest & 0xffff);
      if (step > 0) this.highest += step;
    }
    if (rate === 0) return;
    if (this.#at >= 0) {
      const apart = (((timestamp - this.#timestamp) | 0) * 1000) / rate;
      this.jitter += (Math.abs(now - this.#at - apart) - this.jitter) / 16;
    }
    this.rate = rate;
    this.#timestamp = timestamp;
    this.#at = now;
  }

  get lost(): number {
    return this.ssrc < 0 ? 0 : this.#lostBefore + Math.max(0, this.lostOfSource);
  }

  /** Packets of this source that should have come; from its first on. */
  get expected(): number {
    return this.ssrc < 0 ? 0 : this.highest - this.#first + 1;
  }

  /** Below 0 where packets came twice. */
  get lostOfSource(): number {
    return this.expected - this.#ofSource;
  }
}
