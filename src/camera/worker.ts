// The process behind pictures.ts: decodes, changes and encodes one picture at a time with jimp. It ends by itself when its
// parent does, since nothing but the channel to it keeps it alive.
import { constants, setPriority } from "node:os";
import { Jimp } from "jimp";
import { caption } from "./caption.ts";
import type { Box, PictureWork } from "./picture-work.ts";

export interface Job {
  readonly jpeg: Uint8Array;
  readonly work: PictureWork;
  /** Of the result. */
  readonly mostPixels: number;
}

/** `why` is the end of a sentence. */
export type Result =
  { readonly jpeg: Uint8Array } | { readonly fault: "invalid" | "bad-picture"; readonly why: string };

// jpeg-js throws beyond this instead of exhausting the machine.
const decoderMegabytes = 512;

interface Size {
  readonly w: number;
  readonly h: number;
}

async function done({ jpeg, work, mostPixels }: Job): Promise<Result> {
  const image = await decoded(jpeg);
  if (typeof image === "string") return { fault: "bad-picture", why: image };
  for (const mask of work.masks ?? []) blackOut(image.bitmap, mask);
  if (work.crop) image.crop(within(work.crop, image, Math.round, Math.round));
  // jimp turns counter-clockwise.
  if (work.rotate) image.rotate(360 - work.rotate);
  const size = sizeFor(work, { w: image.width, h: image.height });
  if (size.w * size.h > mostPixels) {
    return { fault: "invalid", why: `the result would have ${size.w}×${size.h} pixels, which is too large` };
  }
  if (work.fit === "cover") {
    // Cut first, so that nothing larger than the result is made.
    const scale = Math.min(image.width / size.w, image.height / size.h);
    const w = Math.max(1, Math.round(size.w * scale));
    const h = Math.max(1, Math.round(size.h * scale));
    image.crop({ x: Math.floor((image.width - w) / 2), y: Math.floor((image.height - h) / 2), w, h });
  }
  if (size.w !== image.width || size.h !== image.height) image.resize(size);
  if (work.caption) await caption(image, work.caption);
  return { jpeg: await image.getBuffer("image/jpeg", { quality: work.quality ?? 80 }) };
}

interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

// Outwards to whole pixels, so that no edge shows through.
function blackOut({ width, height, data }: Bitmap, mask: Box): void {
  const { x, y, w, h } = within(mask, { width, height }, Math.floor, Math.ceil);
  const black = Buffer.alloc(w * 4);
  for (let at = 3; at < black.length; at += 4) black[at] = 0xff;
  for (let row = y; row < y + h; row++) black.copy(data, (row * width + x) * 4);
}

type Rounded = (value: number) => number;

/** A box in percent as pixels, one at least. */
function within(box: Box, { width, height }: { width: number; height: number }, from: Rounded, to: Rounded) {
  const along = (start: number, length: number, side: number) => {
    const first = Math.min(side - 1, from((start / 100) * side));
    return [first, Math.min(side, Math.max(first + 1, to(((start + length) / 100) * side))) - first] as const;
  };
  const [x, w] = along(box.x, box.width, width);
  const [y, h] = along(box.y, box.height, height);
  return { x, y, w, h };
}

async function decoded(jpeg: Uint8Array) {
  try {
    const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
    return await Jimp.fromBuffer(bytes, { "image/jpeg": { maxMemoryUsageInMB: decoderMegabytes } });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function sizeFor({ width, height, fit }: PictureWork, { w, h }: Size): Size {
  if (fit === "cover" && width !== undefined && height !== undefined) return { w: width, h: height };
  const scale = Math.min((width ?? Infinity) / w, (height ?? Infinity) / h);
  if (scale === Infinity) return { w, h };
  return { w: Math.max(1, Math.round(w * scale)), h: Math.max(1, Math.round(h * scale)) };
}

try {
  // On a small machine a thumbnail must not take the processor from a call.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not allowed here; it only takes longer for the others.
}

process.on("message", (job: Job) => {
  done(job)
    .then((result) => process.send?.(result))
    // Nothing that is foreseen: pictures.ts sees the end and starts another process.
    .catch(() => process.exit(1));
});
