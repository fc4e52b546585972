// The strategy of a house that asks for nothing special: all ring, for half a minute.
import { strategyOf } from "../../src/visit/strategy.ts";
import type { TargetSettings } from "../../src/visit/ringing/target.ts";

export const ringAll = (...targets: TargetSettings[]) => strategyOf({ strategy: "ring-all", targets, seconds: 30 });
