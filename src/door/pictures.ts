// Where a door's picture comes from and what of it may be seen. The order, the time and the masks hold for everybody who gets
// a picture of this door.
import { isInside, masksSchema } from "../box.ts";
import { sourceKinds } from "../picture-sources.ts";
import type { Form } from "../schema.ts";

/** Their fields, for a JSON schema. */
export const pictureFields = {
  /** The ways that are tried, in this order; all of them where it is absent. */
  pictureSources: { type: "array", minItems: 1, uniqueItems: true, items: { enum: sourceKinds } },
  /** Seconds within which a picture has to be there; 5 where it is absent. */
  pictureTimeout: { type: "number", minimum: 1, maximum: 60 },
  /** Where none can be had, the last one is given for so many seconds; 0 = never, 30 where it is absent. */
  keepPicture: { type: "number", minimum: 0, maximum: 3600 },
  /** Blacked out in every picture of this door, whoever gets it. */
  masks: masksSchema,
} as const;

export type PictureSettings = Form<typeof pictureFields>;

export const pictureAdvice: Readonly<Record<keyof PictureSettings, string>> = {
  pictureSources: `name some of ${sourceKinds.join(", ")} in the order in which they are to be asked, or leave it empty for all`,
  pictureTimeout: "enter seconds from 1 to 60, or leave it empty for 5",
  keepPicture: "enter seconds from 0 (never) to 3600, or leave it empty for 30",
  masks: "enter four numbers in percent for each: from the left, from the top, width, height",
};

/** What the schema cannot say of them; undefined = they are right. */
export const pictureFault = ({ masks = [] }: Pick<PictureSettings, "masks">): string | undefined => {
  const wrong = masks.findIndex((mask) => !isInside(mask));
  return wrong < 0
    ? undefined
    : `masks.${wrong} reaches beyond the picture: from the left and width, from the top and height are 100 together at most`;
};
