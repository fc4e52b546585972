// `${variables}`, `${FUNCTIONS(…)}` and `$[expressions]` of a dial plan, as far as they can be known before a call.
import { evaluate } from "./evaluate.ts";

/** In the place of a number that is only known when somebody dials: `${EXTEN}` in a pattern; and of a part of it. */
export const anyNumber = "\uE000";
export const partOfIt = "\uE001";

export interface Scope {
  /** Undefined where nobody can know it before there is a call. */
  get(name: string): string | undefined;
  call(name: string, args: string): string | undefined;
}

export interface Expanded {
  readonly text: string;
  /** What was asked for and is not known; it counts as empty. */
  readonly unknown: readonly string[];
}

/** Deeper or longer texts are nobody's dial plan. */
const deepest = 20;
const longest = 5_000;

export function expand(text: string, scope: Scope): Expanded {
  const unknown: string[] = [];
  const result = substitute(text.slice(0, longest), scope, unknown, 0).slice(0, longest);
  return { text: result, unknown: [...new Set(unknown)] };
}

function substitute(text: string, scope: Scope, unknown: string[], depth: number): string {
  if (depth > deepest || !text.includes("$")) return text;
  let result = "";
  for (let at = 0; at < text.length && result.length <= longest; at++) {
    const two = text.slice(at, at + 2);
    if (two !== "${" && two !== "$[") {
      result += text[at] ?? "";
      continue;
    }
    const end = closing(text, at + 1);
    const inside = substitute(text.slice(at + 2, end), scope, unknown, depth + 1);
    const value = two === "${" ? lookUp(inside, scope) : evaluate(inside);
    if (value === undefined) unknown.push(two === "${" ? "${" + inside + "}" : `$[${inside}]`);
    result += value ?? "";
    at = end;
  }
  return result;
}

/** Where the bracket that opens at `open` closes; the end of the text where it never does. */
function closing(text: string, open: number): number {
  const [opens = "", closes] = text[open] === "{" ? ["{", "}"] : ["[", "]"];
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === opens) depth++;
    else if (text[at] === closes && --depth === 0) return at;
  }
  return text.length;
}

/** `NAME`, `NAME:offset:length`, `FUNCTION(args)`. */
function lookUp(inside: string, scope: Scope): string | undefined {
  const [, name = "", args, slice]: (string | undefined)[] =
    /^([^(:]*)(?:\((.*)\))?[^:]*(?::(.*))?$/s.exec(inside) ?? [];
  const value = args === undefined ? scope.get(name) : scope.call(name, args);
  const [, offset, length]: (string | undefined)[] = /^\s*([-+]?\d+)(?::\s*([-+]?\d+))?/.exec(slice ?? "") ?? [];
  if (value === undefined || offset === undefined) return value;
  if (value === anyNumber) return partOfIt;
  const rest = value.slice(Number(offset));
  return length === undefined ? rest : rest.slice(0, Number(length));
}

/** What is true for GotoIf and its like: any word, and a number whose whole part is not 0. */
export const isTrue = (text: string): boolean => text !== "" && Number(/^\s*([-+]?\d+)/.exec(text)?.[1] ?? 1) !== 0;
