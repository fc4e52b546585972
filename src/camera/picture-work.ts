// What can be done to a picture, and the check of it.
import type { FromSchema } from "json-schema-to-ts";
import { boxSchema, isInside, masksSchema, type Box } from "../box.ts";
import { giveUp } from "../errors.ts";
import { checker } from "../schema.ts";

// A side of 4K; larger results are a mistake of the settings.
const longestSide = 4096;
const pixels = { type: "integer", minimum: 1, maximum: longestSide } as const;

/**
 * Done in this order: the camera's own orientation (EXIF), `masks` (blacked out), `crop`, `rotate`, size, `caption` (a line
 * at the lower edge). With only one of `width` and `height` the other follows; with both, `contain` (default) fits the
 * picture into them and `cover` fills them, cutting off what overhangs.
 */
export const workProperties = {
  width: pixels,
  height: pixels,
  fit: { enum: ["contain", "cover"] },
  /** 80 by default. */
  quality: { type: "integer", minimum: 1, maximum: 100 },
  /** Degrees, clockwise. */
  rotate: { enum: [0, 90, 180, 270] },
  crop: boxSchema,
  masks: masksSchema,
  caption: { type: "string", maxLength: 200 },
} as const;

const schema = { type: "object", properties: workProperties, additionalProperties: false } as const;
const checked = checker("Picture work", schema);

export type { Box };
export type PictureWork = FromSchema<typeof schema>;

/** 4K, 3840 × 2160, before and after. */
export const mostPixels = 8_300_000;

/** Throws giveUp `invalid` with a sentence. */
export function checkWork(work: PictureWork): void {
  const { crop, masks = [] } = checked(work);
  if (crop) checkBox("crop", crop);
  for (const [index, mask] of masks.entries()) checkBox(`masks.${index}`, mask);
}

function checkBox(name: string, box: Box): void {
  if (!isInside(box)) {
    throw giveUp(
      "invalid",
      `Picture work: ${name} reaches beyond the picture: x + width and y + height are 100 at most`,
    );
  }
}

/** Whether the picture can stay as it is. */
export const isNothing = (work: PictureWork): boolean =>
  work.width === undefined &&
  work.height === undefined &&
  work.quality === undefined &&
  work.crop === undefined &&
  (work.masks ?? []).length === 0 &&
  (work.caption ?? "") === "" &&
  (work.rotate ?? 0) === 0;
