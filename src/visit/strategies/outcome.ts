// What a strategy gives back.
import type { Outcome } from "../messages.ts";
import type { Ringing, RingResult } from "./verbs.ts";
import type { TargetSettings } from "../ringing/target.ts";
import { Tries } from "../ringing/tries.ts";

/** The number that the bell dialled, where nobody is named. */
export const chosen = (ringing: Ringing, targets: readonly TargetSettings[]): readonly TargetSettings[] =>
  targets.length > 0 ? targets : [ringing.dialled];

export const abortedAs = (signal: AbortSignal): "cancelled" | "stopped" =>
  ["cancelled", "elsewhere"].includes(String(signal.reason)) ? "cancelled" : "stopped";

/** Nobody need go on: somebody has answered, the visitor has a word of ours, or has gone. */
export const isOver = ({ result, message }: Outcome): boolean =>
  ["answered", "cancelled", "stopped", "refused"].includes(result) || message !== undefined;

/** What a try brought, with the tries before it. */
export function outcomeOf(ringing: Ringing, tries: Tries, { answeredBy, parties }: RingResult): Outcome {
  const record = tries.record();
  if (answeredBy !== undefined) return { result: "answered", by: answeredBy, ...record };
  if (ringing.signal.aborted) return { result: abortedAs(ringing.signal), ...record };
  const results = new Set(parties.map((party) => party.result));
  if (results.has("rejected")) return { result: "rejected", ...record };
  if (results.has("busy")) return { result: "busy", ...record };
  const absent = results.size > 0 && [...results].every((one) => one === "unregistered");
  return { result: absent ? "unregistered" : "unanswered", ...record };
}

/** Of what is over before it begins, and is not told of. */
export const nobody: RingResult = { parties: [], cause: 0 };

/** The outcome of what happens once. */
export function once(ringing: Ringing, result: RingResult): Outcome {
  const tries = new Tries();
  tries.add(result.parties);
  return outcomeOf(ringing, tries, result);
}
