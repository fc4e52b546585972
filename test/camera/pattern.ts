// Pictures whose content can be read back: four quarters of different colours, as a JPEG.
import { Jimp } from "jimp";

const colours = { red: 0xff0000ff, green: 0x00c000ff, blue: 0x0000ffff, white: 0xffffffff, black: 0x000000ff } as const;
export type Colour = keyof typeof colours;

/** Red, green above blue, white. */
export async function pattern(width: number, height: number): Promise<Buffer> {
  const image = new Jimp({ width, height, color: colours.white });
  image.scan((x, y) => {
    const above = y < height / 2;
    const left = x < width / 2;
    image.setPixelColor(colours[above ? (left ? "red" : "green") : left ? "blue" : "white"], x, y);
  });
  return await image.getBuffer("image/jpeg", { quality: 90 });
}

export interface Seen {
  width: number;
  height: number;
  /** Of the middles of the quarters, as one reads. */
  quarters: Colour[];
}

/** Decodes a picture and names the colours nearest to those of its quarters. */
export async function look(jpeg: Buffer): Promise<Seen> {
  const image = await Jimp.fromBuffer(jpeg);
  const { width, height } = image;
  const quarters = [0.25, 0.75].flatMap((y) =>
    [0.25, 0.75].map((x) => nearest(image.getPixelColor(Math.floor(x * width), Math.floor(y * height)))),
  );
  return { width, height, quarters };
}

function nearest(seen: number): Colour {
  const parts = (colour: number) => [24, 16, 8].map((shift) => (colour >>> shift) & 0xff);
  const distance = (name: Colour) =>
    parts(colours[name]).reduce((sum, part, i) => sum + Math.abs(part - (parts(seen)[i] ?? 0)), 0);
  return (Object.keys(colours) as Colour[]).toSorted((a, b) => distance(a) - distance(b))[0] ?? "white";
}

/** Puts a segment (APP1 by default) behind the start marker. */
export function withSegment(jpeg: Buffer, content: Buffer, marker = 0xe1): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

/** The same picture, claiming another size. */
export function declaring(jpeg: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(jpeg);
  const frame = changed.indexOf(Buffer.from([0xff, 0xc0]));
  changed.writeUInt16BE(height, frame + 5);
  changed.writeUInt16BE(width, frame + 7);
  return changed;
}
