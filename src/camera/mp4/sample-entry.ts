// How a film of a format is to be decoded: its sample entry, with avcC and hvcC (ISO/IEC 14496-15 §5.3.3, §8.3.3) made of the
// parameter sets, and its name in a media type (RFC 6381).
import { Bits, h265SpsFromId } from "../rtsp/bits.ts";
import { h264, h265 } from "../rtsp/nal.ts";
import type { VideoFormat } from "../video.ts";
import { box, fullBox, u16, u32, u8 } from "./boxes.ts";

const ofType = (nal: typeof h264, sets: readonly Buffer[], type: number): Buffer[] =>
  sets.filter((set) => nal.type(set) === type);

/** `avc1.64001f`, `hvc1.1.6.L93.B0`, `jpeg`; undefined where the parameter sets say nothing. */
export function codecName({ codec, sets }: VideoFormat): string | undefined {
  if (codec === "jpeg") return "jpeg";
  const sps = ofType(codec === "h264" ? h264 : h265, sets, codec === "h264" ? 7 : 33).at(-1);
  if (!sps || sps.length < 4) return undefined;
  if (codec === "h264") return `avc1.${sps.toString("hex", 1, 4)}`;
  const { general, compatibility, constraints, level } = profileOf(sps);
  const space = ["", "A", "B", "C"][general >> 6] ?? "";
  // The compatibility flags are written from the last to the first (14496-15 annex E.3).
  const reversed = Array.from({ length: 32 }, (_, bit) => (compatibility >>> bit) & 1);
  const flags = reversed.reduce((sum, bit) => sum * 2 + bit, 0);
  const last = constraints.findLastIndex((byte) => byte !== 0);
  const bytes = [...constraints.subarray(0, last + 1)].map((byte) => `.${byte.toString(16).toUpperCase()}`);
  return `hvc1.${space}${general & 31}.${flags.toString(16).toUpperCase()}.${general & 32 ? "H" : "L"}${level}${bytes.join("")}`;
}

/** The media type of a film of this format in MP4, as MediaSource asks for it. */
export const mediaType = (name: string): string => (name === "jpeg" ? "image/jpeg" : `video/mp4; codecs="${name}"`);

/** `stsd` with one entry (§8.5.2). */
export function sampleDescription(format: VideoFormat): Buffer {
  const { codec, width = 0, height = 0 } = format;
  const [type, configuration] =
    codec === "h264" ? ["avc1", avcC(format.sets)] : codec === "h265" ? ["hvc1", hvcC(format.sets)] : ["mp4v", esds()];
  const entry = box(
    type,
    ...[u32(0), u16(0, 1), u16(0, 0), u32(0, 0, 0), u16(width, height), u32(0x00480000, 0x00480000, 0), u16(1)],
    ...[Buffer.alloc(32), u16(24, 0xffff), configuration],
  );
  return fullBox("stsd", 0, 0, u32(1), entry);
}

const withLength = (set: Buffer): Buffer[] => [u16(set.length), set];

// Of these the record tells chroma and depths, too (§5.3.3.1.2).
const tellsMore = [100, 110, 122, 144];

function avcC(sets: readonly Buffer[]): Buffer {
  const sps = ofType(h264, sets, 7).slice(-31);
  const pps = ofType(h264, sets, 8).slice(-255);
  const [, profile = 0, compatibility = 0, level = 0] = sps.at(-1) ?? [];
  const bits = new Bits(sps.at(-1) ?? Buffer.alloc(0), 4);
  bits.ue();
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1);
  const depths = [bits.ue(), bits.ue()].map((depth) => 0xf8 | (depth & 7));
  return box(
    "avcC",
    u8(1, profile, compatibility, level, 0xff, 0xe0 | sps.length),
    ...sps.flatMap(withLength),
    u8(pps.length),
    ...pps.flatMap(withLength),
    ...(tellsMore.includes(profile) ? [u8(0xfc | (chroma & 3), ...depths, 0)] : []),
  );
}

/** The general part of profile_tier_level (H.265 §7.3.3) and what stands before it. */
function profileOf(sps: Buffer) {
  const bits = new Bits(sps, 2);
  bits.skip(4);
  const layers = bits.read(3) + 1;
  const nested = bits.read(1);
  const general = bits.read(8);
  const compatibility = bits.read(32);
  const constraints = Buffer.from(Array.from({ length: 6 }, () => bits.read(8)));
  return { layers, nested, general, compatibility, constraints, level: bits.read(8) };
}

function hvcC(sets: readonly Buffer[]): Buffer {
  const sps = ofType(h265, sets, 33).at(-1) ?? Buffer.alloc(0);
  const { layers, nested, general, compatibility, constraints, level } = profileOf(sps);
  const bits = h265SpsFromId(sps);
  bits.ue();
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1);
  for (const _ of ["width", "height"]) bits.ue();
  if (bits.read(1)) for (const _ of ["left", "right", "top", "bottom"]) bits.ue();
  const depths = [bits.ue(), bits.ue()].map((depth) => 0xf8 | (depth & 7));
  const arrays = h265.setTypes.map((type) => [type, ofType(h265, sets, type)] as const);
  return box(
    "hvcC",
    u8(1, general),
    u32(compatibility),
    constraints,
    u8(level),
    u16(0xf000),
    u8(0xfc, 0xfc | (chroma & 3), ...depths),
    u16(0),
    // Lengths of four bytes.
    u8((layers << 3) | (nested << 2) | 3, arrays.length),
    // All sets of a type are here and none in the film.
    ...arrays.flatMap(([type, found]) => [u8(0x80 | type), u16(found.length), ...found.flatMap(withLength)]),
  );
}

/** What an elementary stream is (14496-1 §7.2.6): by default pictures of ISO 10918-1 (object type 6C). */
export function esds(object = 0x6c, stream = 0x11, specific?: Buffer): Buffer {
  const descriptor = (tag: number, ...content: Buffer[]) => {
    const bytes = Buffer.concat(content);
    return Buffer.concat([u8(tag, bytes.length), bytes]);
  };
  const more = specific ? [descriptor(5, specific)] : [];
  const decoder = descriptor(4, u8(object, stream, 0, 0, 0), u32(0, 0), ...more);
  return fullBox("esds", 0, 0, descriptor(3, u16(1), u8(0), decoder, descriptor(6, u8(2))));
}
