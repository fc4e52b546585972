// What a call in the dial plan remembers: its variables, groups of devices, and how the last Dial ended.
import { anyNumber, isTrue, type Scope } from "./expression.ts";
import { argumentsOf } from "./plan.ts";

/** DIALSTATUS for a hang-up cause (Q.850), where it is not CHANUNAVAIL: a declined call is that too. */
const statusOf: Readonly<Record<number, string>> = {
  ...{ 0: "NOANSWER", 16: "NOANSWER", 17: "BUSY", 19: "NOANSWER", 34: "CONGESTION" },
};

const mostArguments = 9;

export class Memory implements Scope {
  readonly #variables: Map<string, string>;
  readonly #groups = new Map<string, Set<string>>();
  readonly #cause: number;
  /** What the variables of subroutines were before, the innermost last. */
  readonly #frames: Map<string, string | undefined>[] = [];
  /** Where the call is: what was dialled or gone to, its context and its priority. */
  place: Readonly<Record<"EXTEN" | "CONTEXT" | "PRIORITY", string>> = { EXTEN: "", CONTEXT: "", PRIORITY: "" };
  /** How many Dials there were. */
  dials = 0;
  /** Whether anybody has asked how one ended. */
  asksOutcome = false;

  /** `cause`: how every Dial ends. */
  constructor(globals: ReadonlyMap<string, string>, cause: number) {
    this.#variables = new Map(globals);
    this.#cause = cause;
  }

  /** All of it as a text: where it is the same at the same place, a loop does not end. */
  get state(): string {
    return JSON.stringify([...this.#variables]);
  }

  get callerName(): string | undefined {
    const name = this.#variables
      .get("CALLERID(name)")
      ?.replace(/[\p{Cc}\p{Co}]/gu, "")
      .slice(0, 100);
    return name === "" ? undefined : name;
  }

  get(name: string): string | undefined {
    switch (name) {
      case "EXTEN":
      case "CONTEXT":
      case "PRIORITY":
        return this.place[name];
      case "HANGUPCAUSE":
        return this.#outcome(String(this.#cause), "0");
      case "DIALSTATUS":
        return this.#outcome(statusOf[this.#cause] ?? "CHANUNAVAIL", "");
      default:
        return this.#variables.get(name) ?? (/^ARG\d$/.test(name) ? "" : undefined);
    }
  }

  call(name: string, args: string): string | undefined {
    const [first = "", second = "", third = ""] = argumentsOf(args);
    switch (name) {
      case "PJSIP_DIAL_CONTACTS":
        return `PJSIP/${first}`;
      case "DIALGROUP":
        return [...(this.#groups.get(first) ?? [])].join("&");
      case "LEN":
        return args === anyNumber ? undefined : String(args.length);
      case "ISNULL":
        return args === "" ? "1" : "0";
      case "EXISTS":
        return args === "" ? "0" : "1";
      case "CUT":
        return fields(this.#variables.get(first) ?? "", second || "-", third);
      case "INC":
      case "DEC":
        return this.#count(first, name === "INC" ? 1 : -1);
      case "GLOBAL":
        return this.#variables.get(first);
      case "LOCAL":
        return this.#frames.at(-1)?.has(first) ? this.#variables.get(first) : "";
      case "CALLERID":
        return this.#variables.get(`CALLERID(${first})`);
      case "HANGUPCAUSE_KEYS":
        return "";
      case "HANGUPCAUSE":
        return this.#outcome(String(this.#cause), "");
      case "IF": {
        const [condition = "", choice = ""] = argumentsOf(args, "?", 2);
        const [yes = "", no = ""] = argumentsOf(choice, ":", 2);
        return condition === "" ? "" : (isTrue(condition.trim()) ? yes : no).trim();
      }
      default:
        return undefined;
    }
  }

  /** A subroutine begins, with these arguments. */
  enter(values: readonly string[]): void {
    this.#frames.push(new Map());
    for (let index = 0; index < mostArguments; index++) this.#setLocal(`ARG${index + 1}`, values[index] ?? "");
  }

  /** It returns, with a value: what was its own is what it was before. */
  leave(value: string): void {
    this.#variables.set("GOSUB_RETVAL", value);
    for (const [name, before] of this.#frames.pop() ?? [])
      if (before === undefined) this.#variables.delete(name);
      else this.#variables.set(name, before);
  }

  #setLocal(name: string, value: string): void {
    const frame = this.#frames.at(-1);
    if (!frame) return;
    if (!frame.has(name)) frame.set(name, this.#variables.get(name));
    this.#variables.set(name, value);
  }

  #count(name: string, by: number): string {
    const before = this.#variables.get(name) ?? "";
    if (before === "") return "";
    const count = String((parseInt(before) || 0) + by);
    this.#variables.set(name, count);
    return count;
  }

  /** Sets a variable, or what can be set of a call; gives what cannot. `name` and `value` have their variables in place. */
  set(name: string, value: string): "set" | "number" | { unknown: string } {
    const [, what = "", args = ""]: (string | undefined)[] = /^(\w+)\((.*)\)$/.exec(name) ?? [];
    switch (what) {
      case "":
        this.#variables.set(name.replace(/^_{1,2}/, ""), value);
        return "set";
      case "GLOBAL":
        this.#variables.set(args, value);
        return "set";
      case "LOCAL":
        this.#setLocal(args, value);
        return "set";
      case "CALLERID":
        if (!/^name/i.test(args)) return /^num/i.test(args) ? "number" : { unknown: name };
        this.#variables.set("CALLERID(name)", value);
        return "set";
      case "DIALGROUP": {
        const [group = "", how = ""] = argumentsOf(args);
        const members = this.#groups.get(group) ?? new Set<string>();
        this.#groups.set(group, members);
        if (how.toLowerCase() === "del") members.delete(value);
        else members.add(value);
        return "set";
      }
      default:
        return { unknown: `${what}(…)` };
    }
  }

  #outcome(value: string, before: string): string {
    this.asksOutcome = true;
    return this.dials === 0 ? before : value;
  }
}

/** Some fields of a text, as CUT counts them: `2`, `2-`, `-3`, `1&4`. */
function fields(text: string, by: string, which: string): string {
  const all = text.split(by.slice(0, 1));
  return which
    .split("&")
    .flatMap((range) => {
      const [from = "", to = from] = range.split("-");
      return all.slice((Number(from) || 1) - 1, to === "" ? all.length : Number(to));
    })
    .join(by.slice(0, 1));
}
