// The bits of a parameter set: fixed and Exp-Golomb numbers (ITU-T H.264 §9.1, H.265 §9.2), and the size of the picture
// that a sequence parameter set declares.

/** Reads bits; beyond the end come zeros. */
export class Bits {
  readonly #bytes: Buffer;
  #at = 0;

  /** `unit` is a NAL unit; emulation prevention (00 00 03) is undone in what follows its header. */
  constructor(unit: Buffer, header: number) {
    const bytes = Buffer.alloc(Math.max(0, unit.length - header));
    let [length, zeros] = [0, 0];
    for (const byte of unit.subarray(header)) {
      if (zeros >= 2 && byte === 3) {
        zeros = 0;
        continue;
      }
      zeros = byte === 0 ? zeros + 1 : 0;
      bytes[length++] = byte;
    }
    this.#bytes = bytes.subarray(0, length);
  }

  /** Up to 32 bits. */
  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++)
      value = value * 2 + (((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
    return value;
  }

  skip(count: number): void {
    this.#at += count;
  }

  ue(): number {
    let zeros = 0;
    while (zeros < 32 && this.#at < this.#bytes.length * 8 && this.read(1) === 0) zeros++;
    return 2 ** zeros - 1 + this.read(zeros);
  }

  se(): number {
    const value = this.ue();
    return value % 2 === 1 ? (value + 1) / 2 : -value / 2;
  }
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const plausible = (width: number, height: number): Size | undefined =>
  width > 0 && height > 0 && width <= 16_384 && height <= 16_384 ? { width, height } : undefined;

// Profiles with chroma formats and scaling lists (H.264 §7.3.2.1.1).
const highProfiles = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/** An H.264 SPS (§7.3.2.1.1): the size of its pictures, and what follows from vui_parameters_present_flag on. */
function readH264(sps: Buffer): { size: Size | undefined; order: number; rest: Bits } {
  const bits = new Bits(sps, 1);
  const profile = bits.read(8);
  bits.skip(16);
  bits.ue();
  let [chroma, planes] = [1, 1];
  if (highProfiles.includes(profile)) {
    chroma = bits.ue();
    if (chroma === 3 && bits.read(1) === 1) planes = 3;
    bits.ue();
    bits.ue();
    bits.skip(1);
    if (bits.read(1)) skipScalingLists(bits, chroma === 3 ? 12 : 8);
  }
  bits.ue();
  const order = bits.ue();
  if (order === 0) bits.ue();
  else if (order === 1) {
    bits.skip(1);
    bits.se();
    bits.se();
    for (let n = Math.min(255, bits.ue()); n > 0; n--) bits.se();
  }
  bits.ue();
  bits.skip(1);
  const across = 16 * (bits.ue() + 1);
  const units = bits.ue() + 1;
  const framesOnly = bits.read(1);
  const down = 16 * units * (2 - framesOnly);
  if (!framesOnly) bits.skip(1);
  bits.skip(1);
  if (!bits.read(1)) return { size: plausible(across, down), order, rest: bits };
  const [left, right, top, bottom] = [bits.ue(), bits.ue(), bits.ue(), bits.ue()];
  const [unitX, unitY] = planes === 3 ? [1, 1] : [chroma === 1 || chroma === 2 ? 2 : 1, chroma === 1 ? 2 : 1];
  const size = plausible(across - unitX * (left + right), down - unitY * (2 - framesOnly) * (top + bottom));
  return { size, order, rest: bits };
}

/** Of an H.264 SPS. */
export const sizeOfH264 = (sps: Buffer): Size | undefined => readH264(sps).size;

/** Before how many frames that are sent earlier a frame may be shown (max_num_reorder_frames, §E.2.1); undefined if untold. */
export function reorderOfH264(sps: Buffer): number | undefined {
  const { order, rest: bits } = readH264(sps);
  // Frames are shown as they are sent (§7.4.2.1.1); the baseline profile has no B slices.
  if (order === 2 || sps[1] === 66) return 0;
  if (!bits.read(1)) return undefined;
  if (bits.read(1) && bits.read(8) === 255) bits.skip(32);
  if (bits.read(1)) bits.skip(1);
  if (bits.read(1)) {
    bits.skip(4);
    if (bits.read(1)) bits.skip(24);
  }
  if (bits.read(1)) for (const _ of ["top", "bottom"]) bits.ue();
  if (bits.read(1)) bits.skip(65);
  const rates = [0, 1].filter(() => {
    const isThere = bits.read(1) === 1;
    if (isThere) skipRates(bits);
    return isThere;
  });
  if (rates.length > 0) bits.skip(1);
  bits.skip(1);
  if (!bits.read(1)) return undefined;
  bits.skip(1);
  for (const _ of ["bytes", "bits", "across", "down"]) bits.ue();
  return Math.min(mostReorder, bits.ue());
}

// Of decoded pictures a decoder holds no more (§A.3.1).
const mostReorder = 16;

// hrd_parameters (§E.1.2).
function skipRates(bits: Bits): void {
  const count = Math.min(32, bits.ue() + 1);
  bits.skip(8);
  for (let n = 0; n < count; n++) {
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  bits.skip(20);
}

function skipScalingLists(bits: Bits, lists: number): void {
  for (let list = 0; list < lists; list++) {
    if (!bits.read(1)) continue;
    let [last, next] = [8, 8];
    for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
      if (next !== 0) next = (last + bits.se() + 256) % 256;
      if (next !== 0) last = next;
    }
  }
}

/** An H.265 SPS (§7.3.2.2) from its number on, sps_seq_parameter_set_id. */
export function h265SpsFromId(sps: Buffer): Bits {
  const bits = new Bits(sps, 2);
  bits.skip(4);
  const layers = bits.read(3);
  bits.skip(1);
  // profile_tier_level (§7.3.3): the general part, and flags with what they announce for each layer below.
  bits.skip(96);
  const flags = Array.from({ length: layers }, () => [bits.read(1), bits.read(1)] as const);
  if (layers > 0) bits.skip(2 * (8 - layers));
  for (const [profile, level] of flags) bits.skip(88 * profile + 8 * level);
  return bits;
}

/** An H.265 SPS (§7.3.2.2): the size of its pictures, and what follows from bit_depth_luma_minus8 on. */
function readH265(sps: Buffer): { size: Size | undefined; rest: Bits } {
  const bits = h265SpsFromId(sps);
  bits.ue();
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1);
  const [across, down] = [bits.ue(), bits.ue()];
  if (!bits.read(1)) return { size: plausible(across, down), rest: bits };
  const [left, right, top, bottom] = [bits.ue(), bits.ue(), bits.ue(), bits.ue()];
  const [unitX, unitY] = [chroma === 1 || chroma === 2 ? 2 : 1, chroma === 1 ? 2 : 1];
  return { size: plausible(across - unitX * (left + right), down - unitY * (top + bottom)), rest: bits };
}

/** Of an H.265 SPS. */
export const sizeOfH265 = (sps: Buffer): Size | undefined => readH265(sps).size;

/** The same of an H.265 SPS (sps_max_num_reorder_pics, §7.4.3.2.1), of all its layers. */
export function reorderOfH265(sps: Buffer): number {
  const { rest: bits } = readH265(sps);
  for (const _ of ["luma", "chroma", "lsb"]) bits.ue();
  const layers = bits.read(1) ? (((sps[2] ?? 0) >> 1) & 7) + 1 : 1;
  let reorder = 0;
  for (let layer = 0; layer < layers; layer++) {
    bits.ue();
    reorder = Math.min(mostReorder, bits.ue());
    bits.ue();
  }
  return reorder;
}
