// The boxes of ISO/IEC 14496-12 that a film needs, with a track of pictures or of sound, or both. Its times are in 1/90,000 s,
// as RTP has those of pictures.

export const timescale = 90_000;

/** A box: its length, its type, its content (§4.2). */
export function box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.reduce((sum, part) => sum + part.length, 0));
  head.write(type, 4, "latin1");
  return Buffer.concat([head, ...content]);
}

/** A box with version and flags. */
export const fullBox = (type: string, version: number, flags: number, ...content: readonly Uint8Array[]): Buffer =>
  box(type, u32((version << 24) | flags), ...content);

/** Numbers of 32 bits. */
export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, 4 * index));
  return bytes;
}

export function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16BE(value, 2 * index));
  return bytes;
}

export const u8 = (...values: readonly number[]): Buffer => Buffer.from(values);

// No rotation, no scaling (§8.2.2).
const matrix = u32(0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000);

export interface Track {
  /** Pixels; absent of sound. */
  readonly size?: { readonly width: number; readonly height: number };
  /** Of its times, in a second. */
  readonly scale: number;
  /** In its own scale; 0 where it is told by fragments. */
  readonly duration: number;
  /** How long after the film it begins, in the film's scale. */
  readonly delay?: number;
  /** The sample entry (§8.5.2) and the tables of samples (§8.6, §8.7). */
  readonly samples: readonly Buffer[];
}

const inFilm = ({ duration, scale, delay = 0 }: Track): number => delay + Math.round((duration * timescale) / scale);

/** The header of a film of these tracks (§8.2.1), and what else it holds. */
export function moov(tracks: readonly Track[], more: readonly Buffer[] = []): Buffer {
  const duration = Math.max(...tracks.map(inFilm));
  const mvhd = fullBox(
    "mvhd",
    ...[0, 0, u32(0, 0, timescale, duration, 0x00010000), u16(0x0100, 0), u32(0, 0)],
    ...[matrix, u32(0, 0, 0, 0, 0, 0), u32(tracks.length + 1)],
  );
  return box("moov", mvhd, ...tracks.map((track, index) => trak(track, index + 1)), ...more);
}

function trak(track: Track, number: number): Buffer {
  const { size, scale, duration, delay = 0, samples } = track;
  const { width, height } = size ?? { width: 0, height: 0 };
  const tkhd = fullBox(
    "tkhd",
    ...[0, 3, u32(0, 0, number, 0, inFilm(track), 0, 0), u16(0, 0, size ? 0 : 0x0100, 0), matrix],
    u32(width * 65_536, height * 65_536),
  );
  // Nothing, then all of it (§8.6.6).
  const late = fullBox("elst", 0, 0, u32(2, delay, -1, 0x00010000, inFilm(track) - delay, 0, 0x00010000));
  const mdhd = fullBox("mdhd", 0, 0, u32(0, 0, scale, duration), u16(0x55c4, 0));
  const [kind, name] = size ? ["vide", "video\0"] : ["soun", "sound\0"];
  const hdlr = fullBox("hdlr", 0, 0, u32(0), Buffer.from(kind), u32(0, 0, 0), Buffer.from(name));
  const dinf = box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1)));
  const head = size ? fullBox("vmhd", 0, 1, u16(0, 0, 0, 0)) : fullBox("smhd", 0, 0, u16(0, 0));
  const minf = box("minf", head, dinf, box("stbl", ...samples));
  return box("trak", tkhd, ...(delay > 0 ? [box("edts", late)] : []), box("mdia", mdhd, hdlr, minf));
}

/** What a film is made of, units or a JPEG, as its sample holds it: each unit behind its length (14496-15 §5.3.4.2). */
export const sampleOf = (codec: "h264" | "h265" | "jpeg", units: readonly Buffer[]): readonly Buffer[] =>
  codec === "jpeg" ? units : units.flatMap((unit) => [u32(unit.length), unit]);

export const lengthOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);
