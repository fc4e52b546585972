// What a call in the dial plan remembers: its variables, groups of devices, and how the last Dial ended.
import { split } from "./dial.ts";
import { anyNumber, isTrue, type Scope } from "./expression.ts";

/** DIALSTATUS for a hang-up cause (Q.850), where it is not that nobody could be called. */
const statusOf: Readonly<Record<number, string>> = {
  ...{ 0: "NOANSWER", 16: "NOANSWER", 17: "BUSY", 18: "NOANSWER", 19: "NOANSWER", 21: "BUSY" },
};

export class Memory implements Scope {
  readonly #variables: Map<string, string>;
  readonly #groups = new Map<string, Set<string>>();
  readonly #number: string;
  readonly #cause: number;
  /** How many Dials there were. */
  dials = 0;
  /** Whether anybody has asked how one ended. */
  asksOutcome = false;

  /** `number`: what was dialled; `cause`: how every Dial ends. */
  constructor(globals: ReadonlyMap<string, string>, number: string, cause: number) {
    this.#variables = new Map(globals);
    this.#number = number;
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
        return this.#number;
      case "HANGUPCAUSE":
        return this.#outcome(String(this.#cause));
      case "DIALSTATUS":
        return this.#outcome(statusOf[this.#cause] ?? "CHANUNAVAIL");
      default:
        return this.#variables.get(name) ?? (/^ARG\d$/.test(name) ? "" : undefined);
    }
  }

  call(name: string, args: string): string | undefined {
    const [first = ""] = split(args);
    switch (name.toUpperCase()) {
      case "PJSIP_DIAL_CONTACTS":
        return `PJSIP/${first}`;
      case "DIALGROUP":
        return [...(this.#groups.get(first) ?? [])].join("&");
      case "LEN":
        return args === anyNumber ? undefined : String(args.length);
      case "GLOBAL":
        return this.#variables.get(first);
      case "CALLERID":
        return this.#variables.get(`CALLERID(${first})`);
      case "HANGUPCAUSE_KEYS":
        return "";
      case "HANGUPCAUSE":
        return this.#outcome(String(this.#cause));
      case "IF": {
        const [condition = "", choice = ""] = split(args, "?");
        return split(choice, ":")[isTrue(condition) ? 0 : 1] ?? "";
      }
      default:
        return undefined;
    }
  }

  /** Sets a variable, or what can be set of a call; gives what cannot. `name` and `value` have their variables in place. */
  set(name: string, value: string): "set" | "number" | { unknown: string } {
    const [, what = "", args = ""]: (string | undefined)[] = /^(\w+)\((.*)\)$/.exec(name) ?? [];
    switch (what.toUpperCase()) {
      case "":
        this.#variables.set(name.replace(/^_{1,2}/, ""), value);
        return "set";
      case "GLOBAL":
        this.#variables.set(args, value);
        return "set";
      case "CALLERID":
        if (!/^name/i.test(args)) return /^num/i.test(args) ? "number" : { unknown: name };
        this.#variables.set("CALLERID(name)", value);
        return "set";
      case "DIALGROUP": {
        const [group = "", how = ""] = split(args);
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

  #outcome(value: string): string {
    this.asksOutcome = true;
    return this.dials === 0 ? "" : value;
  }
}
