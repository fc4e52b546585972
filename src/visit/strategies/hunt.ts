// One after the other: each has its time, and who is busy, absent or declines loses it to the next at once.
import type { RingResult, Strategy } from "./verbs.ts";
import { wishOf } from "../ringing/target.ts";
import { Tries } from "../ringing/tries.ts";
import { chosen, outcomeOf } from "./outcome.ts";
import type { RingAllSettings } from "./ring-all.ts";

export function hunt({ targets, seconds }: RingAllSettings): Strategy {
  return async (ringing) => {
    const tries = new Tries();
    const found: RingResult["parties"][number][] = [];
    for (const target of chosen(ringing, targets)) {
      const { delay = 0, seconds: own = seconds } = wishOf(target);
      const result = await ringing.ring([target], delay + own);
      tries.add(result.parties);
      found.push(...result.parties);
      if (result.answeredBy !== undefined || ringing.signal.aborted) return outcomeOf(ringing, tries, result);
    }
    return outcomeOf(ringing, tries, { parties: found, cause: 0 });
  };
}
