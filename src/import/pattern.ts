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

/** How narrow each place of a pattern is: how many letters it takes, then the first of them. */
function widths(name: string): number[] {
  if (!name.startsWith("_")) return [];
  return (name.slice(1).match(/\[[^\]]*\]|[^\s-]/g) ?? []).map((place) => {
    const wide = { ".": 1_000_000, "!": 2_000_000 }[place];
    if (wide !== undefined) return wide;
    const source = patternSource(`_${place}`);
    const taken = [...Array(128).keys()].filter((code) => source && new RegExp(source).test(String.fromCharCode(code)));
    return taken.length * 128 + (taken[0] ?? 0);
  });
}

/** For sorting: numbers before patterns, narrow places before wide ones. */
export function narrowerFirst(one: Extension, other: Extension): number {
  if (one.name.startsWith("_") !== other.name.startsWith("_")) return one.name.startsWith("_") ? 1 : -1;
  const [a, b] = [widths(one.name), widths(other.name)];
  const at = a.findIndex((width, index) => width !== b[index]);
  return at < 0 ? b.length - a.length : (a[at] ?? 0) - (b[at] ?? Infinity);
}

/** All that take a number, the first one first: those of a context before those that it includes. */
export function extensionsFor(extensions: readonly Extension[], number: string): Extension[] {
  const found = extensions.filter(({ name }) => matches(name, number));
  const contexts = [...new Set(found.map(({ context }) => context))];
  return contexts.flatMap((context) => found.filter((one) => one.context === context).sort(narrowerFirst));
}
