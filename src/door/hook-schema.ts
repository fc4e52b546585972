// What a make's device tells beside its calls, as its preset says it: which addresses of ours can be entered where in its
// pages (hooks), and what it can be asked for (a poll). Data only: hooks.ts and poll.ts carry it out.
import type { FromSchema } from "json-schema-to-ts";
import { credentials } from "./opening-schema.ts";
import { reportWords } from "./reports.ts";

const regex = { type: "string", minLength: 1, maxLength: 300, format: "regex" } as const;
const url = { type: "string", pattern: "^https?://[^\\s]+$" } as const;

export const hooksSchema = {
  type: "array",
  minItems: 1,
  items: {
    type: "object",
    required: ["word", "where"],
    additionalProperties: false,
    properties: {
      word: { enum: reportWords },
      /** Where it is entered: "Action URL › Make Call". */
      where: { type: "string", minLength: 1, maxLength: 200 },
    },
  },
} as const;

/** What an answer means: a word of reports.ts where the pattern matches. */
export const rulesSchema = {
  type: "array",
  minItems: 1,
  maxItems: 20,
  items: {
    type: "object",
    required: ["word", "when"],
    additionalProperties: false,
    properties: {
      word: { enum: reportWords },
      /** Its group `button`, if it has one, names the button of a press. */
      when: regex,
      /** Ends a press that lasts; where it is absent, whatever `when` does not match. */
      until: regex,
    },
  },
} as const;

export const pollSchema = {
  type: "object",
  required: ["kind", "url", "credentials", "rules"],
  additionalProperties: false,
  properties: {
    /**
     * `status`: each answer says how things are now, and a press is when its pattern begins to match. `events`: each match is
     * one. `stream`: one answer that goes on, line by line, each as a status.
     */
    kind: { enum: ["status", "events", "stream"] },
    /** With {address}, {contact}, {user}, {password}, and {id} of `subscribe`. */
    url,
    credentials,
    /** Between an answer and the next question; 1 where it is absent. */
    everySeconds: { type: "number", minimum: 0, maximum: 3600 },
    /** So long the device may take to answer: where it waits for something to happen. Of a stream, how long it may be silent. */
    patienceSeconds: { type: "number", minimum: 1, maximum: 3600 },
    /** The device refuses a login by a nonce that it gave before. */
    freshLogin: { type: "boolean" },
    /** What an answer must match; another one is none, and the device is asked to subscribe anew. */
    accepted: regex,
    /** Asked once before, and again where the device has forgotten it: the first group of `take` is {id}. */
    subscribe: {
      type: "object",
      required: ["url", "take"],
      additionalProperties: false,
      properties: { url, take: regex },
    },
    rules: rulesSchema,
  },
} as const;

export type Poll = FromSchema<typeof pollSchema>;
