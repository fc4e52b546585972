// The tables that a JPEG brings along and RTP leaves out: quantisation for a quality (RFC 2435 §4.2, appendix A) and the
// Huffman codes that everybody uses (ITU-T T.81 annex K.3).

// In zigzag order, as they stand in the picture.
const luminance = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
  60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121,
  112, 100, 120, 92, 101, 103, 99,
];
const chrominance = [
  17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99,
];

/** Both tables for a quality of 1 to 99. */
export function quantisation(quality: number): Buffer {
  const factor = quality < 50 ? Math.floor(5000 / quality) : 200 - quality * 2;
  const scaled = (value: number) => Math.min(255, Math.max(1, Math.floor((value * factor + 50) / 100)));
  return Buffer.from([...luminance, ...chrominance].map(scaled));
}

interface Huffman {
  /** Class and number of the table. */
  readonly id: number;
  /** How many codes there are of 1 to 16 bits. */
  readonly counts: string;
  readonly values: string;
}

const huffman: readonly Huffman[] = [
  { id: 0x00, counts: "00010501010101010100000000000000", values: "000102030405060708090a0b" },
  {
    id: 0x10,
    counts: "0002010303020403050504040000017d",
    values:
      "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738" +
      "393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5" +
      "a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
  },
  { id: 0x01, counts: "00030101010101010101010000000000", values: "000102030405060708090a0b" },
  {
    id: 0x11,
    counts: "00020102040403040705040400010277",
    values:
      "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738" +
      "393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4" +
      "a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
  },
];

const segment = (marker: number, content: Buffer): Buffer => {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
};

const huffmanSegments = Buffer.concat(
  huffman.map(({ id, counts, values }) =>
    segment(0xc4, Buffer.from(id.toString(16).padStart(2, "0") + counts + values, "hex")),
  ),
);

export interface Heading {
  readonly width: number;
  readonly height: number;
  /** 0 = colours at half the width, 1 = at half the height, too (RFC 2435 §4.1). */
  readonly sampling: 0 | 1;
  /** One table after the other; 64 bytes each, or 128 where its bit of `precision` is set. */
  readonly tables: Buffer;
  readonly precision: number;
  /** Blocks between restart markers; 0 = there are none. */
  readonly restart: number;
}

/** All that stands before the picture data. Undefined where the tables are not whole. */
export function headingOf({ width, height, sampling, tables, precision, restart }: Heading): Buffer | undefined {
  const parts = [Buffer.from([0xff, 0xd8]), segment(0xe0, Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "latin1"))];
  let at = 0;
  let count = 0;
  for (; count < 4 && at < tables.length; count++) {
    const wide = (precision >> count) & 1;
    const table = tables.subarray(at, at + 64 * (1 + wide));
    if (table.length < 64 * (1 + wide)) return undefined;
    parts.push(segment(0xdb, Buffer.concat([Buffer.from([(wide << 4) | count]), table])));
    at += table.length;
  }
  if (count === 0) return undefined;
  if (restart > 0) parts.push(segment(0xdd, Buffer.from([restart >> 8, restart & 0xff])));
  const colours = count > 1 ? 1 : 0;
  const frame = Buffer.from([8, 0, 0, 0, 0, 3, 1, sampling === 0 ? 0x21 : 0x22, 0, 2, 0x11, colours, 3, 0x11, colours]);
  frame.writeUInt16BE(height, 1);
  frame.writeUInt16BE(width, 3);
  parts.push(segment(0xc0, frame), huffmanSegments);
  parts.push(segment(0xda, Buffer.from([3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0])));
  return Buffer.concat(parts);
}
