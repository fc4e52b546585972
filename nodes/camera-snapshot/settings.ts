// What is to be done with a picture, from the dialog and, over it, from `msg.shot`.
import { isAbsolute } from "node:path";
import type { Burst } from "../../src/camera/burst.ts";
import { checkWork, workProperties, type PictureWork } from "../../src/camera/picture-work.ts";
import { pictureFields } from "../../src/door/door.ts";
import { giveUp } from "../../src/errors.ts";
import type { SourceKind } from "../../src/picture-sources.ts";
import { checker } from "../../src/schema.ts";
import type { Config } from "../red.d.ts";
import { numberOr, textOr } from "../fields.ts";
import { boxesIn, type Box } from "../boxes.ts";

export interface SnapshotConfig extends Config {
  /** Where the picture comes from; a door where it is absent. */
  from?: "door" | "url" | "message";
  door?: string;
  /** Those of the door's that are asked, in this order; none = as the door has it. */
  sources?: string[];
  /** Without user and password. */
  url?: string;
  verifyTls?: boolean;
  pin?: string;
  /** `msg.url` may name a camera. */
  urlFromMessage?: boolean;
  /** Seconds. */
  timeout?: string;
  /** Where ffmpeg is missing, a picture of the film is given as MP4. */
  movie?: boolean;
  width?: string;
  height?: string;
  fit?: "contain" | "cover";
  quality?: string;
  rotate?: string;
  crop?: string;
  masks?: string;
  caption?: boolean;
  thumbnail?: string;
  burst?: string;
  everyMs?: string;
  output?: "buffer" | "dataurl" | "file";
  folder?: string;
}

export interface Shot {
  /** But for the caption, which speaks of the picture. */
  readonly work: Omit<PictureWork, "caption">;
  /** True = door and time. */
  readonly caption: boolean | string;
  /** Width of a second, small picture. */
  readonly thumbnail?: number;
  readonly output: "buffer" | "dataurl" | "file";
  readonly folder?: string;
  readonly burst: Burst;
  readonly sources?: readonly SourceKind[];
  readonly timeoutMs?: number;
}

const burst = { type: "integer", minimum: 1, maximum: 20 } as const;
const everyMs = { type: "integer", minimum: 200, maximum: 60_000 } as const;
const { pictureSources: sources, pictureTimeout: timeout } = pictureFields;
const checkTaking = checker("camera-snapshot", {
  type: "object",
  properties: { burst, everyMs, sources, timeout },
  required: ["burst", "everyMs"],
});

const overriding = checker("msg.shot", {
  type: "object",
  properties: {
    ...workProperties,
    caption: { type: ["boolean", "string"], maxLength: 200 },
    thumbnail: { type: "integer", minimum: 16, maximum: 1024 },
    output: { enum: ["buffer", "dataurl", "file"] },
    ...{ burst, everyMs, sources, timeout },
  },
  additionalProperties: false,
});

/** Throws a sentence, also where a mask cannot be read: then no picture is given. */
export function shotOf(config: SnapshotConfig, override?: unknown): Shot {
  const over = override === undefined ? {} : overriding(override);
  const { masks = [], caption = config.caption === true, output = config.output ?? "buffer", ...rest } = over;
  const { thumbnail = numberOr(config.thumbnail, 0), burst: times, everyMs: pause, ...others } = rest;
  const { sources: asked = config.sources ?? [], timeout: within = numberOr(config.timeout, 0), ...work } = others;
  const taking = checkTaking({
    burst: times ?? numberOr(config.burst, 1),
    everyMs: pause ?? numberOr(config.everyMs, 1_000),
    ...(asked.length > 0 && { sources: asked }),
    ...(within > 0 && { timeout: within }),
  });
  const own = workOf(config);
  // A message may hide more, and never less.
  const hidden = [...(own.masks ?? []), ...masks];
  const folder = textOr(config.folder);
  const shot: Shot = {
    work: { ...own, ...work, ...(hidden.length > 0 ? { masks: hidden } : {}) },
    ...{ caption, output, burst: { count: taking.burst, everyMs: taking.everyMs } },
    ...(taking.sources && { sources: taking.sources }),
    ...(taking.timeout !== undefined && { timeoutMs: taking.timeout * 1000 }),
    ...(thumbnail > 0 ? { thumbnail } : {}),
    ...(folder === undefined ? {} : { folder }),
  };
  checkWork(shot.work);
  if (output === "file" && (folder === undefined || !isAbsolute(folder))) {
    throw giveUp(
      "no-folder",
      "camera-snapshot: a file needs a folder: enter its whole path in the dialog, /data/pictures",
    );
  }
  return shot;
}

/** Whether a part of the picture is not to be seen: of a film that nothing decodes nothing can be hidden. */
export const hides = ({ work }: Shot): boolean => (work.masks ?? []).length > 0 || work.crop !== undefined;

/** What the dialog wants done; nothing at all when the picture goes through as it came. */
export function workOf(config: SnapshotConfig): Omit<PictureWork, "caption"> {
  const [width, height] = [numberOr(config.width, 0), numberOr(config.height, 0)];
  const quarter = ([90, 180, 270] as const).find((degrees) => degrees === numberOr(config.rotate, 0));
  const [crop, masks] = [boxes("crop", config.crop), boxes("privacy mask", config.masks)];
  if (crop.length > 1) throw wrongBox("crop");
  const isChanged = width > 0 || height > 0;
  return {
    ...(width > 0 ? { width } : {}),
    ...(height > 0 ? { height } : {}),
    ...(isChanged && config.fit !== undefined ? { fit: config.fit } : {}),
    ...(quarter === undefined ? {} : { rotate: quarter }),
    ...(textOr(config.quality) === undefined ? {} : { quality: numberOr(config.quality, 85) }),
    ...(crop[0] === undefined ? {} : { crop: crop[0] }),
    ...(masks.length > 0 ? { masks } : {}),
  };
}

function boxes(field: string, value: unknown): Box[] {
  const found = boxesIn(textOr(value) ?? "");
  if (!found) throw wrongBox(field);
  return found;
}

const wrongBox = (field: string) =>
  giveUp(
    "invalid",
    `camera-snapshot: ${field} must be four numbers in percent, from the left, from the top, width and height, as in "0 0 50 100"`,
  );
