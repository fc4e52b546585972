// Strategies: how a visit is answered. Each is a short function over a few verbs, on an injected clock, so that sixty
// tries are tested in a millisecond.
import type { Outcome } from "./messages.ts";
import type { SoundSettings } from "./sound/sounds.ts";
import { conference } from "./strategies/conference.ts";
import { hunt } from "./strategies/hunt.ts";
import { lastly, message } from "./strategies/message.ts";
import { park } from "./strategies/park.ts";
import { redial } from "./strategies/redial.ts";
import { refuse } from "./strategies/refuse.ts";
import { retryDial } from "./strategies/retry-dial.ts";
import { ringAll } from "./strategies/ring-all.ts";
import { checkStrategy, type Checked, type Step } from "./strategies/settings.ts";
import { steps, type Part } from "./strategies/steps.ts";
import { isPlace, usualOf, type StrategyName } from "./strategies/usual.ts";
import { waves } from "./strategies/waves.ts";
import type { Ringing, Strategy } from "./strategies/verbs.ts";

export type { StrategySettings } from "./strategies/settings.ts";

/** @throws PorteroError `invalid`, naming the field */
export function strategyOf(settings: unknown): Strategy {
  const checked = checkStrategy(settings);
  const { strategy: called, record: to, recordToneSeconds: toneSeconds } = checked;
  const look = stepOf(checked, checked.steps);
  const tape = { seconds: 60 * checked.recordMinutes, toneSeconds };
  const run = async (ringing: Ringing): Promise<Outcome> => {
    if (to !== "off") await ringing.record({ to, ...tape });
    return { ...(await look(ringing)), strategy: called };
  };
  return Object.assign(run, { called });
}

/** A strategy with what the visitor hears meanwhile, and the message at its end. */
function stepOf(settings: Step | Checked, parts: readonly Step[] = []): Strategy {
  const {
    strategy,
    messageTo: to,
    messageSilenceSeconds: silenceSeconds,
    messageSeconds: seconds,
    greeting,
  } = settings;
  const spoken = { to, seconds: seconds || usualMessageSeconds, silenceSeconds, ...(greeting && { greeting }) };
  if (strategy === "message") return waiting(settings, message(spoken));
  const look = waiting(settings, strategy === "park" ? park(settings, spoken) : lookOf(settings, parts));
  // A parking place has asked for it already.
  const isAsked = strategy === "park" && settings.then === "message";
  return seconds === 0 || isAsked ? look : lastly(spoken, look);
}

const usualMessageSeconds = 60;

function lookOf(settings: Step | Checked, parts: readonly Step[]): Strategy {
  const { strategy, sound } = settings;
  const all = { ...usualOf(strategy), ...settings };
  switch (strategy) {
    case "hunt":
      return hunt(all);
    case "waves":
      return waves(all);
    case "redial":
    case "until-answered":
      return redial(all);
    case "retry-dial":
      return retryDial(all);
    case "conference":
      return conference(settings);
    case "refuse":
      return refuse(settings.status, settings.cause);
    case "steps":
      return steps(
        parts.map((part) => partOf(part, settings)),
        sound,
      );
    default:
      return ringAll(all);
  }
}

/** A step; whom it does not name is who was named for all. */
function partOf(step: Step, { targets, sound }: Step | Checked): Part {
  // After an announcement the sound for all goes on.
  const heard = step.sound ?? (step.announcement && sound);
  const named = step.targets.length > 0 ? step.targets : targets;
  // What its place says to come next is for who has no next step.
  const look = stepOf({ then: "go-on", ...step, targets: named, ...(heard && { sound: heard }) });
  return { look, sounds: heard !== undefined || step.answerFirst || isPlace(step.strategy) };
}

/** What the bell and its visitor have of the time in which somebody is looked for. */
function waiting({ strategy, sound, answerFirst }: Step | Checked, look: Strategy): Strategy {
  // Places have music of their own.
  const played = isPlace(strategy) ? undefined : (sound ?? usualSound(strategy, answerFirst));
  if (!played && !answerFirst) return look;
  return async (ringing) => {
    if (answerFirst) await ringing.answer();
    // Phones do not wait for a sound that is slow to come.
    if (played) void ringing.play(played);
    const outcome = await look(ringing);
    ringing.stop();
    return outcome;
  };
}

// H16: a bell whose call is answered makes no ring-back of its own any more.
const usualSound = (strategy: StrategyName, answerFirst: boolean): SoundSettings | undefined =>
  strategy === "until-answered" && answerFirst ? { tone: "ring-back" } : undefined;
