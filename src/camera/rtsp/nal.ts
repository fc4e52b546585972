// What RTP says of NAL units in H.264 (RFC 6184 §5.2–5.8) and in H.265 (RFC 7798 §4.4): the two differ in numbers only.
import { Bits, h265SpsFromId, reorderOfH264, reorderOfH265, sizeOfH264, sizeOfH265, type Size } from "./bits.ts";

/** A fragment of a unit: where it stands in it, and of the first the header that the unit gets back. */
export interface Fragment {
  readonly header: Buffer | undefined;
  readonly data: Buffer;
  readonly last: boolean;
}

export interface NalCodec {
  readonly codec: "h264" | "h265";
  /** Bytes of a unit's header. */
  readonly header: number;
  /** How parameter sets are called, in a decoder's order. */
  readonly setTypes: readonly number[];
  type(unit: Buffer): number;
  isSlice(type: number): boolean;
  /** A slice of a picture that can be decoded alone. */
  isKey(type: number): boolean;
  /** Nothing that a decoder misses: delimiters, ends, filling. */
  isPadding(type: number): boolean;
  /** The unit, of which at least a byte beyond its header is there, is the first one of its picture. */
  begins(unit: Buffer): boolean;
  /** Where the units lie in an aggregation packet; undefined if it is none. */
  aggregate(payload: Buffer): number | undefined;
  /** Undefined if it is none. */
  fragment(payload: Buffer): Fragment | undefined;
  /** The type is a packet's that we do not know, not a unit's. */
  isForeign(type: number): boolean;
  /** The number by which pictures name the set. */
  id(set: Buffer): number;
  size(sps: Buffer): Size | undefined;
  /** Before how many frames that are sent earlier a frame may be shown; undefined if untold. */
  reorder(sps: Buffer): number | undefined;
}

export const h264: NalCodec = {
  codec: "h264",
  header: 1,
  setTypes: [7, 8],
  type: (unit) => (unit[0] ?? 0) & 0x1f,
  isSlice: (type) => type >= 1 && type <= 5,
  isKey: (type) => type === 5,
  isPadding: (type) => type >= 9 && type <= 12,
  // SEI, SPS, PPS and delimiter stand before the first slice (§7.4.1.2.3), which begins with first_mb_in_slice = 0.
  begins(unit) {
    const type = this.type(unit);
    return (type >= 6 && type <= 9) || (this.isSlice(type) && ((unit[1] ?? 0) & 0x80) !== 0);
  },
  // STAP-A (RFC 6184 §5.7.1).
  aggregate: (payload) => (((payload[0] ?? 0) & 0x1f) === 24 ? 1 : undefined),
  // FU-A (RFC 6184 §5.8).
  fragment(payload) {
    const [indicator = 0, head = 0] = payload;
    if ((indicator & 0x1f) !== 28 || payload.length < 3) return undefined;
    const isFirst = (head & 0x80) !== 0;
    const header = isFirst ? Buffer.from([(indicator & 0xe0) | (head & 0x1f)]) : undefined;
    return { header, data: payload.subarray(2), last: (head & 0x40) !== 0 };
  },
  isForeign: (type) => type === 0 || type >= 24,
  id(set) {
    const bits = new Bits(set.subarray(0, 16), 1);
    if (this.type(set) === 7) bits.skip(24);
    return bits.ue();
  },
  size: sizeOfH264,
  reorder: reorderOfH264,
};

export const h265: NalCodec = {
  codec: "h265",
  header: 2,
  setTypes: [32, 33, 34],
  type: (unit) => ((unit[0] ?? 0) >> 1) & 0x3f,
  isSlice: (type) => type <= 31,
  isKey: (type) => type >= 16 && type <= 23,
  isPadding: (type) => type >= 35 && type <= 38,
  // VPS, SPS, PPS, delimiter and prefix SEI, or first_slice_segment_in_pic_flag (§7.4.2.4.4, §7.3.6.1).
  begins(unit) {
    const type = this.type(unit);
    return (type >= 32 && type <= 35) || type === 39 || (this.isSlice(type) && ((unit[2] ?? 0) & 0x80) !== 0);
  },
  // AP (RFC 7798 §4.4.2).
  aggregate: (payload) => ((((payload[0] ?? 0) >> 1) & 0x3f) === 48 ? 2 : undefined),
  // FU (RFC 7798 §4.4.3).
  fragment(payload) {
    const [high = 0, low = 0, head = 0] = payload;
    if (((high >> 1) & 0x3f) !== 49 || payload.length < 4) return undefined;
    const isFirst = (head & 0x80) !== 0;
    const header = isFirst ? Buffer.from([(high & 0x81) | ((head & 0x3f) << 1), low]) : undefined;
    return { header, data: payload.subarray(3), last: (head & 0x40) !== 0 };
  },
  isForeign: (type) => type >= 48,
  id(set) {
    const type = this.type(set);
    if (type === 32) return (set[2] ?? 0) >> 4;
    if (type === 34) return new Bits(set.subarray(0, 16), 2).ue();
    return h265SpsFromId(set.subarray(0, 128)).ue();
  },
  size: sizeOfH265,
  reorder: reorderOfH265,
};
