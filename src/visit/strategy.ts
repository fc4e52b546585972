// Strategies: how a visit is answered. Each is a short function over a few verbs, on an injected clock, so that sixty
// tries are tested in a millisecond.
import type { FromSchema } from "json-schema-to-ts";
import { checker } from "../schema.ts";
import type { MessageSettings } from "./message.ts";
import type { Outcome, Party } from "./messages.ts";
import type { TapeSettings } from "./recording.ts";
import { checkSound, soundSchema, type SoundSettings } from "./sounds.ts";
import { checkTarget, targetSchema, type Target, type TargetSettings } from "./target.ts";

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
  /** The number by which the visitor could be fetched. */
  readonly slot?: string;
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
  /** Lets the call be recorded from the answer on. Never rejects but where the bell has gone. */
  record(settings: TapeSettings): Promise<void>;
  /** Takes a message of the visitor; undefined where that failed. Never rejects. */
  message(settings: MessageSettings): Promise<Outcome["message"]>;
  /** Parks the visitor: whoever fetches it has answered (H7, H8). */
  park(settings: ParkSettings): Promise<ParkResult>;
  /** Brings the visitor into a room: its first marked member has answered (H9). */
  confer(settings: ConferSettings): Promise<RingResult>;
  /** Ends the visit with a SIP status to the bell, and a Q.850 cause. */
  refuse(status: number, cause?: number): void;
}

export type Strategy = (ringing: Ringing) => Promise<Outcome>;

const targets = {
  type: "array",
  items: targetSchema,
  maxItems: 100,
  default: [],
} as const;

const schema = {
  type: "object",
  required: ["strategy"],
  properties: {
    strategy: { enum: ["ring-all", "redial"] },
    targets,
    seconds: { type: "number", minimum: 1, maximum: 3600, default: 60 },
    tries: { type: "integer", minimum: 0, maximum: 10_000, default: 60 },
    waitSeconds: { type: "number", minimum: 0.5, maximum: 3600, default: 1 },
    stopCauses: { type: "array", items: { type: "integer", minimum: 0, maximum: 127 }, default: [21, 0] },
    maxMinutes: { type: "number", minimum: 0.1, maximum: 1440, default: 120 },
    sound: soundSchema,
    answerFirst: { type: "boolean", default: false },
    record: { enum: ["off", "file", "flow"], default: "off" },
    recordToneSeconds: { type: "number", minimum: 0, maximum: 3600, default: 15 },
    recordMinutes: { type: "number", minimum: 0.01, maximum: 240, default: 60 },
    messageSeconds: { type: "number", minimum: 0, maximum: 600, default: 0 },
    messageSilenceSeconds: { type: "number", minimum: 1, maximum: 600, default: 5 },
    messageTo: { enum: ["file", "flow"], default: "file" },
    greeting: soundSchema,
  },
  additionalProperties: false,
} as const;

type Settings = FromSchema<typeof schema>;

/**
 * The settings of a strategy as a node, a message or a file gives them.
 * `targets` empty = the number that the bell dialled. `seconds` = ring time of one try.
 * For `redial` also: `tries` (0 = endless, within `maxMinutes`), `waitSeconds` between tries, `stopCauses` (Q.850 causes
 * that end the loop), `maxMinutes` for all of it (H14, H18).
 * `record` = the conversation is recorded into a file, or for the flow, with a tone each `recordToneSeconds` (0 = none);
 * `messageSeconds` (0 = none) = where nobody answers, the visitor hears the `greeting` and may speak so long.
 * `sound` = what the visitor hears meanwhile; `answerFirst` = the bell's call is answered before anybody is rung (H19).
 */
export type StrategySettings = Pick<Settings, "strategy"> & Partial<Settings>;

const check = checker("strategy", schema);

/** @throws PorteroError `invalid`, naming the field */
export function strategyOf(settings: unknown): Strategy {
  const checked = check(settings);
  for (const target of checked.targets) checkTarget(target);
  for (const sound of [checked.sound, checked.greeting]) if (sound) checkSound(sound);
  const look = checked.strategy === "redial" ? redial(checked) : ringAll(checked);
  return recorded(checked, askedForMessage(checked, waiting(checked, look)));
}

function recorded({ record: to, recordToneSeconds, recordMinutes }: Settings, strategy: Strategy): Strategy {
  if (to === "off") return strategy;
  return async (ringing) => {
    await ringing.record({ to, seconds: 60 * recordMinutes, toneSeconds: recordToneSeconds });
    return strategy(ringing);
  };
}

/** The last step: who reached nobody may leave a message. */
function askedForMessage(settings: Settings, strategy: Strategy): Strategy {
  const { messageSeconds: seconds, messageSilenceSeconds: silenceSeconds, messageTo: to, greeting } = settings;
  if (seconds === 0) return strategy;
  return async (ringing) => {
    const outcome = await strategy(ringing);
    if (outcome.result === "answered" || ringing.signal.aborted) return outcome;
    const message = await ringing.message({ to, seconds, silenceSeconds, ...(greeting && { greeting }) });
    return message ? { ...outcome, message } : outcome;
  };
}

/** What the bell and its visitor have of the time in which somebody is looked for. */
function waiting({ sound, answerFirst }: Pick<Settings, "sound" | "answerFirst">, strategy: Strategy): Strategy {
  if (!sound && !answerFirst) return strategy;
  return async (ringing) => {
    if (answerFirst) await ringing.answer();
    // Phones do not wait for a sound that is slow to come.
    if (sound) void ringing.play(sound);
    const outcome = await strategy(ringing);
    ringing.stop();
    return outcome;
  };
}

/** H4–H6: all at once, the first to pick up wins. */
export function ringAll({ targets, seconds }: Pick<Settings, "targets" | "seconds">): Strategy {
  return async (ringing) => outcomeOf(ringing, await ringing.ring(chosen(ringing, targets), seconds), 1, []);
}

/** H10–H14, H17, H18: ring a group, and again until somebody answers, refuses, or the tries are used up. */
export function redial(settings: Omit<Settings, "strategy">): Strategy {
  const { seconds, tries, waitSeconds, stopCauses, maxMinutes } = settings;
  return async (ringing) => {
    const over = () => ringing.signal.aborted;
    const deadline = ringing.now() + maxMinutes * 60_000;
    const parties: Party[] = [];
    for (let attempt = 1; ; attempt++) {
      const left = (deadline - ringing.now()) / 1000;
      const result = await ringing.ring(chosen(ringing, settings.targets), Math.min(seconds, left));
      const outcome = outcomeOf(ringing, result, attempt, parties);
      parties.push(...numbered(result.parties, attempt));
      if (result.answeredBy !== undefined || over()) return outcome;
      if (stopCauses.includes(result.cause) || attempt === tries) return outcome;
      if (ringing.now() + waitSeconds * 1000 >= deadline) return outcome;
      await ringing.wait(waitSeconds);
      if (over()) return { ...outcome, result: abortedAs(ringing.signal) };
    }
  };
}

const chosen = (ringing: Ringing, targets: readonly TargetSettings[]): readonly TargetSettings[] =>
  targets.length > 0 ? targets : [ringing.dialled];

const numbered = (parties: readonly Party[], attempt: number): Party[] =>
  parties.map((party) => ({ ...party, try: attempt }));

const abortedAs = (signal: AbortSignal): "cancelled" | "stopped" =>
  signal.reason === "cancelled" ? "cancelled" : "stopped";

function outcomeOf(ringing: Ringing, result: RingResult, tries: number, earlier: readonly Party[]): Outcome {
  const parties = [...earlier, ...numbered(result.parties, tries)];
  if (result.answeredBy !== undefined) return { result: "answered", by: result.answeredBy, tries, parties };
  if (ringing.signal.aborted) return { result: abortedAs(ringing.signal), tries, parties };
  const results = new Set(result.parties.map((party) => party.result));
  if (results.has("rejected")) return { result: "rejected", tries, parties };
  if (results.has("busy")) return { result: "busy", tries, parties };
  const absent = results.size > 0 && [...results].every((one) => one === "unregistered");
  return { result: absent ? "unregistered" : "unanswered", tries, parties };
}
