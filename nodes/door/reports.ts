// What a door's dialog says of its reports: hooks, how it is asked what happens, and when it is held open.
import { numberOr, textOr } from "../fields.ts";
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
  const number = (field: string | undefined) => (textOr(field) === undefined ? undefined : numberOr(field, NaN));
  const form = { heldOpenSeconds: number(heldOpenSeconds), poll: textOr(poll) };
  if (poll !== "own") return form;
  const rules = pollRules.flatMap(({ word = "", when, until }) => {
    const [pattern, end] = [textOr(when), textOr(until)];
    return pattern === undefined ? [] : [{ word, when: pattern, ...(end === undefined ? {} : { until: end }) }];
  });
  return {
    ...form,
    ...{ pollUrl: textOr(pollUrl), pollSeconds: number(pollSeconds) },
    ...(rules.length > 0 && { pollRules: rules }),
  };
}
