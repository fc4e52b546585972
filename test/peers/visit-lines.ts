// What a server prints of a visit, waited for as one waits for another program.
import { setTimeout as turn } from "node:timers/promises";

/** The events of a visit that somebody answered. */
export const wholeVisit = ["ring", "trying", "answered", "ended"];

/** What `look` finds, once it finds something. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await turn(100);
  }
  throw new Error(`waited 10 s for ${what}`);
}

/** Those of a visit's events that came, in their order; the end is told when the media's figures are known. */
export const visitTold = (lines: readonly Record<string, unknown>[]): Promise<string[]> =>
  until("the visit to be over", () => {
    const told = lines.map((line) => String(line["event"])).filter((event) => wholeVisit.includes(event));
    return told.includes("ended") ? told : undefined;
  });
