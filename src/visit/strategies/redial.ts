// H10–H14, H17, H18: all at once, and again until somebody answers, refuses, or the tries are used up.
import type { Ringing, Strategy } from "./verbs.ts";
import { Tries } from "../ringing/tries.ts";
import { abortedAs, chosen, outcomeOf } from "./outcome.ts";
import type { RingAllSettings } from "./ring-all.ts";

export interface RedialSettings extends RingAllSettings {
  /** 0 = endless, within `maxMinutes`. */
  readonly tries: number;
  readonly waitSeconds: number;
  /** The Q.850 causes of a try that end the loop. */
  readonly stopCauses: readonly number[];
  readonly maxMinutes: number;
}

/** `pause` is what happens between two tries. */
export function redial(settings: RedialSettings, pause = wait): Strategy {
  const { seconds, waitSeconds, stopCauses, maxMinutes } = settings;
  return async (ringing) => {
    const tries = new Tries();
    const over = () => ringing.signal.aborted;
    const deadline = ringing.passed() + maxMinutes * 60_000;
    for (;;) {
      const left = (deadline - ringing.passed()) / 1000;
      const result = await ringing.ring(chosen(ringing, settings.targets), Math.min(seconds, left));
      tries.add(result.parties);
      const outcome = outcomeOf(ringing, tries, result);
      if (result.answeredBy !== undefined || over()) return outcome;
      if (stopCauses.includes(result.cause) || tries.count === settings.tries) return outcome;
      // H17: where nobody is there a try takes no time.
      if (ringing.passed() + waitSeconds * 1000 >= deadline) return outcome;
      await pause(ringing, waitSeconds);
      if (over()) return { ...outcome, result: abortedAs(ringing.signal) };
      if (ringing.passed() >= deadline) return outcome;
    }
  };
}

const wait = (ringing: Ringing, seconds: number): Promise<void> => ringing.wait(seconds);
