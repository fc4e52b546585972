// The catalogue of door stations: one JSON file a preset, checked when it is built and when it is loaded.
import { giveUp } from "../errors.ts";
import { checkPreset } from "./preset.ts";
import type { Preset } from "./preset-schema.ts";
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

/** Throws a PorteroError `invalid` for an id that is not in the catalogue. */
export function presetOf(id: string): Preset {
  const preset = presets.get(id);
  if (preset) return preset;
  const known = [...presets.keys()].join(", ");
  throw giveUp("invalid", `preset ${JSON.stringify(id.slice(0, 40))} is not known: choose one of ${known}`);
}
