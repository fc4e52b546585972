// One strategy after the other, until somebody has answered or the visitor has gone.
import type { SoundSettings } from "../sounds.ts";
import type { Strategy } from "../strategy.ts";
import type { Outcome } from "../messages.ts";
import { Tries } from "../tries.ts";
import { abortedAs, isOver } from "./outcome.ts";

/** `sound` goes on after a step that had one of its own. */
export function steps(all: readonly Strategy[], sound?: SoundSettings): Strategy {
  return async (ringing) => {
    const tries = new Tries();
    let outcome: Outcome = { result: "unanswered", tries: 0, parties: [] };
    for (const step of all) {
      if (ringing.signal.aborted) return { ...outcome, result: abortedAs(ringing.signal) };
      const found = await step(ringing);
      tries.append(found);
      outcome = { ...found, ...tries.record() };
      if (isOver(outcome)) return outcome;
      if (sound) void ringing.play(sound);
    }
    return outcome;
  };
}
