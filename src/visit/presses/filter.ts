// Which visits somebody wants to hear of: by door, button, caller and the time of the press.
import { giveUp } from "../../errors.ts";
import { hoursFault, hoursFields, within, type Hours } from "../../schedule.ts";
import { checker } from "../../schema.ts";
import { visitEvents, type VisitEventName, type VisitView } from "../messages.ts";

/** Hours of the press. */
export interface FilterSettings extends Hours {
  /** Short names. */
  readonly doors?: readonly string[];
  /** Numbers or names; `*` stands for anything. */
  readonly buttons?: readonly string[];
  readonly callers?: readonly string[];
  readonly events?: readonly VisitEventName[];
}

export interface VisitFilter {
  /** The same for all events of a visit: what is asked for is the moment of the press. */
  readonly wants: (visit: VisitView) => boolean;
  readonly hears: (event: VisitEventName) => boolean;
}

const list = { type: "array", items: { type: "string", minLength: 1 } } as const;
const check = checker("filter", {
  type: "object",
  additionalProperties: false,
  properties: {
    ...{ doors: list, buttons: list, callers: list, ...hoursFields },
    events: { type: "array", items: { enum: visitEvents } },
  },
});

/**
 * Makes a filter; what is absent or empty asks for nothing.
 * @throws PorteroError `invalid`, naming the field
 */
export function visitFilter(settings: FilterSettings): VisitFilter {
  const { doors = [], buttons = [], callers = [], events = [], ...hours } = check(settings);
  const fault = hoursFault(hours);
  if (fault !== undefined) throw giveUp("invalid", `filter: ${fault}`, { data: { field: "to" } });
  const isTime = within(hours);
  const isButton = oneOf(buttons);
  const isCaller = oneOf(callers);
  return {
    wants: ({ door, button, buttonName = "", caller, startedAt }) =>
      (doors.length === 0 || doors.includes(door)) &&
      isButton(button, buttonName) &&
      isCaller(caller.number, caller.name) &&
      isTime(new Date(startedAt)),
    hears: (event) => events.length === 0 || events.includes(event),
  };
}

function oneOf(patterns: readonly string[]): (...values: string[]) => boolean {
  const wanted = patterns.map((pattern) => {
    const literal = pattern.trim().replace(/[.+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^${literal.replaceAll("*", ".*")}$`, "i");
  });
  return (...values) => wanted.length === 0 || values.some((value) => wanted.some((one) => one.test(value)));
}
