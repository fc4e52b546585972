// Which visits somebody wants to hear of: by door, button, caller and the time of the press.
import { giveUp } from "../../errors.ts";
import { checker } from "../../schema.ts";
import { visitEvents, type VisitEventName, type VisitView } from "../messages.ts";

/** As `Date.getDay` counts them. */
export const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Weekday = (typeof weekdays)[number];

export interface FilterSettings {
  /** Short names. */
  readonly doors?: readonly string[];
  /** Numbers or names; `*` stands for anything. */
  readonly buttons?: readonly string[];
  readonly callers?: readonly string[];
  /** `HH:MM` by the clock of this machine: pressed at `from` or later, and before `to`, which may be after midnight. */
  readonly from?: string;
  readonly to?: string;
  /** A time that goes past midnight belongs to the day on which it begins. */
  readonly days?: readonly Weekday[];
  readonly events?: readonly VisitEventName[];
}

export interface VisitFilter {
  /** The same for all events of a visit: what is asked for is the moment of the press. */
  readonly wants: (visit: VisitView) => boolean;
  readonly hears: (event: VisitEventName) => boolean;
}

const list = { type: "array", items: { type: "string", minLength: 1 } } as const;
const time = { type: "string", pattern: "^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$" } as const;
const check = checker("filter", {
  type: "object",
  additionalProperties: false,
  properties: {
    ...{ doors: list, buttons: list, callers: list, from: time, to: time },
    days: { type: "array", items: { enum: weekdays } },
    events: { type: "array", items: { enum: visitEvents } },
  },
});

/**
 * Makes a filter; what is absent or empty asks for nothing.
 * @throws PorteroError `invalid`, naming the field
 */
export function visitFilter(settings: FilterSettings): VisitFilter {
  const { doors = [], buttons = [], callers = [], from, to, days = [], events = [] } = check(settings);
  if (from !== undefined && from === to)
    throw giveUp("invalid", `filter: from and to are both ${from}: give two times, or none for the whole day`, {
      data: { field: "to" },
    });
  const [begin, end] = [minutesOf(from ?? "0:00"), minutesOf(to ?? "24:00")];
  const isDay = (day: number) => days.length === 0 || days.some((name) => weekdays.indexOf(name) === day);
  const isTime = (at: Date) => {
    const minutes = at.getHours() * 60 + at.getMinutes();
    const today = at.getDay();
    if (begin < end) return minutes >= begin && minutes < end && isDay(today);
    return (minutes >= begin && isDay(today)) || (minutes < end && isDay((today + 6) % 7));
  };
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

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

function oneOf(patterns: readonly string[]): (...values: string[]) => boolean {
  const wanted = patterns.map((pattern) => {
    const literal = pattern.trim().replace(/[.+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^${literal.replaceAll("*", ".*")}$`, "i");
  });
  return (...values) => wanted.length === 0 || values.some((value) => wanted.some((one) => one.test(value)));
}
