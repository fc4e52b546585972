// What a message says of a door: a state, in whatever words a sensor has for it, or a report as a hook's path names it.
import { doorParts, type DoorPart } from "../../src/door-states.ts";
import { reportOf, reportWords, type DeviceReport } from "../../src/door/door.ts";
import { giveUp } from "../../src/errors.ts";

/** What the dialog says of the sensor. */
export interface Sensor {
  /** What a bare value speaks of. */
  readonly part: DoorPart;
  /** It says true where others say false: a contact that is true when it is closed. */
  readonly inverted: boolean;
}

const active = { contact: "open", relay: "on", lock: "unlocked" } as const satisfies Record<DoorPart, string>;
const passive = { contact: "closed", relay: "off", lock: "locked" } as const satisfies Record<DoorPart, string>;

const isTrue = new Set<unknown>([true, 1, "1", "true", "on", "yes"]);
const isFalse = new Set<unknown>([false, 0, "0", "false", "off", "no"]);

/**
 * Reads `msg.payload`: `{ contact, relay, lock }`, a bare value of the sensor's part, or a word such as `press/201`.
 * @throws PorteroError `invalid`
 */
export function reportIn(payload: unknown, sensor: Sensor): DeviceReport {
  if (typeof payload === "object" && payload !== null && !Buffer.isBuffer(payload)) {
    const told = doorParts.flatMap((part) => {
      const value = (payload as Record<string, unknown>)[part];
      return value === undefined ? [] : [[part, stateOf(value, part, sensor)] as const];
    });
    if (told.length > 0) return { kind: "state", state: Object.fromEntries(told) };
    throw giveUp("invalid", `door-state: msg.payload has none of ${doorParts.join(", ")}`);
  }
  const word = typeof payload === "string" ? payload.trim() : "";
  const report = reportOf(word);
  return report ?? { kind: "state", state: { [sensor.part]: stateOf(payload, sensor.part, sensor) } };
}

function stateOf(value: unknown, part: DoorPart, { inverted }: Sensor): string {
  const plain = typeof value === "string" ? value.trim().toLowerCase() : value;
  const named = [active[part], passive[part]].find((word) => word === plain);
  if (named !== undefined) return named;
  const on = isTrue.has(plain) ? true : isFalse.has(plain) ? false : undefined;
  if (on !== undefined) return on === inverted ? passive[part] : active[part];
  throw giveUp(
    "invalid",
    `door-state: ${shown(value)} says nothing of a ${part}: send ${active[part]}, ${passive[part]}, true, false, or one of ${reportWords.join(", ")}`,
  );
}

const shown = (value: unknown): string =>
  value === undefined ? "a payload that is missing" : JSON.stringify(value).slice(0, 60);
