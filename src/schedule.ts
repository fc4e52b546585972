// Times of the day and days of the week, by the clock of this machine, and from when until when something holds.

/** As `Date.getDay` counts them. */
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Weekday = (typeof weekdays)[number];

/** Absent or empty: always. */
export interface Hours {
  /** `HH:MM`: at `from` or later, and before `to`, which may be after midnight. */
  readonly from?: string;
  readonly to?: string;
  /** A time that goes past midnight belongs to the day on which it begins. */
  readonly days?: readonly Weekday[];
}

/** `2026-12-24` or `2026-12-24T18:00`, by the clock of this machine, or with a zone (`…Z`, `…+01:00`). */
export interface Validity {
  readonly validFrom?: string;
  /** A day without a time is the last one. */
  readonly validUntil?: string;
}

/** What a time of the day looks like. */
export const timeForm = "^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$";
const time = { type: "string", pattern: timeForm } as const;
const moment = {
  type: "string",
  pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$",
} as const;

/** Their fields, for a JSON schema. */
export const hoursFields = { from: time, to: time, days: { type: "array", items: { enum: weekdays } } } as const;
export const validityFields = { validFrom: moment, validUntil: moment } as const;

/** What is wrong with hours whose form is right; undefined: nothing. */
export const hoursFault = ({ from, to }: { from?: string; to?: string }): string | undefined =>
  from !== undefined && from === to
    ? `from and to are both ${from}: give two times, or none for the whole day`
    : undefined;

/** What is wrong with a validity whose form is right; undefined: nothing. */
export function validityFault({ validFrom, validUntil }: Validity): string | undefined {
  const [begin, end] = [beginOf(validFrom), endOf(validUntil)];
  if (Number.isNaN(begin)) return `validFrom is no date (it is ${validFrom ?? ""})`;
  if (Number.isNaN(end)) return `validUntil is no date (it is ${validUntil ?? ""})`;
  return begin < end ? undefined : "validUntil is not after validFrom";
}

/** Says of a moment whether it is within these hours. */
export function within({ from, to, days = [] }: Hours): (at: Date) => boolean {
  const [begin, end] = [minutesOf(from ?? "0:00"), minutesOf(to ?? "24:00")];
  const isDay = (day: number) => days.length === 0 || days.some((name) => weekdays.indexOf(name) === day);
  return (at) => {
    const minutes = at.getHours() * 60 + at.getMinutes();
    const today = at.getDay();
    if (begin < end) return minutes >= begin && minutes < end && isDay(today);
    return (minutes >= begin && isDay(today)) || (minutes < end && isDay((today + 6) % 7));
  };
}

/** Where a moment, in milliseconds since 1970, lies. */
export function validAt({ validFrom, validUntil }: Validity, now: number): "before" | "within" | "after" {
  if (now < beginOf(validFrom)) return "before";
  return now < endOf(validUntil) ? "within" : "after";
}

// A date alone would be read as one in Greenwich.
const read = (text: string) => new Date(text.includes("T") ? text : `${text}T00:00`);
const beginOf = (text: string | undefined): number => (text === undefined ? -Infinity : read(text).getTime());

function endOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  const end = read(text);
  if (!text.includes("T")) end.setDate(end.getDate() + 1);
  return end.getTime();
}

function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * 60 + minutes;
}
