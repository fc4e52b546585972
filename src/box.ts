// A rectangle in percent of a picture, so that it stays where it is when the camera's resolution changes: what privacy masks
// and cuts are made of.
import type { FromSchema } from "json-schema-to-ts";

const share = { type: "number", minimum: 0, maximum: 100 } as const;
const side = { type: "number", exclusiveMinimum: 0, maximum: 100 } as const;

/** From the left, from the top, width and height. */
export const boxSchema = {
  type: "object",
  properties: { x: share, y: share, width: side, height: side },
  required: ["x", "y", "width", "height"],
  additionalProperties: false,
} as const;

export const masksSchema = { type: "array", items: boxSchema, maxItems: 16 } as const;

export type Box = FromSchema<typeof boxSchema>;

/** Whether it lies within the picture. Sums of decimal fractions are a little off. */
export const isInside = ({ x, y, width, height }: Box): boolean =>
  x + width <= 100.000_001 && y + height <= 100.000_001;
