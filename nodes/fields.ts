// What stands in the fields of a dialog, or in a message in their place.

/** What stands in a field with commas, semicolons or white space between. */
export const entriesIn = (value: unknown): string[] => (textOr(value) ?? "").split(/[\s,;]+/).filter(Boolean);

/** What stands in a field with commas between, each maybe of several words. */
export const namesIn = (value: unknown): string[] =>
  (textOr(value) ?? "").split(",").flatMap((name) => textOr(name) ?? []);

/** A number from a dialog, where an empty field means `otherwise`. */
export function numberOr(value: unknown, otherwise: number): number {
  if (value === undefined || value === null || value === "") return otherwise;
  const number = Number(value);
  return Number.isFinite(number) ? number : otherwise;
}

/** A number from a dialog, and nothing when empty; what is none is told by whoever checks it. */
export function numberIn(value: unknown): number | undefined {
  const text = textOr(value);
  return text === undefined ? undefined : Number(text);
}

/** The fields that hold something, as numbers. */
export function numbersIn<Name extends string>(fields: Readonly<Record<Name, unknown>>): Partial<Record<Name, number>> {
  const given = Object.entries(fields).flatMap(([name, value]) => {
    const number = numberIn(value);
    return number === undefined ? [] : [[name, number]];
  });
  return Object.fromEntries(given) as Partial<Record<Name, number>>;
}

/** Text from a dialog: trimmed, and nothing when empty. */
export function textOr(value: unknown): string | undefined {
  const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  return text === "" ? undefined : text;
}
