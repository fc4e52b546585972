// What the keys of a call do at its door: an opening key opens it, and so does a code between * and #.
import type { Clock } from "../../clock.ts";
import { relaysOf, type DoorSettings, type OpenRequest } from "../../door/door.ts";
import { placeOf, rightOf, type Leg } from "../talk/leg.ts";
import { Typed } from "./typed.ts";

export interface DoorKeys {
  /** What who talks with the door presses does not go on to it: its own digits would get past the rights. */
  readonly keeps: boolean;
  /** What the door's own keypad says goes on to nobody it talks with: it may be somebody's code. */
  readonly hides: boolean;
  /** Keys are to be heard here, also to be kept from the door. */
  readonly hears: boolean;
  /**
   * A key of who talks with the door, or of its keypad. Says whether it is part of a code, which nobody else is told. It opens
   * nothing where it cannot be said that this door is `meant`.
   */
  pressed(digit: string, by?: Leg, meant?: boolean): boolean;
}

export interface DoorKeysHost {
  /** What keys do in a call with somebody, where that is a door that was called. */
  keysAt(leg: Leg): DoorKeys | undefined;
}

/** As whom the door's own keypad opens. */
const keypad = "keypad";

export interface DoorKeysDeps {
  readonly clock: Clock;
  /** There are any now. */
  readonly hasCodes: boolean;
  /** Another door answers: its keypad hangs outside as well, and opens nothing here. */
  readonly isOutside: (by: Leg) => boolean;
  readonly open: (request: OpenRequest) => void;
}

/** For one call. */
export function doorKeys(settings: DoorSettings, { clock, hasCodes, isOutside, open }: DoorKeysDeps): DoorKeys {
  const { id, openKey, rights = [] } = settings;
  const { codesFrom = hasCodes ? "both" : "off" } = settings;
  const relays = relaysOf(settings);
  const keys = new Map(
    relays.flatMap((relay, at) => {
      const key = relay.key ?? (at === 0 ? openKey : undefined);
      return key === undefined ? [] : [[key, relay.id] as const];
    }),
  );
  const hears = { phone: /phone|both/.test(codesFrom), door: /door|both/.test(codesFrom) };
  const parties = new Map<Leg | undefined, Typed>();
  const typedBy = (by?: Leg): Typed => {
    const name = by?.name ?? keypad;
    const isPhone = by !== undefined && !isOutside(by);
    return new Typed(clock, {
      keys: isPhone ? keys : new Map(),
      codes: by ? isPhone && hears.phone : hears.door,
      opens: (relay) =>
        by && open({ door: id, by: name, ...rightOf(by, settings), ...(relay !== undefined && { relay }) }),
      code: (code, place) => {
        // One that there is not is refused by that name.
        const relay = place === undefined ? undefined : (relays[place - 1]?.id ?? String(place));
        open({
          door: id,
          by: name,
          code,
          typedAt: by ? placeOf(by) : { who: keypad, proven: true },
          ...(relay !== undefined && { relay }),
        });
      },
    });
  };
  return {
    keeps: rights.length > 0 || keys.size > 0 || hears.phone,
    hides: hears.door,
    hears: rights.length > 0 || keys.size > 0 || hears.phone || hears.door,
    pressed: (digit, by, meant) => {
      const typed = parties.get(by) ?? typedBy(by);
      parties.set(by, typed);
      return typed.press(digit, meant);
    },
  };
}
