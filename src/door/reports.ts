// What a device reports of itself beside its calls, by a hook or by an answer to a poll: a press, that the door was opened,
// and the state of its contact, relay and lock. One word for each, as it stands in a hook's path: `press`, `press/201`,
// `opened`, `contact/open`, `relay/off` …

import { doorParts, doorStates, type DoorState } from "../door-states.ts";
import type { Form } from "../schema.ts";

export type DeviceReport =
  | { readonly kind: "press"; readonly button?: string }
  | { readonly kind: "opened" }
  | { readonly kind: "state"; readonly state: DoorState };

/** All words but those of single buttons. */
export const reportWords: readonly string[] = [
  ...["press", "opened"],
  ...doorParts.flatMap((part) => doorStates[part].map((value) => `${part}/${value}`)),
];

/** So long may the name of a button be. */
const mostLetters = 100;

/** What a word reports; undefined for one that is none. */
export function reportOf(word: string): DeviceReport | undefined {
  if (word === "press") return { kind: "press" };
  if (word === "opened") return { kind: "opened" };
  const slash = word.indexOf("/");
  const [part, value] = [word.slice(0, slash), word.slice(slash + 1)];
  if (slash < 0 || value === "") return undefined;
  if (part === "press") return value.length > mostLetters ? undefined : { kind: "press", button: value };
  return reportWords.includes(word) ? { kind: "state", state: { [part]: value } } : undefined;
}

/** Their fields, for a JSON schema. */
export const reportFields = {
  /** A contact that is open for so many seconds is told of; not at all where it is absent. */
  heldOpenSeconds: { type: "number", minimum: 1, maximum: 86_400 },
} as const;

export type ReportSettings = Form<typeof reportFields>;

export const reportAdvice: Readonly<Record<keyof ReportSettings, string>> = {
  heldOpenSeconds: "enter seconds from 1 to 86400, or leave it empty: nobody is told then",
};
