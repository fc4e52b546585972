// What became of those who were rung in one try, each with its status, its cause and its times.
import { cause, causeOf } from "../../sip/causes.ts";
import type { Leg } from "../talk/leg.ts";
import type { Party, PartyResult } from "../messages.ts";
import type { Target } from "./target.ts";

export interface ForkResult {
  readonly winner?: Leg;
  readonly parties: readonly Party[];
  readonly cause: number;
}

/** How it ended for one of them. */
export interface How {
  readonly result: PartyResult;
  readonly cause: number;
  readonly status?: number | undefined;
  readonly text?: string | undefined;
}

// What a try is remembered by when its parties ended in different ways: a refusal says more than an absence.
const weight: readonly PartyResult[] = ["rejected", "busy", "no-answer", "cancelled", "unreachable", "unregistered"];

export class Results {
  readonly #parties: Party[] = [];

  /** `rang` = since when it rang, and for how long; absent where it never did. */
  note(target: Target, { result, cause, status, text }: How, rang?: Pick<Party, "rangAt" | "seconds">): void {
    this.#parties.push({
      ...{ target, try: 1, result, cause },
      ...(status !== undefined && { status }),
      ...rang,
      ...(text !== undefined && { text }),
    });
  }

  get all(): readonly Party[] {
    return this.#parties;
  }

  /** All together; the cause is the weightiest of theirs. */
  with(winner: Leg | undefined): ForkResult {
    const first = weight.flatMap((result) => this.#parties.find((party) => party.result === result) ?? [])[0];
    if (!winner) return { parties: this.#parties, cause: first?.cause ?? 0 };
    return { winner, parties: this.#parties, cause: cause.normal };
  }
}

/** How a call that was refused, or could not be made, ended. */
export const refusedWith = (status: number): How => ({ ...endedWith(causeOf(status)), status });

export const endedWith = (why: number): How => ({ result: resultOf(why), cause: why });

export const answered: How = { result: "answered", cause: cause.normal, status: 200 };
export const notAnswered: How = { result: "no-answer", cause: cause.noAnswer };
export const cancelled: How = { result: "cancelled", cause: cause.normal };

function resultOf(why: number): PartyResult {
  if (why === cause.busy) return "busy";
  if (why === cause.rejected) return "rejected";
  if (why === cause.noAnswer || why === cause.noResponse) return "no-answer";
  return "unreachable";
}

/** What ringing brings at a door whose presses are to disturb nobody. */
export function quiet(targets: readonly Target[]): ForkResult {
  const results = new Results();
  for (const target of targets) results.note(target, refusedWith(486));
  return results.with(undefined);
}

/** What a caller is told whom nobody has answered. */
export const statusFor = ({ parties, cause: why }: ForkResult): number =>
  parties.find(({ status }) => status !== undefined)?.status ?? (why === cause.absent ? 480 : 408);

const said: Readonly<Record<PartyResult, string>> = {
  answered: "answered",
  busy: "is busy",
  rejected: "declined",
  "no-answer": "did not answer",
  unregistered: "is not registered",
  unreachable: "cannot be reached",
  cancelled: "was not rung to the end",
};

/** Why nobody of them has answered. */
export const whyNobody = (parties: readonly Party[]): string =>
  [...new Set(parties.map(({ target, result }) => `${target} ${said[result]}`))].join(", ") || "nobody was rung";
