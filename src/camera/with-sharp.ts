// Picture work by sharp, where its user has installed it: the same as jimp does, faster and with less memory. What may be wrong with a picture is said in the same words.
import { sizeFor, within, type Job, type Result } from "./job.ts";
import { largestPicture } from "./limits.ts";

/** The part of sharp that is used here: it is no dependency, so that its types may be missing. */
export interface Sharp {
  rotate(degrees?: number): Sharp;
  removeAlpha(): Sharp;
  toColourspace(name: "srgb"): Sharp;
  extract(box: { left: number; top: number; width: number; height: number }): Sharp;
  resize(size: { width: number; height: number; fit: "fill" | "cover" }): Sharp;
  composite(layers: readonly { input: Buffer; raw: Raw; top: number; left: number }[]): Sharp;
  raw(): Sharp;
  jpeg(options: { quality: number; chromaSubsampling: "4:4:4" }): Sharp;
  toBuffer(): Promise<Buffer>;
  toBuffer(options: { resolveWithObject: true }): Promise<{ data: Buffer; info: Raw }>;
}

interface Raw {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

export type MakeSharp = (input: Buffer, options?: { raw?: Raw; failOn?: "error"; limitInputPixels?: number }) => Sharp;

/** Sharp, or nothing where it is not installed or does not run on this machine. */
export async function findSharp(): Promise<MakeSharp | undefined> {
  // By a name that neither the compiler nor a bundler follows.
  const name = "sharp";
  try {
    return ((await import(name)) as { default: MakeSharp }).default;
  } catch {
    return undefined;
  }
}

export async function doneBySharp(sharp: MakeSharp, { jpeg, work, mostPixels }: Job): Promise<Result> {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  let picture: { data: Buffer; info: Raw };
  try {
    // Without degrees it is turned as its EXIF orientation says.
    const decoded = sharp(bytes, { failOn: "error", limitInputPixels: largestPicture }).rotate();
    picture = await decoded.toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
  } catch (error) {
    return { fault: "bad-picture", why: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  }
  for (const mask of work.masks ?? []) {
    const { x, y, w, h } = within(mask, picture.info, Math.floor, Math.ceil);
    const { width, channels } = picture.info;
    for (let row = y; row < y + h; row++)
      picture.data.fill(0, (row * width + x) * channels, (row * width + x + w) * channels);
  }
  // One step after the other: within one chain sharp has an order of its own.
  const step = async (change: (image: Sharp) => Sharp) => {
    picture = await change(sharp(picture.data, { raw: rawOf(picture.info) }))
      .raw()
      .toBuffer({ resolveWithObject: true });
  };
  if (work.crop) {
    const { x, y, w, h } = within(work.crop, picture.info, Math.round, Math.round);
    await step((image) => image.extract({ left: x, top: y, width: w, height: h }));
  }
  if (work.rotate) await step((image) => image.rotate(work.rotate));
  const { width, height } = picture.info;
  const size = sizeFor(work, { w: width, h: height });
  if (size.w * size.h > mostPixels)
    return { fault: "invalid", why: `the result would have ${size.w}×${size.h} pixels, which is too large` };
  if (size.w !== width || size.h !== height) {
    const fit = work.fit === "cover" ? "cover" : "fill";
    await step((image) => image.resize({ width: size.w, height: size.h, fit }));
  }
  let last = sharp(picture.data, { raw: rawOf(picture.info) });
  if (work.caption) {
    const { captionStrip } = await import("./caption.ts");
    const strip = await captionStrip(picture.info, work.caption);
    if (strip) {
      const { width: w, height: h, data } = strip.image.bitmap;
      last = last.composite([{ input: data, raw: { width: w, height: h, channels: 4 }, top: strip.y, left: 0 }]);
    }
  }
  return { jpeg: await last.jpeg({ quality: work.quality ?? 80, chromaSubsampling: "4:4:4" }).toBuffer() };
}

const rawOf = ({ width, height, channels }: Raw): Raw => ({ width, height, channels });
