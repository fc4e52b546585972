// How the presses of a door are taken (X1): which calls are one press, what becomes of a press while somebody talks, and
// what says which button it was.
import type { Form } from "../schema.ts";
import type { Preset } from "./preset-schema.ts";

/** What becomes of a press while the door talks: it is busy, it waits until the talk is over, or it takes its place. */
const pressesInTalk = ["busy", "wait", "replace"] as const;
type PressInTalk = (typeof pressesInTalk)[number];

/** What names the button: the number that is dialled, the address of To, the name of the caller, or a header. */
const buttonSources = ["dialled", "to", "name", "header"] as const;

/** Their fields, for a JSON schema. */
export const pressFields = {
  /** A call within so many seconds of the last one of a press, or of its refusal, belongs to it; default: the preset's. */
  bounceSeconds: { type: "number", minimum: 0, maximum: 60 },
  /** `busy` where it is absent. */
  pressInTalk: { enum: pressesInTalk },
  /** The bell has one call at a time: a new one means that the old one is over; default: the preset's. */
  oneCall: { type: "boolean" },
  /** Calls by two of these are two presses. */
  buttons: {
    type: "array",
    maxItems: 1000,
    items: {
      type: "object",
      required: ["number", "name"],
      additionalProperties: false,
      properties: {
        /** What the bell says: the number it dials, or what stands where the button is read from. */
        number: { type: "string", pattern: "^\\S(.{0,62}\\S)?$" },
        name: { type: "string", minLength: 1, maxLength: 100 },
      },
    },
  },
  /** `dialled` where it is absent, and where what it names says nothing. */
  buttonFrom: { enum: buttonSources },
  /** The header, for `buttonFrom: "header"`. */
  buttonHeader: { type: "string", pattern: "^[A-Za-z0-9-]{1,64}$" },
} as const;

export type PressSettings = Form<typeof pressFields>;

/** A bell that dials again after a refusal does so within a second or two; a person looks at it first. */
const usualBounceSeconds = 2;

export interface PressRules {
  readonly bounceMs: number;
  readonly inTalk: PressInTalk;
  readonly oneCall: boolean;
}

/** What holds for a door: its own settings, else what its make is known for. */
export function pressRules({
  make: { ring },
  bounceSeconds,
  oneCall,
  pressInTalk,
}: PressSettings & { readonly make: Preset }): PressRules {
  return {
    bounceMs: (bounceSeconds ?? ring?.bounceSeconds ?? usualBounceSeconds) * 1000,
    inTalk: pressInTalk ?? "busy",
    oneCall: oneCall ?? ring?.oneCall ?? false,
  };
}

/** What is wrong with a list of buttons, or undefined. */
export function buttonFault({ buttons = [], buttonFrom, buttonHeader }: PressSettings): string | undefined {
  const numbers = buttons.map(({ number }) => number);
  const twice = numbers.find((number, index) => numbers.indexOf(number) !== index);
  if (twice !== undefined) return `buttons has ${twice} twice: give each button once`;
  if (buttonFrom === "header" && buttonHeader === undefined)
    return "buttonHeader is missing: enter the header that names the button, such as X-Button";
  return undefined;
}
