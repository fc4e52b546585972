// What a server prints of a visit, waited for as one waits for another program.
import { until } from "../support/patience.ts";

/** The events of a visit that somebody answered. */
export const wholeVisit = ["ring", "trying", "answered", "ended"];

/** Those of a visit's events that came, in their order; the end is told when the media's figures are known. */
export const visitTold = (lines: readonly Record<string, unknown>[]): Promise<string[]> =>
  until("the visit to be over", () => {
    const told = lines.map((line) => String(line["event"])).filter((event) => wholeVisit.includes(event));
    return told.includes("ended") ? told : undefined;
  });
