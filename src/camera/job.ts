// A job of picture work as it is handed to the process that does it, and what both of its engines make of its numbers.
import type { Box, PictureWork } from "./picture-work.ts";

export interface Job {
  readonly jpeg: Uint8Array;
  readonly work: PictureWork;
  /** Of the result. */
  readonly mostPixels: number;
  /** Also where sharp is installed. */
  readonly engine?: "jimp";
}

/** `why` is the end of a sentence. */
export type Result =
  { readonly jpeg: Uint8Array } | { readonly fault: "invalid" | "bad-picture"; readonly why: string };

interface Size {
  readonly w: number;
  readonly h: number;
}

type Rounded = (value: number) => number;

/** A box in percent as pixels, one at least. */
export function within(box: Box, { width, height }: { width: number; height: number }, from: Rounded, to: Rounded) {
  const along = (start: number, length: number, side: number) => {
    const first = Math.min(side - 1, from((start / 100) * side));
    return [first, Math.min(side, Math.max(first + 1, to(((start + length) / 100) * side))) - first] as const;
  };
  const [x, w] = along(box.x, box.width, width);
  const [y, h] = along(box.y, box.height, height);
  return { x, y, w, h };
}

export function sizeFor({ width, height, fit }: PictureWork, { w, h }: Size): Size {
  if (fit === "cover" && width !== undefined && height !== undefined) return { w: width, h: height };
  const scale = Math.min((width ?? Infinity) / w, (height ?? Infinity) / h);
  if (scale === Infinity) return { w, h };
  return { w: Math.max(1, Math.round(w * scale)), h: Math.max(1, Math.round(h * scale)) };
}
