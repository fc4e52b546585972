// The settings of a strategy as a node, a message or a file gives them.
import type { FromSchema } from "json-schema-to-ts";
import { giveUp } from "../../errors.ts";
import { checker } from "../../schema.ts";
import { checkDndStatus } from "../numbers/devices.ts";
import { checkSound, soundSchema } from "../sound/sounds.ts";
import { checkTarget, targetSchema, wishOf } from "../ringing/target.ts";
import { afterParking, hasField, limits, strategyNames, usualOf } from "./usual.ts";

const between = ([minimum, maximum]: readonly [number, number]) => ({ type: "number", minimum, maximum }) as const;

/** What a step may have. */
const fields = {
  targets: { type: "array", items: targetSchema, maxItems: 100, default: [] },
  seconds: between(limits.seconds),
  tries: { ...between(limits.tries), type: "integer" },
  waitSeconds: between(limits.waitSeconds),
  stopCauses: { type: "array", items: { type: "integer", minimum: 0, maximum: 127 } },
  maxMinutes: { ...between(limits.maxMinutes), default: 120 },
  sound: soundSchema,
  announcement: soundSchema,
  answerFirst: { type: "boolean", default: false },
  place: { type: "string", minLength: 1, maxLength: 100 },
  then: { enum: afterParking },
  status: { type: "integer", default: 603 },
  cause: { type: "integer", minimum: 0, maximum: 127 },
  messageSeconds: { ...between(limits.messageSeconds), default: 0 },
  messageSilenceSeconds: { type: "number", minimum: 1, maximum: 600, default: 5 },
  messageTo: { enum: ["file", "flow"], default: "file" },
  greeting: soundSchema,
} as const;

const stepSchema = {
  type: "object",
  required: ["strategy"],
  properties: { strategy: { enum: strategyNames }, ...fields },
  additionalProperties: false,
} as const;

const schema = {
  type: "object",
  required: ["strategy"],
  properties: {
    ...{ strategy: { enum: strategyNames }, ...fields },
    record: { enum: ["off", "file", "flow"], default: "off" },
    recordToneSeconds: { type: "number", minimum: 0, maximum: 3600, default: 15 },
    recordMinutes: { type: "number", minimum: 0.01, maximum: 240, default: 60 },
    steps: { type: "array", items: stepSchema, maxItems: 20, default: [] },
  },
  additionalProperties: false,
} as const;

export type Step = FromSchema<typeof stepSchema>;
export type Checked = FromSchema<typeof schema>;

/**
 * `targets` empty = the number that the bell dialled. `seconds` = ring time: of one try; in `hunt` of each target; in
 * `waves` of the last wave; in `park` and `conference` how long the visitor waits (absent: as the place says).
 * `waitSeconds` = between two tries, or two waves. `tries` (0 = endless, within `maxMinutes`) and `stopCauses` (Q.850
 * causes that end the loop) are of loops (H14, H18); what is usual where one is absent stands in usual.ts.
 * `sound` = what the visitor hears meanwhile; `announcement` = between the tries of `retry-dial` (H15); `answerFirst` = the
 * bell's call is answered before anybody is rung (H19).
 * `place` = the name of a parking place or a room; `then` = what becomes of a parked visitor whom nobody fetched
 * (absent: as the place says; in a step: the next one).
 * `status`, `cause` = what `refuse` tells the bell. `steps` = one after the other until somebody has answered.
 * `record` = the conversation is recorded into a file, or for the flow, with a tone each `recordToneSeconds` (0 = none);
 * `messageSeconds` (0 = none) = where nobody answers, the visitor hears the `greeting` and may speak so long.
 */
export type StrategySettings = Pick<Checked, "strategy"> &
  Partial<Omit<Checked, "steps">> & { steps?: (Pick<Step, "strategy"> & Partial<Step>)[] };

const checkForm = checker("strategy", schema);

/** @throws PorteroError `invalid`, naming the field */
export function checkStrategy(settings: unknown): Checked {
  const checked = checkForm(settings);
  checkMeaning(checked);
  if (checked.strategy === "steps" && checked.steps.length === 0)
    throw wrong("steps", "steps is empty: name a strategy");
  for (const [index, step] of checked.steps.entries()) {
    if (step.strategy === "steps")
      throw wrong("steps", `steps.${index}.strategy is "steps": steps have no steps of their own`);
    checkMeaning(step);
  }
  return checked;
}

// What the schema cannot tell.
function checkMeaning(settings: Step | Checked): void {
  const { strategy, targets, status, sound, announcement, greeting } = settings;
  const { seconds } = { ...usualOf(strategy), ...settings };
  for (const target of targets) {
    checkTarget(target);
    const { target: name, delay = 0 } = wishOf(target);
    if (delay >= seconds && !delays.has(strategy))
      throw wrong(
        "delay",
        `target ${name} is to ring after ${delay} seconds, but it rings for ${seconds} seconds only: ` +
          "let it ring longer, or this target sooner",
      );
  }
  for (const one of [sound, announcement, greeting]) if (one) checkSound(one);
  if (hasField(strategy, "status")) checkDndStatus(status, "strategy: status");
}

// Their rings last as long as the delays of their targets need; or as a place says.
const delays: ReadonlySet<string> = new Set(["hunt", "waves", "park", "conference", "steps"]);

const wrong = (field: string, fault: string) => giveUp("invalid", `strategy: ${fault}`, { data: { field } });
