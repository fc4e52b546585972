// The boxes of ISO/IEC 14496-12 that a film with one video track needs. Times are in 1/90,000 s, as RTP has them.

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

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(Math.trunc(value)));
  return bytes;
}

// No rotation, no scaling (§8.2.2).
const matrix = u32(0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000);

export interface TrackOptions {
  readonly width: number;
  readonly height: number;
  /** Of the whole film; 0 where it is told by its fragments. */
  readonly duration: number;
  /** The sample entry (§8.5.2) and the tables of samples (§8.6, §8.7). */
  readonly samples: readonly Buffer[];
  /** What else the film's header holds. */
  readonly more?: readonly Buffer[];
}

/** The header of a film with one video track (§8.2.1). */
export function moov({ width, height, duration, samples, more = [] }: TrackOptions): Buffer {
  const mvhd = fullBox(
    "mvhd",
    ...[0, 0, u32(0, 0, timescale, duration, 0x00010000), u16(0x0100, 0), u32(0, 0)],
    ...[matrix, u32(0, 0, 0, 0, 0, 0), u32(2)],
  );
  const tkhd = fullBox(
    "tkhd",
    ...[0, 3, u32(0, 0, 1, 0, duration, 0, 0), u16(0, 0, 0, 0), matrix],
    u32(width * 65_536, height * 65_536),
  );
  const mdhd = fullBox("mdhd", 0, 0, u32(0, 0, timescale, duration), u16(0x55c4, 0));
  const hdlr = fullBox("hdlr", 0, 0, u32(0), Buffer.from("vide"), u32(0, 0, 0), Buffer.from("video\0"));
  const dinf = box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1)));
  const minf = box("minf", fullBox("vmhd", 0, 1, u16(0, 0, 0, 0)), dinf, box("stbl", ...samples));
  return box("moov", mvhd, box("trak", tkhd, box("mdia", mdhd, hdlr, minf)), ...more);
}

/** What a film is made of, units or a JPEG, as its sample holds it: each unit behind its length (14496-15 §5.3.4.2). */
export const sampleOf = (codec: "h264" | "h265" | "jpeg", units: readonly Buffer[]): readonly Buffer[] =>
  codec === "jpeg" ? units : units.flatMap((unit) => [u32(unit.length), unit]);

export const lengthOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);
