// The value of `$[…]`, as Asterisk 22 works it out (test/peers/asterisk-plan.test.ts asks it): text keeps its quotes, and where
// the expression cannot be read to its end, what was read until there counts.

/** Text, which is a number too where it has digits only, or a number that was worked out. */
type Value = string | number;

/** Deeper ones are nobody's dial plan. */
const deepest = 20;

/** From the loosest; those of one row are read from the left. */
const rows: readonly (readonly string[])[] = [
  ["?"],
  ["|", "||"],
  ["&", "&&"],
  ["=", "==", "!=", "<", ">", "<=", ">="],
  ["+", "-"],
  ["*", "/", "%"],
  [":", "=~", "~~"],
];
/** What a `!` and a minus before a value take. */
const rowOfPrefixes = 6;

const sign = /^(?:\|\||&&|==|!=|<=|>=|=~|~~|::|[|&=<>+\-*/%!:()?,])/;
const word = /^(?:"[^"]*"|[\w.';\\^#@$\u0080-\uffff]+)/;

/** The expression cannot be read. */
class Unread extends Error {}
/** Regular expressions and functions are not worked out here. */
class NotFollowed extends Error {}

/** `text`: with its variables in place. Undefined where it asks for what is not worked out here. */
export function evaluate(text: string): string | undefined {
  try {
    return shown(new Reader(tokensOf(text)).value());
  } catch (error) {
    if (error instanceof NotFollowed) return undefined;
    if (error instanceof Unread) return "0";
    throw error;
  }
}

/** Blanks and letters that mean nothing are passed over. */
function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (let rest = text; rest !== "";) {
    const token = (sign.exec(rest) ?? word.exec(rest))?.[0];
    if (token !== undefined) tokens.push(token);
    rest = rest.slice(token?.length ?? 1);
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  value(): Value {
    const first = this.#tokens[0] ?? "=";
    return sign.test(first) && !"(!-".includes(first) ? "" : this.#row(0);
  }

  #row(row: number): Value {
    const names = rows[row];
    if (!names) return this.#one();
    let left = this.#row(row + 1);
    for (let name = this.#tokens[this.#at]; name !== undefined && names.includes(name); name = this.#tokens[this.#at]) {
      this.#at++;
      left = name === "?" ? this.#choice(left) : combine(name, left, this.#row(row + 1));
    }
    return left;
  }

  /** `condition ? one :: other` */
  #choice(condition: Value): Value {
    const one = this.#row(0);
    this.#expect("::");
    const other = this.#row(1);
    return isNothing(condition) || condition === '""' ? other : one;
  }

  #expect(token: string): void {
    if (this.#tokens[this.#at++] !== token) throw new Unread();
  }

  #one(): Value {
    const token = this.#tokens[this.#at++];
    if (token === undefined || this.#depth > deepest) throw new Unread();
    if (!sign.test(token)) {
      if (this.#tokens[this.#at] === "(") throw new NotFollowed();
      return token;
    }
    this.#depth++;
    const value = this.#behind(token);
    this.#depth--;
    return value;
  }

  #behind(token: string): Value {
    if (token === "(") {
      const value = this.#row(0);
      this.#expect(")");
      return value;
    }
    if (token === "-") return -1 * (numberOf(this.#row(rowOfPrefixes)) ?? -0);
    if (token !== "!") throw new Unread();
    const value = this.#row(rowOfPrefixes);
    return (typeof value === "number" ? value : parseInt(value) || 0) === 0 ? 1 : 0;
  }
}

/** Undefined for text that is no number: with quotes, it never is. */
function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

const isNothing = (value: Value): boolean => value === "" || numberOf(value) === 0;

/** Fifteen digits are exact; Asterisk gives three more. */
const shown = (value: Value): string =>
  typeof value === "string" ? value : Object.is(value, -0) ? "-0" : String(Number(value.toPrecision(15)));

const withoutQuotes = (value: Value): string => {
  const text = shown(value);
  return /^".*"$/s.test(text) ? text.replaceAll('"', "") : text;
};

function combine(name: string, left: Value, right: Value): Value {
  const [a, b] = [numberOf(left), numberOf(right)];
  const [one, other] = a !== undefined && b !== undefined ? [a, b] : [shown(left), shown(right)];
  switch (name) {
    case "|":
    case "||":
      return isNothing(left) ? right : (a ?? left);
    case "&":
    case "&&":
      return isNothing(left) || isNothing(right) ? 0 : (a ?? left);
    case "=":
    case "==":
      return Number(one === other);
    case "!=":
      return Number(one !== other);
    case "<":
      return Number(one < other);
    case ">":
      return Number(one > other);
    case "<=":
      return Number(one <= other);
    case ">=":
      return Number(one >= other);
    case "+":
      return (a ?? 0) + (b ?? 0);
    case "-":
      return (a ?? 0) - (b ?? 0);
    case "*":
      return (a ?? 0) * (b ?? 0);
    case "/":
      return a === undefined ? 0 : b ? a / b : notDivided;
    case "%":
      return a !== undefined && b ? a % b : 0;
    case "~~":
      return withoutQuotes(left) + withoutQuotes(right);
    default:
      throw new NotFollowed();
  }
}

/** What comes of a division by nothing. */
const notDivided = 2_147_483_647;
