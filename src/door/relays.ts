// The relays of a door station: most have one, which opens the door; some a second for a gate or a light. Where a door has a
// list of them, each has a name, a number at the device and digits of its own, and the first is the one that is meant where
// nobody says which.
import type { Form } from "../schema.ts";
import { Secret } from "../secret.ts";
import { slugForm, slugLength } from "../slug.ts";

/** An opening key. A * begins a code. */
export const keySchema = { type: "string", pattern: "^[0-9#A-D]{1,4}$" } as const;

export const relayFields = {
  relays: {
    type: "array",
    maxItems: 16,
    items: {
      type: "object",
      required: ["id", "name"],
      additionalProperties: false,
      properties: {
        /** Its name in messages and topics. */
        id: { type: "string", pattern: slugForm, maxLength: slugLength },
        name: { type: "string", minLength: 1, maxLength: 100 },
        /** Which it is at the device, for its HTTP call; as the device counts. By default its place in the list, from 1. */
        number: { type: "string", pattern: "^[A-Za-z0-9._-]{1,16}$" },
        // What a pattern refuses is quoted, so a code is judged by `relayFault`.
        /** DTMF digits; the first one's are those of the door where it has none. */
        code: { type: "string" },
        /** What who talks with the door presses to open it; the first one's is the door's where it has none. */
        key: keySchema,
      },
    },
  },
} as const;

type RelayForm = NonNullable<Form<typeof relayFields>["relays"]>[number];
export type RelaySettings = Omit<RelayForm, "code"> & { readonly code?: Secret };

/** What one opening moves. */
export interface Relay {
  /** Absent where the door has no list. */
  readonly id?: string;
  readonly name?: string;
  readonly number?: string;
  readonly code: Secret;
  readonly key?: string;
}

interface Relayed {
  readonly code: Secret;
  readonly relays?: readonly RelaySettings[];
}

/** All of them; one without a name where the door has no list. */
export function relaysOf({ code, relays = [] }: Relayed): readonly Relay[] {
  if (relays.length === 0) return [{ code }];
  return relays.map((relay, at) => {
    const { id, name, number = String(at + 1), key } = relay;
    return {
      id,
      name,
      number,
      ...(key !== undefined && { key }),
      code: relay.code ?? (at === 0 ? code : new Secret("")),
    };
  });
}

/** The one that is asked for by its id, the first where none is; undefined where there is no such. */
export function relayOf(door: Relayed, wish?: string): Relay | undefined {
  const all = relaysOf(door);
  return wish === undefined ? all[0] : all.find(({ id }) => id === wish);
}

/** What is wrong with a list of relays whose form is right, as the end of "door: relays …"; undefined: nothing. */
export function relayFault(relays: readonly RelayForm[], openKey?: string): string | undefined {
  const twice = relays.find(({ id }, at) => relays.findIndex((other) => other.id === id) !== at);
  if (twice) return `has two relays called "${twice.id}"`;
  const wrong = relays.find(({ code = "" }) => !isCode(code));
  const keys = relays.flatMap(({ key }, at) => key ?? (at === 0 ? openKey : undefined) ?? []);
  const short = keys.find((key, at) => keys.some((other, place) => place !== at && other.endsWith(key)));
  if (short !== undefined) return `has an opening key ${short} that another one ends with`;
  return wrong && `has a code of "${wrong.id}" that holds something else than DTMF digits`;
}

/** Whether it is empty, or digits and pauses to send. */
const isCode = (code: string): boolean => /^[0-9A-Da-d*#,]*$/.test(code) && (code === "" || /[^,]/.test(code));
