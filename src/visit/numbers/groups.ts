// Ring groups: numbers that stand for several others, rung all at once. A group may be a member of another one.
import type { FromSchema } from "json-schema-to-ts";
import { giveUp } from "../../errors.ts";
import { holdsPassword, noPassword, numberSchema } from "../../number.ts";
import { checker } from "../../schema.ts";
import type { NumberPlan } from "./number-plan.ts";

/** Their fields, for a JSON schema. */
export const groupSchema = {
  type: "object",
  required: ["number", "members"],
  additionalProperties: false,
  properties: {
    number: numberSchema,
    name: { type: "string", maxLength: 100 },
    members: {
      type: "array",
      minItems: 1,
      maxItems: 100,
      items: { type: "string", minLength: 1, maxLength: 256 },
    },
  },
} as const;

/** `members` are whatever a strategy can ring: extensions, other groups, addresses, numbers outside. */
export type GroupSettings = FromSchema<typeof groupSchema>;

const check = checker("ring group", groupSchema);

export class RingGroups {
  readonly #plan: NumberPlan;
  readonly #enter: (number: string, name: string) => () => void;
  readonly #members = new Map<string, readonly string[]>();

  /** `enter` puts a number into the address list; the result takes it out again. */
  constructor(plan: NumberPlan, enter: (number: string, name: string) => () => void) {
    this.#plan = plan;
    this.#enter = enter;
  }

  /**
   * `owner` is what a collision names; the result takes the group away.
   * @throws PorteroError `invalid`, `number-taken` (H20), `group-loop`
   */
  add(settings: GroupSettings, owner: string): () => void {
    const { number, name, members } = check(settings);
    if (members.some(holdsPassword)) throw giveUp("invalid", `ring group ${number}: ${noPassword}`);
    const loop = this.#loop([number], members);
    if (loop)
      throw giveUp(
        "group-loop",
        `ring group ${number} would ring itself (${loop.join(" → ")}): take one of them out of its members`,
        { data: { numbers: loop } },
      );
    const free = this.#plan.claim(number, owner);
    this.#members.set(number, members);
    const leave = this.#enter(number, name || number);
    return () => {
      leave();
      this.#members.delete(number);
      free();
    };
  }

  /** The members of a group, as they were given; undefined where the number is none. */
  of(number: string): readonly string[] | undefined {
    return this.#members.get(number);
  }

  #loop(way: readonly string[], members: readonly string[]): readonly string[] | undefined {
    for (const member of members) {
      if (way.includes(member)) return [...way.slice(way.indexOf(member)), member];
      const loop = this.#loop([...way, member], this.#members.get(member) ?? []);
      if (loop) return loop;
    }
    return undefined;
  }
}
