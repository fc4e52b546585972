// Whether a door is asked what happens, and how: as its make is known to tell, or as its form says.
import type { Form } from "../schema.ts";
import { rulesSchema, type Poll } from "./hook-schema.ts";
import type { Preset } from "./preset-schema.ts";

const pollChoices = ["off", "preset", "own"] as const;

/** Their fields, for a JSON schema. */
export const pollFields = {
  /** `off` where it is absent. */
  poll: { enum: pollChoices },
  /** For `own`: a URL template without user and password, how often it is asked, and what its answers mean. */
  pollUrl: { type: "string", maxLength: 1000 },
  pollSeconds: { type: "number", minimum: 1, maximum: 3600 },
  pollRules: rulesSchema,
} as const;

export type PollSettings = Form<typeof pollFields>;

export const pollAdvice: Readonly<Record<keyof PollSettings, string>> = {
  poll: "choose off, preset or own",
  pollUrl: "write it like http://{address}/status.json, with {address} for the door's host",
  pollSeconds: "enter seconds from 1 to 3600, or leave it empty for 5",
  pollRules:
    "give a report and a regular expression that the answer matches then, such as contact/open and door.:.open",
};

const usualSeconds = 5;

/** What is wrong with them, beginning with the field; or undefined. */
export function pollFault({ poll, pollUrl, pollRules = [] }: PollSettings, make: Preset): string | undefined {
  if (poll === "preset" && !make.poll)
    return `poll is "preset", but it is not known what ${make.label} can be asked for: choose own, or off`;
  if (poll !== "own") return undefined;
  if (pollUrl === undefined) return `pollUrl is missing: ${pollAdvice.pollUrl}`;
  if (!/^https?:\/\/[^\s@]+$/i.test(pollUrl) || !URL.canParse(pollUrl.replace(/\{(address|contact)\}/, "host")))
    return /@/.test(pollUrl)
      ? "pollUrl holds a user or password: enter them as those of the camera, or write {user} and {password} in its query"
      : `pollUrl is not a URL: ${pollAdvice.pollUrl}`;
  return pollRules.length === 0 ? `pollRules is missing: ${pollAdvice.pollRules}` : undefined;
}

/** How it is asked; undefined where it is not. */
export function pollOf(settings: PollSettings & { readonly make: Preset }): Poll | undefined {
  const { poll, pollUrl, pollSeconds = usualSeconds, pollRules, make } = settings;
  if (poll === "preset") return make.poll;
  if (poll !== "own" || pollUrl === undefined || !pollRules?.length) return undefined;
  return { kind: "status", url: pollUrl, credentials: "own", everySeconds: pollSeconds, rules: [...pollRules] };
}
