// H7, H8: the visitor waits in a parking place until somebody fetches it.
import { cause } from "../../sip/causes.ts";
import type { MessageSettings } from "../sound/message.ts";
import type { Outcome } from "../messages.ts";
import type { SoundSettings } from "../sound/sounds.ts";
import type { Strategy } from "./verbs.ts";
import type { TargetSettings } from "../ringing/target.ts";
import { Tries } from "../ringing/tries.ts";
import { lastly } from "./message.ts";
import { isOver, once } from "./outcome.ts";
import { ringAll } from "./ring-all.ts";
import { usualOf, type afterParking } from "./usual.ts";

export interface ParkedSettings {
  readonly place?: string;
  readonly seconds?: number;
  readonly sound?: SoundSettings;
  /** As the place says where it is absent. */
  readonly then?: (typeof afterParking)[number];
  /** Who is rung again. */
  readonly targets: readonly TargetSettings[];
}

/** `spoken` = how the visitor is asked for a message, where that comes next. */
export function park({ place, seconds, sound, then, targets }: ParkedSettings, spoken: MessageSettings): Strategy {
  return async (ringing) => {
    const where = { ...(place !== undefined && { place }), ...(seconds !== undefined && { seconds }) };
    const result = await ringing.park({ ...where, ...(sound && { music: sound }) });
    const { reason, isFull, next = "go-on" } = result;
    const outcome: Outcome = { ...once(ringing, result), ...(reason !== undefined && { reason }) };
    if (isOver(outcome)) return outcome;
    switch (then ?? next) {
      case "go-on":
        return isFull ? { ...outcome, result: "full" } : outcome;
      case "hang-up":
        ringing.refuse(480, cause.noAnswer);
        return outcome;
      case "message":
        return lastly(spoken, () => Promise.resolve(outcome))(ringing);
      case "ring-again": {
        const tries = new Tries();
        tries.append(outcome);
        const again = await ringAll({ targets, seconds: usualOf("ring-all").seconds })(ringing);
        tries.append(again);
        return { ...again, ...tries.record() };
      }
    }
  };
}
