// Picture work by jimp, which runs everywhere.
import { Jimp } from "jimp";
import { sentence } from "../errors.ts";
import { captionStrip } from "./caption.ts";
import { sizeFor, within, type Job, type Result } from "./job.ts";
import type { Box } from "./picture-work.ts";

// jpeg-js throws beyond this instead of exhausting the machine.
const decoderMegabytes = 512;

export async function doneByJimp({ jpeg, work, mostPixels }: Job): Promise<Result> {
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
  const strip = work.caption ? await captionStrip(image, work.caption) : undefined;
  if (strip) image.composite(strip.image, 0, strip.y);
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

async function decoded(jpeg: Uint8Array) {
  try {
    const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
    return await Jimp.fromBuffer(bytes, { "image/jpeg": { maxMemoryUsageInMB: decoderMegabytes } });
  } catch (error) {
    return sentence(error);
  }
}
