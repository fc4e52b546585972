// `${variables}`, `${FUNCTIONS(…)}` and `$[expressions]` of a dial plan, as far as they can be known before a call.

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
  const called = /^\s*([A-Za-z_]\w*)\((.*)\)\s*((?::-?\d+){0,2})$/s.exec(inside);
  const named = /^\s*(\w+)\s*((?::-?\d*){0,2})$/.exec(inside);
  const value = called ? scope.call(called[1] ?? "", called[2] ?? "") : named ? scope.get(named[1] ?? "") : undefined;
  if (value === undefined) return undefined;
  const [, offset, length] = (called?.[3] ?? named?.[2] ?? "").split(":");
  if (offset === undefined || offset === "") return value;
  if (value === anyNumber) return partOfIt;
  const rest = value.slice(Number(offset));
  return length === undefined || length === ""
    ? rest
    : rest.slice(0, Number(length) < 0 ? Number(length) : Number(length));
}

const operators = /^(\|\||&&|==|!=|<=|>=|=~|[|&=<>+\-*/%!:()?])/;
const levels: readonly (readonly string[])[] = [
  ["|", "||"],
  ["&", "&&"],
  ["=", "==", "!=", "<", ">", "<=", ">="],
  ["+", "-"],
  ["*", "/", "%"],
];

/** What is true for GotoIf and its like. */
export const isTrue = (text: string): boolean => !/^\s*(0*|"0*")\s*$/.test(text);

/** The value of `$[…]`, whose variables are in place; undefined where it cannot be read. */
export function evaluate(text: string): string | undefined {
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  let at = 0;
  let depth = 0;
  const primary = (): string | undefined => {
    const token = tokens[at++];
    if (token === undefined) return undefined;
    if (token === "!") {
      const value = primary();
      return value === undefined ? undefined : isTrue(value) ? "0" : "1";
    }
    if (token === "-") {
      const value = primary();
      return value === undefined ? undefined : String(-Number(value));
    }
    if (token === "(") {
      if (++depth > deepest) return undefined;
      const value = binary(0);
      depth--;
      return tokens[at++] === ")" ? value : undefined;
    }
    if (isOperator(token)) return undefined;
    let word = plain(token);
    // Words between operators are one text.
    for (let next = tokens[at]; next !== undefined && !isOperator(next); next = tokens[++at]) word += ` ${plain(next)}`;
    return word;
  };
  const binary = (level: number): string | undefined => {
    const names = levels[level];
    if (!names) return primary();
    let left = binary(level + 1);
    for (let name = tokens[at]; left !== undefined && name !== undefined && names.includes(name); name = tokens[at]) {
      at++;
      const right = binary(level + 1);
      // `"" = x` is written without quotes too: nothing at all on one side is empty text.
      left = combine(name, left, right ?? "");
    }
    return left;
  };
  if (tokens.length === 0) return "";
  if (levels[2]?.includes(tokens[0] ?? "")) tokens.unshift('""');
  const value = binary(0);
  return at >= tokens.length ? value : undefined;
}

function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  for (let rest = text.trimStart(); rest !== ""; rest = rest.trimStart()) {
    const token =
      /^"(?:[^"\\]|\\.)*"/.exec(rest)?.[0] ?? operators.exec(rest)?.[0] ?? /^[^\s|&=<>+\-*/%!:()?"]+/.exec(rest)?.[0];
    if (token === undefined) return undefined;
    tokens.push(token);
    rest = rest.slice(token.length);
  }
  return tokens;
}

const isOperator = (token: string): boolean => operators.test(token);
const plain = (token: string): string => token.replace(/^"|"$/g, "");

function combine(name: string, left: string, right: string): string {
  const [a, b] = [Number(left), Number(right)];
  const areNumbers = left.trim() !== "" && right.trim() !== "" && !Number.isNaN(a) && !Number.isNaN(b);
  const order = areNumbers ? a - b : left < right ? -1 : left > right ? 1 : 0;
  const truth = (is: boolean): string => (is ? "1" : "0");
  switch (name) {
    case "|":
    case "||":
      return isTrue(left) ? left : right;
    case "&":
    case "&&":
      return isTrue(left) && isTrue(right) ? left : "0";
    case "=":
    case "==":
      return truth(order === 0);
    case "!=":
      return truth(order !== 0);
    case "<":
      return truth(order < 0);
    case ">":
      return truth(order > 0);
    case "<=":
      return truth(order <= 0);
    case ">=":
      return truth(order >= 0);
    case "+":
      return String(a + b);
    case "-":
      return String(a - b);
    case "*":
      return String(a * b);
    case "/":
      return String(b === 0 ? 0 : Math.trunc(a / b));
    default:
      return String(b === 0 ? 0 : a % b);
  }
}
