// H4–H6: all at once, the first to pick up wins.
import type { Strategy } from "./verbs.ts";
import type { TargetSettings } from "../ringing/target.ts";
import { chosen, once } from "./outcome.ts";

export interface RingAllSettings {
  readonly targets: readonly TargetSettings[];
  readonly seconds: number;
}

export function ringAll({ targets, seconds }: RingAllSettings): Strategy {
  return async (ringing) => once(ringing, await ringing.ring(chosen(ringing, targets), seconds));
}
