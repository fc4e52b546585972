// One strategy after the other, until somebody has answered or the visitor has gone.
import type { SoundSettings } from "../sound/sounds.ts";
import type { Strategy } from "./verbs.ts";
import type { Outcome } from "../messages.ts";
import { Tries } from "../ringing/tries.ts";
import { abortedAs, isOver } from "./outcome.ts";

export interface Part {
  readonly look: Strategy;
  /** It has a sound of its own, which ends with it. */
  readonly sounds: boolean;
}

/** `sound` is heard all the time but in steps that have their own. */
export function steps(parts: readonly Part[], sound?: SoundSettings): Strategy {
  return async (ringing) => {
    const tries = new Tries();
    let outcome: Outcome = { result: "unanswered", tries: 0, parties: [] };
    for (const [index, { look }] of parts.entries()) {
      if (ringing.signal.aborted) return { ...outcome, result: abortedAs(ringing.signal) };
      if (sound && parts[index - 1]?.sounds) void ringing.play(sound);
      const found = await look(ringing);
      tries.append(found);
      outcome = { ...found, ...tries.record() };
      if (isOver(outcome)) return outcome;
    }
    return outcome;
  };
}
