// What a door's dialog says of its reports: hooks, how it is asked what happens, and when it is held open.
import { numberIn, textOr } from "../fields.ts";
import type { HookConfig } from "./hooks.ts";

export interface ReportConfig extends HookConfig {
  heldOpenSeconds?: string;
  /** Absent: off. */
  poll?: string;
  pollUrl?: string;
  pollSeconds?: string;
  pollRules?: { word?: string; when?: string; until?: string }[];
}

/** The part of the form that checkDoor wants. */
export function reportForm({ heldOpenSeconds, poll, pollUrl, pollSeconds, pollRules = [] }: ReportConfig): object {
  const form = { heldOpenSeconds: numberIn(heldOpenSeconds), poll: textOr(poll) };
  if (poll !== "own") return form;
  const rules = pollRules.flatMap(({ word = "", when, until }) => {
    const [pattern, end] = [textOr(when), textOr(until)];
    return pattern === undefined ? [] : [{ word, when: pattern, ...(end === undefined ? {} : { until: end }) }];
  });
  return {
    ...form,
    ...{ pollUrl: textOr(pollUrl), pollSeconds: numberIn(pollSeconds) },
    ...(rules.length > 0 && { pollRules: rules }),
  };
}
