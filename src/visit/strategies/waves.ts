// The nearest first: each target joins those that ring already, some seconds after the one before it (the chime in the hall,
// the pages, the phones on the desks, the line outside).
import type { Strategy } from "./verbs.ts";
import { wishOf, type RingWish } from "../ringing/target.ts";
import { chosen, once } from "./outcome.ts";
import type { RingAllSettings } from "./ring-all.ts";

export interface WavesSettings extends RingAllSettings {
  /** From one wave to the next. A target with a delay of its own is in the wave that rings by then. */
  readonly waitSeconds: number;
}

/** `seconds` is how long the last wave rings. */
export function waves({ targets, seconds, waitSeconds }: WavesSettings): Strategy {
  return async (ringing) => {
    const all: (RingWish & { delay: number })[] = [];
    for (const target of chosen(ringing, targets)) {
      const before = all.at(-1);
      all.push({ delay: before ? before.delay + waitSeconds : 0, ...wishOf(target) });
    }
    const last = Math.max(...all.map(({ delay, seconds: own = seconds }) => delay + own));
    return once(ringing, await ringing.ring(all, last));
  };
}
