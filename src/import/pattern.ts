// Extensions that are patterns: `_X.`, `_2XX`, `_[13-5]N!`.
import type { Extension } from "./plan.ts";

const letters: Readonly<Record<string, string>> = { X: "[0-9]", Z: "[1-9]", N: "[2-9]", ".": ".+", "!": ".*" };

/** A pattern as a regular expression's source; undefined for a plain number. */
export function patternSource(name: string): string | undefined {
  if (!name.startsWith("_")) return undefined;
  const body = name.slice(1).replaceAll(" ", "");
  let source = "";
  for (let at = 0; at < body.length; at++) {
    const letter = body[at] ?? "";
    const end = letter === "[" ? body.indexOf("]", at) : -1;
    if (end > at + 1) {
      source += `[${body
        .slice(at + 1, end)
        .replace(/[^0-9A-Za-z*#+-]/g, "")
        .replace(/^-|-$/g, "")}]`;
      at = end;
    } else if (letter !== "-") source += letters[letter.toUpperCase()] ?? letters[letter] ?? escaped(letter);
  }
  return `^${source}$`;
}

const escaped = (letter: string): string => letter.replace(/[.*+?^${}()|[\]\\/]/, "\\$&");

/** Takes every number, or every number of digits. */
export const takesAll = (name: string): boolean => /^_[Xx]?[.!]$/.test(name) || name === "s" || name === "i";

function matches(name: string, number: string): boolean {
  const source = patternSource(name);
  if (source === undefined) return name === number;
  try {
    return new RegExp(source).test(number);
  } catch {
    return false; // A range that runs backwards, such as [9-1].
  }
}

/** The one that a dialled number means: itself before patterns. */
export const extensionFor = (extensions: readonly Extension[], number: string): Extension | undefined =>
  extensions.find(({ name }) => name === number) ??
  extensions.find(({ name }) => name.startsWith("_") && matches(name, number));
