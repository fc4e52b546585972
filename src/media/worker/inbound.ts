// What we know of the packets that come in on one port: how many, and how many are missing (RFC 3550 A.3).
import { ahead } from "./rtp.ts";

export class Inbound {
  received = 0;
  ssrc = -1;
  /** Highest sequence number of this source with its wraps counted above bit 16. */
  highest = 0;
  #first = 0;
  #ofSource = 0;
  #lostBefore = 0;

  count(ssrc: number, sequence: number): void {
    this.received++;
    if (ssrc !== this.ssrc || Math.abs(ahead(sequence, this.highest & 0xffff)) > 3000) {
      this.#lostBefore = this.lost;
      this.ssrc = ssrc;
      this.#first = this.highest = sequence;
      this.#ofSource = 1;
      return;
    }
    this.#ofSource++;
    const step = ahead(sequence, this.highest & 0xffff);
    if (step > 0) this.highest += step;
  }

  get lost(): number {
    if (this.ssrc < 0) return 0;
    return this.#lostBefore + Math.max(0, this.highest - this.#first + 1 - this.#ofSource);
  }
}
