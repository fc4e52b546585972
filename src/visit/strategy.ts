// Strategies: how a visit is answered. Each is a short function over a few verbs, on an injected clock, so that sixty
// tries are tested in a millisecond.
import type { MessageSettings } from "./sound/message.ts";
import type { Outcome, Party } from "./messages.ts";
import type { AfterParking } from "./places/parking-settings.ts";
import type { TapeSettings } from "./sound/recording.ts";
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
import type { Target, TargetSettings } from "./ringing/target.ts";

export type { StrategySettings } from "./strategies/settings.ts";

export interface RingResult {
  /** The target that answered. */
  readonly answeredBy?: Target;
  readonly parties: readonly Party[];
  /** Q.850: the weightiest of the parties' causes; 0 where there was nobody to ring at all. */
  readonly cause: number;
}

/** Where a visitor waits to be fetched. Blank means: as the place says. */
export interface ParkSettings {
  /** Its name; may be absent where there is exactly one. */
  readonly place?: string;
  readonly seconds?: number;
  /** What the visitor hears meanwhile. */
  readonly music?: SoundSettings;
}

export interface ParkResult extends RingResult {
  /** The number by which the visitor could be fetched; absent where there was no room for it. */
  readonly slot?: string;
  /** What its place says that comes next, where nobody fetched it in time. */
  readonly next?: AfterParking;
  /** There was no room for it. */
  readonly isFull?: true;
  /** Why nobody fetched it, as a sentence. */
  readonly reason?: string;
}

/** Where a visitor waits for those who talk with each other. */
export interface ConferSettings extends ParkSettings {
  /** Who is rung into the room; nobody where it is absent: people dial its number. */
  readonly targets?: readonly TargetSettings[];
}

/** What a strategy can do. Every verb returns early when `signal` aborts; the strategy then just returns. */
export interface Ringing {
  /** Whom the bell dialled, as a target. */
  readonly dialled: Target;
  /** Aborts when the visitor leaves, the flow stops the strategy, or somebody answered by another way. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
  /** Rings all targets at once; the first answer wins and the others stop (H4, H5). */
  ring(targets: readonly TargetSettings[], seconds: number): Promise<RingResult>;
  /** Waits, or less when one of the last targets registers (X1, H12). */
  wait(seconds: number): Promise<void>;
  /** Truly answers the bell's call, though nobody has: some bells give up on a call that only rings (H19). */
  answer(): Promise<void>;
  /** Lets the visitor hear a sound again and again, until `stop` or until somebody answers (H15, H16). Never rejects. */
  play(sound: SoundSettings): Promise<void>;
  stop(): void;
  /** Lets the visitor hear a sound once, to its end: true; less where one of the last targets registers. Never rejects. */
  announce(sound: SoundSettings): Promise<boolean>;
  /** Lets the call be recorded from the answer on. Never rejects but where the bell has gone. */
  record(settings: TapeSettings): Promise<void>;
  /** Takes a message of the visitor; undefined where that failed. Never rejects. */
  message(settings: MessageSettings): Promise<Outcome["message"]>;
  /** Parks the visitor: whoever fetches it has answered (H7, H8). */
  park(settings: ParkSettings): Promise<ParkResult>;
  /** Brings the visitor into a room: its first marked member has answered (H9). */
  confer(settings: ConferSettings): Promise<RingResult>;
  /** Ends the visit with a SIP status to the bell, and a Q.850 cause; `text` is what the end says. */
  refuse(status: number, cause?: number, text?: string): void;
}

export interface Strategy {
  (ringing: Ringing): Promise<Outcome>;
  /** The name by which it is told of. */
  readonly called?: StrategyName;
}

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
