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

/** Text from a dialog: trimmed, and nothing when empty. */
export function textOr(value: unknown): string | undefined {
  const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  return text === "" ? undefined : text;
}
