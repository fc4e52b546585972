// Who may open a door, which relay of it, and when. Where nothing is listed everybody may who can ask; else only those who
// are listed. A code carries its own times (codes.ts) and needs no line here.
import { hoursFault, hoursFields, validAt, validityFault, validityFields, within } from "../schedule.ts";
import type { Hours, Validity } from "../schedule.ts";
import type { Form } from "../schema.ts";
import type { Relay } from "./relays.ts";

/** Who opens: a phone of the house, a number or server outside, a page's user, a key of MQTT … */
export interface OpenedAs {
  readonly kind: "extension" | "account" | "page" | "mqtt" | "code" | "flow";
  readonly name: string;
}

export const rightKinds = ["anybody", "extension", "account", "page", "mqtt", "flow"] as const;

export const rightFields = {
  rights: {
    type: "array",
    maxItems: 100,
    items: {
      type: "object",
      required: ["who"],
      additionalProperties: false,
      properties: {
        who: { enum: rightKinds },
        /** All of that kind where it is absent or empty. */
        names: { type: "array", maxItems: 200, items: { type: "string", minLength: 1, maxLength: 200 } },
        /** Ids of relays; all where it is absent or empty. */
        relays: { type: "array", maxItems: 16, items: { type: "string", minLength: 1, maxLength: 64 } },
        ...hoursFields,
        ...validityFields,
      },
    },
  },
} as const;

export type RightSettings = NonNullable<Form<typeof rightFields>["rights"]>[number];

/** What is wrong with a list of rights whose form is right, as the end of "door: rights …"; undefined: nothing. */
export function rightsFault(rights: readonly RightSettings[], relays: readonly { id?: string }[]): string | undefined {
  for (const [index, right] of rights.entries()) {
    const unknown = right.relays?.find((id) => !relays.some((relay) => relay.id === id));
    const fault =
      unknown === undefined
        ? (hoursFault(right) ?? validityFault(right))
        : `names a relay "${unknown}" that there is not`;
    if (fault !== undefined) return `of line ${index + 1}: ${fault}`;
  }
  return undefined;
}

export type Denied = { readonly refused: "no-right" | "not-now"; readonly reason: string };

/** Why somebody may not open; undefined: may. `now`: milliseconds since 1970. */
export function denied(
  { name, rights = [] }: { readonly name: string; readonly rights?: readonly RightSettings[] },
  relay: Relay,
  as: OpenedAs,
  now: number,
): Denied | undefined {
  if (rights.length === 0 || as.kind === "code") return undefined;
  const own = rights.filter((right) => isFor(right, as) && opens(right, relay));
  if (own.some((right) => holds(right, now))) return undefined;
  const who = `${kindName[as.kind]} ${JSON.stringify(as.name.slice(0, 64))}`;
  const what = relay.name === undefined ? name : `${relay.name} of ${name}`;
  if (own.length > 0) return { refused: "not-now", reason: `${who} may open ${what}, but not at this time` };
  return { refused: "no-right", reason: `${who} may not open ${what}: its rights are in the door's form` };
}

/** Whether something is within its times. */
export const holds = (times: Hours & Validity, now: number): boolean =>
  validAt(times, now) === "within" && within(times)(new Date(now));

/** Whether a list of relays' ids has this one in it, or is empty. */
export const opens = ({ relays = [] }: { readonly relays?: readonly string[] }, { id }: Relay): boolean =>
  relays.length === 0 || (id !== undefined && relays.includes(id));

const isFor = ({ who, names = [] }: RightSettings, { kind, name }: OpenedAs): boolean =>
  (who === "anybody" || who === kind) &&
  (names.length === 0 || names.some((one) => one.toLowerCase() === name.toLowerCase()));

const kindName: Readonly<Record<OpenedAs["kind"], string>> = {
  extension: "the phone",
  account: "the caller",
  page: "the page's user",
  mqtt: "MQTT's",
  code: "the code",
  flow: "the flow's",
};
