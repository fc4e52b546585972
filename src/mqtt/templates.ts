// Messages of a user's own beside those of topics.ts: another topic, another payload, for a system that wants it so.
import type { FromSchema } from "json-schema-to-ts";
import { giveUp } from "../errors.ts";
import { slugOf } from "../slug.ts";
import { isTopic, Topics } from "./topics.ts";

/** What stands for what in a template, by its occasion, beside `base`, `door`, `name`, `ts` and `json`, the whole payload that we publish. */
const placeholders = {
  event: ["event", "visit", "from", "button"],
  result: ["id", "ok", "method", "reason", "relay", "refused"],
  call: ["state"],
  availability: ["state"],
  dnd: ["state"],
  contact: ["state"],
  relay: ["state"],
  lock: ["state"],
} as const;
const always = ["base", "door", "name", "ts", "json"] as const;

export type Occasion = keyof typeof placeholders;
export const occasions = Object.keys(placeholders) as Occasion[];

export const templateSchema = {
  type: "object",
  required: ["on", "topic"],
  additionalProperties: false,
  properties: {
    on: { enum: ["event", "result", "call", "availability", "dnd", "contact", "relay", "lock"] },
    /** An event's name, a state, or whether an opening was `ok`; every one where it is absent. */
    only: { type: "string", maxLength: 64 },
    topic: { type: "string", minLength: 1, maxLength: 200 },
    payload: { type: "string", maxLength: 2000, default: "{json}" },
  },
} as const;
export type Template = FromSchema<typeof templateSchema>;

const place = /\{(\w+)\}/g;
// Beside what a topic is made of, what brokers end a connection for (MQTT 5 §1.5.4).
const noTopic = /[#+/\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** A payload with its values. In one that is JSON each stays one value, and part of the text that it stands in: a caller writes some of them. */
function filled(payload: string, text: (name: string) => string): string {
  const example = payload.replace(place, "0");
  const asJson = example.trimStart().startsWith("{") && isJson(example);
  return payload.replace(place, (_all, name: string, at: number) => {
    const value = text(name);
    if (!asJson) return value;
    const isQuoted = (payload.slice(0, at).replace(/\\./gs, "").split('"').length - 1) % 2 === 1;
    if (isQuoted) return JSON.stringify(value).slice(1, -1);
    return isJson(value) ? value : JSON.stringify(value);
  });
}
/** What is compared with `only`. */
const subject = (on: Occasion): string => (on === "event" ? "event" : on === "result" ? "ok" : "state");

/** @throws `invalid`: a placeholder that does not exist there, a topic that is none or takes our commands */
export function checkTemplate({ on, topic, payload }: Template, base: string): void {
  const known: readonly string[] = [...placeholders[on], ...always];
  const refuse = (why: string) =>
    giveUp("invalid", `mqtt-bridge: the message of your own to ${topic} ${why}`, { data: { field: "messages" } });
  const unknown = [...topic.matchAll(place), ...payload.matchAll(place)].find(([, name = ""]) => !known.includes(name));
  if (unknown)
    throw refuse(`holds ${unknown[0]}, which is not known for ${on}: there is ${known.map((k) => `{${k}}`).join(" ")}`);
  const example = topic.replaceAll("{base}", base).replace(place, "x");
  if (!isTopic(example)) throw refuse("is no topic: none of # + $, and no / at its ends");
  if (new Topics(base).read(example)) throw refuse("would be a command to the bridge itself: choose another topic");
}

/** What one occasion at a door is called in the templates. */
export interface Told {
  readonly door: string;
  readonly name: string;
  readonly ts: number;
  /** As it is published on our own topic. */
  readonly json: string;
  readonly [placeholder: string]: unknown;
}

export class Templates {
  readonly #templates: readonly Template[];
  readonly #base: string;

  constructor(templates: readonly Template[], base: string) {
    this.#templates = templates;
    this.#base = base;
  }

  /** What is to be published, too. */
  of(on: Occasion, told: Told): { topic: string; payload: string }[] {
    const values: Record<string, unknown> = { ...told, base: this.#base, door: slugOf(told.door) };
    const text = (name: string) => {
      const value = values[name];
      return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? `${value}` : "";
    };
    return this.#templates
      .filter((one) => one.on === on && (one.only === undefined || one.only === "" || one.only === text(subject(on))))
      .map(({ topic, payload }) => ({
        // A caller's number is not to make a topic of its own choice.
        topic: topic.replace(place, (_all, name: string) =>
          name === "base" ? this.#base : text(name).replace(noTopic, "-"),
        ),
        payload: filled(payload, text),
      }))
      .filter(({ topic }) => !new Topics(this.#base).read(topic));
  }
}
