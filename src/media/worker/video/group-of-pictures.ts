// The packets since the last key frame began, its parameter sets included: what somebody needs who comes later.
import { isMarked, ssrcOf, timestampOf } from "../rtp.ts";
import { holds } from "./h264.ts";

/** A group that grows beyond this is of no use: too much to be sent at once. */
const mostBytes = 1_500_000;
const mostPackets = 2_000;

export class GroupOfPictures {
  #packets: Buffer[] = [];
  #bytes = 0;
  /** Whether it begins with a key frame. */
  #whole = false;
  /** Where parameter sets stand that belong to a picture to come. */
  #sets: number | undefined;
  #picture = -1;
  #ssrc = -1;
  /** When the key frame began. */
  #at = 0;

  /** The packets of the key frame with its parameter sets, and when it came; none while it is not whole. */
  get keyFrame(): { readonly packets: readonly Buffer[]; readonly at: number } | undefined {
    const last = this.packets.findLastIndex((packet) => timestampOf(packet) === this.#picture);
    const packet = this.packets[last];
    const isWhole = packet && (isMarked(packet) || last < this.packets.length - 1);
    return isWhole ? { packets: this.packets.slice(0, last + 1), at: this.#at } : undefined;
  }

  /** Nothing where no key frame came yet, or too much since. */
  get packets(): readonly Buffer[] {
    return this.#whole ? this.#packets : [];
  }

  /** Copies the packet; `bits` is what it holds. */
  add(packet: Buffer, bits: number, now: number): void {
    if (ssrcOf(packet) !== this.#ssrc) this.#clear();
    this.#ssrc = ssrcOf(packet);
    const timestamp = timestampOf(packet);
    if (bits & holds.idr && timestamp !== this.#picture) {
      this.#packets.splice(0, this.#sets ?? this.#packets.length);
      this.#bytes = this.#packets.reduce((sum, one) => sum + one.length, 0);
      [this.#whole, this.#picture, this.#at] = [true, timestamp, now];
    }
    if (bits & (holds.idr | holds.slice)) this.#sets = undefined;
    else if (bits & (holds.sps | holds.pps)) this.#sets ??= this.#packets.length;
    if (!this.#whole && this.#sets === undefined) return;
    this.#packets.push(Buffer.from(packet));
    this.#bytes += packet.length;
    if (this.#bytes > mostBytes || this.#packets.length > mostPackets) this.#clear();
  }

  #clear(): void {
    [this.#packets, this.#bytes, this.#whole, this.#sets, this.#picture] = [[], 0, false, undefined, -1];
  }
}
