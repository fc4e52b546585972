// What the answers of a device mean: words of reports.ts, by patterns. A press that lasts in the answers is one press.
import { reportOf, type DeviceReport } from "./reports.ts";
import type { Poll } from "./hook-schema.ts";

interface Rule {
  readonly word: string;
  readonly when: RegExp;
  readonly until: RegExp | undefined;
  /** Of a press: it lasts. */
  on: boolean;
}

export class PollRules {
  readonly #each: boolean;
  readonly #rules: readonly Rule[];

  constructor({ kind, rules }: Pick<Poll, "kind" | "rules">) {
    this.#each = kind === "events";
    this.#rules = rules.map(({ word, when, until }) => ({
      ...{ word, when: new RegExp(when, this.#each ? "g" : "") },
      ...{ until: until === undefined ? undefined : new RegExp(until), on: false },
    }));
  }

  /** What an answer, or a line of a stream, reports. */
  read(text: string): DeviceReport[] {
    return this.#each ? this.#events(text) : this.#rules.flatMap((rule) => this.#status(rule, text) ?? []);
  }

  /** The device was away: what lasts when it is back is new. */
  reset(): void {
    for (const rule of this.#rules) rule.on = false;
  }

  #events(text: string): DeviceReport[] {
    const found = this.#rules.flatMap(({ word, when }) => [...text.matchAll(when)].map((match) => ({ word, match })));
    // In the order in which they happened, which is that of the answer.
    return found
      .sort((a, b) => a.match.index - b.match.index)
      .flatMap(({ word, match }) => reported(word, match) ?? []);
  }

  #status(rule: Rule, text: string): DeviceReport | undefined {
    const match = rule.when.exec(text);
    const was = rule.on;
    rule.on = match !== null || (was && rule.until !== undefined && !rule.until.test(text));
    // States are told as often as one likes: only their news goes on.
    const isMoment = rule.word === "press" || rule.word === "opened";
    return match && !(isMoment && was) ? reported(rule.word, match) : undefined;
  }
}

function reported(word: string, { groups }: RegExpMatchArray): DeviceReport | undefined {
  const button = groups?.["button"]?.trim();
  return reportOf(word === "press" && button ? `press/${button}` : word);
}
