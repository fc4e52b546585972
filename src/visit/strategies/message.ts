// The visitor is asked to speak: as a strategy of its own, and as the last step of one that has reached nobody.
import type { MessageSettings } from "../sound/message.ts";
import type { Strategy } from "./verbs.ts";
import { abortedAs, isOver } from "./outcome.ts";

export function message(settings: MessageSettings): Strategy {
  return lastly(settings, () => Promise.resolve({ result: "unanswered", tries: 0, parties: [] }));
}

export function lastly(settings: MessageSettings, strategy: Strategy): Strategy {
  return async (ringing) => {
    const outcome = await strategy(ringing);
    if (isOver(outcome)) return outcome;
    if (ringing.signal.aborted) return { ...outcome, result: abortedAs(ringing.signal) };
    const left = await ringing.message(settings);
    return left ? { ...outcome, message: left } : outcome;
  };
}
