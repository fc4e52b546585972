// What can be done to a picture, and the check of it. Everything is in pixels.
import { giveUp } from "../errors.ts";
import type { JpegFrame } from "./jpeg.ts";

/**
 * Done in this order: the camera's own orientation (EXIF), `crop`, `rotate`, size. With only one of `width` and `height`
 * the other follows; with both, `contain` (default) fits the picture into them and `cover` fills them, cutting off what
 * overhangs.
 */
export interface PictureWork {
  readonly width?: number;
  readonly height?: number;
  readonly fit?: "contain" | "cover";
  /** 1 to 100; 80 by default. */
  readonly quality?: number;
  /** Degrees, clockwise. */
  readonly rotate?: 0 | 90 | 180 | 270;
  readonly crop?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** 4K, 3840 × 2160, before and after. */
export const mostPixels = 8_300_000;
// A side of 4K; larger results are a mistake of the settings.
const longestSide = 4096;

/** Throws giveUp `invalid` with a sentence. */
export function checkWork(work: PictureWork, frame: JpegFrame): void {
  const refuse = (sentence: string) => giveUp("invalid", `Picture work: ${sentence}`);
  const whole = (value: number | undefined, least: number, most: number) =>
    value === undefined || (Number.isInteger(value) && value >= least && value <= most);
  for (const side of ["width", "height"] as const) {
    if (!whole(work[side], 1, longestSide)) throw refuse(`${side} must be a whole number from 1 to ${longestSide}`);
  }
  if (!whole(work.quality, 1, 100)) throw refuse("quality must be a whole number from 1 to 100");
  if (![undefined, 0, 90, 180, 270].includes(work.rotate)) throw refuse("rotate must be 0, 90, 180 or 270");
  if (![undefined, "contain", "cover"].includes(work.fit)) throw refuse('fit must be "contain" or "cover"');
  if (!work.crop) return;
  const { x, y, width, height } = work.crop;
  // EXIF may turn the picture by 90°: then its sides are exchanged, which only the decoder knows.
  const most = Math.max(frame.width, frame.height);
  if (!whole(x, 0, most - 1) || !whole(y, 0, most - 1) || !whole(width, 1, most) || !whole(height, 1, most)) {
    throw refuse(`crop must lie within the picture's ${frame.width}×${frame.height} pixels`);
  }
}

/** Whether the picture can stay as it is. */
export const isNothing = (work: PictureWork): boolean =>
  work.width === undefined &&
  work.height === undefined &&
  work.quality === undefined &&
  work.crop === undefined &&
  (work.rotate ?? 0) === 0;
