// What may stand in a preset. Each says how well it is known (X11).
import { dtmfMethods } from "../dtmf.ts";
import type { FromSchema } from "json-schema-to-ts";
import { hooksSchema, pollSchema } from "./hook-schema.ts";
import { credentials, openingSchema } from "./opening-schema.ts";

export const presetSchema = {
  type: "object",
  required: ["id", "label", "maker", "evidence", "sources", "dtmf"],
  additionalProperties: false,
  properties: {
    id: { type: "string", pattern: "^[a-z0-9-]+$" },
    label: { type: "string", minLength: 1 },
    maker: { type: "string", minLength: 1 },
    /** How we know: tried on a device, read in a manual or in working public code, or neither. */
    evidence: { enum: ["device", "source", "unverified"] },
    sources: { type: "array", items: { type: "string", minLength: 1 } },
    /** Parts that `evidence` does not cover: the usual values, to be tried. */
    unverified: { type: "array", items: { type: "string" } },
    /** What its user has to set or know; shown in the editor. */
    hint: { type: "string" },
    sip: {
      type: "object",
      additionalProperties: false,
      properties: {
        /** What it can speak; absent: not known. */
        transports: { type: "array", minItems: 1, uniqueItems: true, items: { enum: ["udp", "tcp", "tls"] } },
        srtp: { type: "boolean" },
        /** At how many servers it can register at once. */
        accounts: { type: "integer", minimum: 1, maximum: 20 },
        /** It uses nonces again, with counts that do not grow. */
        nonceReuse: { type: "boolean" },
        /** It authenticates by its number and nothing else. */
        sameLogin: { type: "boolean" },
        callable: { type: "boolean" },
      },
    },
    /** How it rings: see `PressSettings`. */
    ring: {
      type: "object",
      additionalProperties: false,
      properties: {
        bounceSeconds: { type: "number", minimum: 0, maximum: 60 },
        oneCall: { type: "boolean" },
        /** It ends its call by itself after so long. */
        longestSeconds: { type: "integer", minimum: 1, maximum: 3600 },
      },
    },
    dtmf: {
      type: "object",
      required: ["method", "durationMs", "gapMs"],
      additionalProperties: false,
      properties: {
        method: { enum: dtmfMethods },
        durationMs: { type: "integer", minimum: 40, maximum: 2000 },
        gapMs: { type: "integer", minimum: 40, maximum: 2000 },
        code: { type: "string", pattern: "^[0-9A-D*#,]+$" },
      },
    },
    /** URL templates, see doorUrls. */
    camera: {
      type: "object",
      additionalProperties: false,
      properties: {
        image: { type: "string", pattern: "^https?://" },
        mjpeg: { type: "string", pattern: "^https?://" },
        rtsp: { type: "string", pattern: "^rtsps?://" },
        credentials,
      },
    },
    opening: openingSchema,
    hooks: hooksSchema,
    poll: pollSchema,
  },
} as const;

export type Preset = FromSchema<typeof presetSchema>;
