// The catalogue of door stations: one JSON file a preset, checked when it is loaded, so that a wrong entry is found by the
// first test that runs. Each says how well it is known (X11).
import { dtmfMethods } from "../dtmf.ts";
import { giveUp } from "../errors.ts";
import { checker } from "../schema.ts";
import type { FromSchema } from "json-schema-to-ts";
import { hooksSchema, pollSchema } from "./hook-schema.ts";
import { placeholderFaults } from "./placeholders.ts";
import { credentials, openingSchema } from "./opening-schema.ts";
import akuvox from "./presets/akuvox.json" with { type: "json" };
import akuvoxApi from "./presets/akuvox-api.json" with { type: "json" };
import axis from "./presets/axis.json" with { type: "json" };
import baudisch from "./presets/baudisch.json" with { type: "json" };
import behnke from "./presets/behnke.json" with { type: "json" };
import dahua from "./presets/dahua.json" with { type: "json" };
import doorbird from "./presets/doorbird.json" with { type: "json" };
import fanvil from "./presets/fanvil.json" with { type: "json" };
import generic from "./presets/generic.json" with { type: "json" };
import grandstream from "./presets/grandstream.json" with { type: "json" };
import hikvision from "./presets/hikvision.json" with { type: "json" };
import mobotix from "./presets/mobotix.json" with { type: "json" };
import paxton from "./presets/paxton.json" with { type: "json" };
import siedle from "./presets/siedle.json" with { type: "json" };
import simulated from "./presets/simulated.json" with { type: "json" };
import twoN from "./presets/2n.json" with { type: "json" };

const schema = {
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

export type Preset = FromSchema<typeof schema>;

const checkForm = checker<typeof schema>("door preset", schema);

/** Throws a PorteroError `invalid` that names the field. */
export function checkPreset(value: unknown): Preset {
  const preset = checkForm(value);
  const faults = placeholderFaults(preset);
  if (faults.length > 0) throw giveUp("invalid", `door preset: ${faults.join("; ")}`, { data: { faults } });
  return preset;
}

/** All presets by id, the generic one first. */
export const presets: ReadonlyMap<string, Preset> = new Map(
  [
    ...[generic, simulated],
    ...[twoN, akuvox, akuvoxApi, axis, baudisch, behnke, dahua, doorbird, fanvil, grandstream, hikvision, mobotix],
    ...[paxton, siedle],
  ]
    .map(checkPreset)
    .map((preset) => [preset.id, preset]),
);

/** Whether it is known how a make takes digits, or only the usual way stands in its preset. */
export const knowsDtmf = ({ evidence, unverified = [] }: Preset): boolean =>
  evidence !== "unverified" && !unverified.some((part) => part === "dtmf" || part === "dtmf.method");

/** Throws a PorteroError `invalid` for an id that is not in the catalogue. */
export function presetOf(id: string): Preset {
  const preset = presets.get(id);
  if (preset) return preset;
  const known = [...presets.keys()].join(", ");
  throw giveUp("invalid", `preset ${JSON.stringify(id.slice(0, 40))} is not known: choose one of ${known}`);
}
