// A camera says once how its pictures are to be read, and in its SDP; who comes later does not know. What is missing ahead of
// a key frame is put there: packets more, so the camera's sequence numbers move on for all receivers alike.
import { ahead, headerLength, sequenceOf, ssrcOf, timestampOf } from "../rtp.ts";
import { contents, describedSets, holds, kindOf, parameterSets } from "./h264.ts";

const both = holds.sps | holds.pps;
/** A packet that is overtaken by more than this many others does not count. */
const latest = 1000;

export class ParameterSets {
  /** How many packets more there were so far, modulo 2¹⁶. */
  inserted = 0;
  /** Where the last ones were put, as long as packets from before may come, and how many there were before. */
  #at: number | undefined;
  #before = 0;
  #known: readonly Buffer[] = [];
  /** Which were seen since the last picture began. */
  #seen = 0;
  #picture = -1;
  #ssrc = -1;

  /** Takes those of the peer's SDP (sprop-parameter-sets), for as long as the stream brings none. */
  describe(text: string): void {
    if (this.#known.length === 0) this.#known = describedSets(text);
  }

  /**
   * The packet with its number as receivers count, behind those that were missing. `bits` is what it holds. The number is
   * written into the packet.
   */
  repair(packet: Buffer, bits: number): Buffer[] {
    if (ssrcOf(packet) !== this.#ssrc) [this.#at, this.#picture, this.#seen] = [undefined, -1, 0];
    this.#ssrc = ssrcOf(packet);
    if (bits & both) this.#learn(packet);
    const sequence = sequenceOf(packet);
    const begins = (bits & holds.idr) !== 0 && timestampOf(packet) !== this.#picture;
    this.#seen |= bits & both;
    // All of them where one is missing: the picture's set names the sequence's, which has to come first.
    const missing = begins && this.#known.some((unit) => !(this.#seen & kindOf(unit))) ? this.#known : [];
    if (begins) this.#picture = timestampOf(packet);
    if (bits & (holds.idr | holds.slice)) this.#seen = 0;
    const since = this.#at === undefined ? 0 : ahead(sequence, this.#at);
    if (since > latest) this.#at = undefined;
    const first = sequence + (since < 0 ? this.#before : this.inserted);
    if (missing.length > 0) {
      this.#at = sequence;
      this.#before = this.inserted;
      this.inserted = (this.inserted + missing.length) & 0xffff;
    }
    packet.writeUInt16BE((first + missing.length) & 0xffff, 2);
    return [...missing.map((unit, i) => withUnit(packet, unit, first + i)), packet];
  }

  /** What is missing ahead of a group that came before it was known. */
  ahead(group: readonly Buffer[]): Buffer[] {
    const [first] = group;
    let seen = 0;
    for (const packet of group) {
      const bits = contents(packet);
      seen |= bits & both;
      if (bits & (holds.idr | holds.slice)) break;
    }
    if (!first || this.#known.every((unit) => seen & kindOf(unit))) return [];
    return this.#known.map((unit, i) => withUnit(first, unit, sequenceOf(first) - this.#known.length + i));
  }

  #learn(packet: Buffer): void {
    for (const unit of parameterSets(packet)) {
      const first = !(this.#seen & kindOf(unit));
      const kept = this.#known.filter((one) => !one.equals(unit) && !(first && kindOf(one) === kindOf(unit)));
      this.#known = [...kept, Buffer.from(unit)].sort((a, b) => kindOf(a) - kindOf(b));
      this.#seen |= kindOf(unit);
    }
  }
}

/** A packet of the same time with this unit alone. */
function withUnit(like: Buffer, unit: Buffer, sequence: number): Buffer {
  const head = Buffer.from(like.subarray(0, headerLength));
  head.writeUInt8(0x80, 0);
  head.writeUInt8(like.readUInt8(1) & 0x7f, 1);
  head.writeUInt16BE(sequence & 0xffff, 2);
  return Buffer.concat([head, unit]);
}
