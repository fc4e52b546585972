// H7, H8: the visitor waits in a parking place until somebody fetches it.
import { cause } from "../../sip/causes.ts";
import type { SoundSettings } from "../sounds.ts";
import type { Strategy } from "../strategy.ts";
import type { TargetSettings } from "../target.ts";
import { Tries } from "../tries.ts";
import { isOver, once } from "./outcome.ts";
import { ringAll } from "./ring-all.ts";
import { usualOf } from "./usual.ts";

/** What becomes of a visitor whom nobody has fetched. */
export const afterParking = ["go-on", "hang-up", "ring-again", "message"] as const;

export interface ParkedSettings {
  readonly place?: string;
  readonly seconds?: number;
  readonly sound?: SoundSettings;
  readonly then: (typeof afterParking)[number];
  /** Who is rung again. */
  readonly targets: readonly TargetSettings[];
}

export function park({ place, seconds, sound, then, targets }: ParkedSettings): Strategy {
  return async (ringing) => {
    const where = { ...(place !== undefined && { place }), ...(seconds !== undefined && { seconds }) };
    const result = await ringing.park({ ...where, ...(sound && { music: sound }) });
    const outcome = once(ringing, result);
    if (isOver(outcome)) return outcome;
    if (then === "hang-up") ringing.refuse(480, cause.noAnswer);
    if (then !== "ring-again") return outcome;
    const tries = new Tries();
    tries.append(outcome);
    const again = await ringAll({ targets, seconds: usualOf("ring-all").seconds })(ringing);
    tries.append(again);
    return { ...again, ...tries.record() };
  };
}
