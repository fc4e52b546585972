// Walks through an extension as Asterisk would, while nobody answers: what it does, one after the other, and how a loop goes
// on after which hang-up cause. A dial plan is a program; only running it tells how many tries it makes (H11).
import { applicationOf, type Doing } from "./applications.ts";
import { readDial, type Dialled } from "./dial.ts";
import { anyNumber, expand, isTrue } from "./expression.ts";
import { Memory } from "./memory.ts";
import { extensionsFor } from "./pattern.ts";
import { argumentsOf, reachable, type Context, type Extension, type Step } from "./plan.ts";
import type { Report } from "./report.ts";
import { Whiles } from "./whiles.ts";

export interface Dialling {
  readonly do: "dial";
  readonly dial: Dialled;
  /** The caller's name that was set before. */
  readonly name?: string;
  readonly retry?: { readonly announcement: string; readonly seconds: number; readonly tries: number };
}

export type Act = { readonly at: Step } & (Doing | Dialling);

export interface Run {
  readonly acts: readonly Act[];
  readonly isEndless: boolean;
  /** Whether it asked how Dial had ended. */
  readonly asksOutcome: boolean;
}

export interface RunOptions {
  /** How every Dial ends: a cause of Q.850. */
  readonly cause: number;
  /** The end of it: the second time that a Dial is reached. */
  readonly untilRepeat?: boolean;
}

/** What all runs of one import share. */
export interface Plan {
  readonly contexts: readonly Context[];
  readonly globals: ReadonlyMap<string, string>;
  /** The names of accounts, by what stands behind the @ of a Dial. */
  readonly accounts: ReadonlyMap<string, string>;
  readonly report: Report;
  /** Which extensions take a number in a context, where it was asked already. */
  readonly found: Map<string, readonly Extension[]>;
  /** Steps that may still be taken: a plan that was made to hang somebody's browser does not. */
  steps: number;
}

const mostActs = 2_000;
const deepestCalls = 10;

/** Where a call is: what it dialled or went to, and before which priority. */
export interface Place {
  readonly context: string;
  readonly number: string;
  readonly priority: number;
}

/** A subroutine that runs: where it returns to. */
interface Frame {
  readonly back: Place;
  readonly isMacro: boolean;
}

export const runExtension = (plan: Plan, extension: Extension, options: RunOptions): Run =>
  new Walk(plan, extension, options).run();

class Walk {
  readonly #plan: Plan;
  readonly #start: Extension;
  readonly #untilRepeat: boolean;
  readonly #memory: Memory;
  readonly #acts: Act[] = [];
  readonly #stack: Frame[] = [];
  readonly #whiles = new Whiles();
  readonly #seen = new Set<string>();
  readonly #dialled = new Set<Step>();

  constructor(plan: Plan, start: Extension, { cause, untilRepeat = false }: RunOptions) {
    this.#plan = plan;
    this.#start = start;
    this.#untilRepeat = untilRepeat;
    this.#memory = new Memory(plan.globals, cause);
  }

  run(): Run {
    const isEndless = this.#walk();
    return { acts: this.#acts, isEndless, asksOutcome: this.#memory.asksOutcome };
  }

  /** @returns whether it would go on for ever */
  #walk(): boolean {
    const { name, context } = this.#start;
    const isOpen = name.startsWith("_") || !/\d/.test(name);
    let place: Place | undefined = { context, number: isOpen ? anyNumber : name, priority: 1 };
    while (place) {
      const step: Step | undefined = this.#stepAt(place);
      if (!step) {
        // Only a macro returns at its end: a subroutine without Return ends the call.
        const frame: Frame | undefined = this.#stack.at(-1);
        place = frame?.isMacro ? this.#return() : undefined;
        continue;
      }
      if (this.#plan.steps-- <= 0) {
        this.#plan.report.note("This is longer than can be walked through: what comes late in it may be missing.");
        return true;
      }
      this.#plan.report.take(step);
      const { number, priority } = place;
      this.#memory.place = { EXTEN: number, CONTEXT: place.context, PRIORITY: String(priority) };
      const next = this.#perform(step, step.app, step.args, place);
      const isBack = next?.context === place.context && next.number === number && next.priority <= priority;
      if (isBack && this.#wasHere(next)) return this.#memory.dials > 0;
      if (this.#acts.length >= mostActs) return true;
      place = next;
    }
    return false;
  }

  /** The same place with the same variables: it would go round for ever. */
  #wasHere({ priority }: Place): boolean {
    const state = `${priority} ${this.#stack.length} ${this.#whiles.state} ${this.#memory.state}`;
    if (this.#seen.has(state)) return true;
    this.#seen.add(state);
    return false;
  }

  /** Of the extensions that take the number the first that has this priority, or this label: Asterisk asks anew at each step. */
  #stepAt({ context, number, priority }: Omit<Place, "priority"> & { priority: number | string }): Step | undefined {
    const key = `${context} ${number === anyNumber ? this.#start.name : number}`;
    let extensions = this.#plan.found.get(key);
    if (!extensions) {
      const reached = reachable(this.#plan.contexts, context);
      extensions =
        number === anyNumber ? reached.filter(({ name }) => name === this.#start.name) : extensionsFor(reached, number);
      this.#plan.found.set(key, extensions);
    }
    const { name, context: home } = this.#start;
    const isStart = context === home && (number === anyNumber || number === name);
    for (const { steps } of isStart ? [this.#start, ...extensions.filter((one) => one.name !== name)] : extensions) {
      const step = steps.find((one) => one.priority === priority || one.label === priority);
      if (step) return step;
    }
    return undefined;
  }

  /** A text with its variables in place; the step is left where one of them is not known. */
  #read(step: Step, text: string): string {
    const { text: result, unknown } = expand(text, this.#memory);
    const [what] = unknown;
    if (what !== undefined) this.#plan.report.leave(step, `${shortly(what)} is not known before there is a call`);
    return result;
  }

  /** Performs an application; gives where it goes on, if it does. */
  #perform(step: Step, app: string, args: string, here: Place): Place | undefined {
    const next: Place = { ...here, priority: here.priority + 1 };
    const read = () => this.#read(step, args);
    switch (app) {
      case "set":
        this.#set(step, read());
        return next;
      case "mset":
        for (const one of argumentsOf(read())) this.#set(step, one);
        return next;
      case "goto":
        return this.#go(step, read(), here);
      case "gotoif": {
        const where = choice(read());
        return where === "" ? next : this.#go(step, where, here);
      }
      case "execif": {
        const chosen: (string | undefined)[] = /^\s*(\w+)\((.*)\)/s.exec(choice(read())) ?? [];
        const [, name, inside = ""] = chosen;
        return name === undefined ? next : this.#perform(step, name.toLowerCase(), inside, here);
      }
      case "while":
        return this.#whiles.begin(isTrue(read()), here, this.#endOfWhile(here)) ?? next;
      case "endwhile":
        return this.#whiles.end(next) ?? next;
      case "continuewhile":
        return this.#whiles.again() ?? next;
      case "exitwhile":
        return this.#whiles.exit(this.#endOfWhile(here)) ?? next;
      case "gosub":
        return this.#callSubroutine(step, read(), here, next);
      case "gosubif": {
        const where = choice(read());
        return where === "" ? next : this.#callSubroutine(step, where, here, next);
      }
      case "macro": {
        const [name = "", ...values] = argumentsOf(read());
        return this.#enter(step, { context: `macro-${name}`, number: "s", priority: 1 }, values, next, true);
      }
      case "return":
        return this.#return(read());
      case "macroexit":
        return this.#return();
      case "dial":
      case "retrydial":
        return this.#dial(step, app, read()) ? next : undefined;
      default:
        return this.#apply(step, app, args) ? next : undefined;
    }
  }

  #set(step: Step, assignment: string): void {
    const equals = assignment.indexOf("=");
    if (equals < 0) return;
    const [name, value] = [assignment.slice(0, equals), assignment.slice(equals + 1)];
    const done = this.#memory.set(name, value);
    if (done === "number")
      this.#plan.report.note(`Line ${step.number}: the caller's number stays the bell's own; its name is taken over.`);
    else if (done !== "set") this.#plan.report.leave(step, `${done.unknown} cannot be set here`);
  }

  /** A place that is not there is named: the call goes to the extension `i`, or ends. */
  #go(step: Step, where: string, here: Place): Place | undefined {
    const to = this.#find(where, here);
    if (to && this.#stepAt(to)) return to;
    this.#plan.report.leave(step, `there is no "${shortly(where)}" to go to`);
    const invalid = to && { ...to, number: "i", priority: 1 };
    return invalid && this.#stepAt(invalid) && invalid;
  }

  /** `label`, `exten,label` or `context,exten,label`; a number, or one that is counted from here, in the place of a label. */
  #find(where: string, here: Place): Place | undefined {
    const parts = where.split(",");
    const label = parts.at(-1)?.trim() ?? "";
    const [number = here.number, context = here.context] = [parts.at(-2), parts.at(-3)].map(
      (part) => part || undefined,
    );
    const [, by, count]: (string | undefined)[] = /^([-+]?)(\d+)$/.exec(label) ?? [];
    if (count !== undefined)
      return { context, number, priority: by ? here.priority + Number(by + count) : Number(count) };
    const step = this.#stepAt({ context, number, priority: label });
    return step && { context, number, priority: step.priority };
  }

  /** The place of the EndWhile that belongs to what stands before it. */
  #endOfWhile(here: Place): Place | undefined {
    let depth = 1;
    for (let priority = here.priority + 1; ; priority++) {
      const app = this.#stepAt({ ...here, priority })?.app;
      if (app === undefined) return undefined;
      depth += app === "while" ? 1 : app === "endwhile" ? -1 : 0;
      if (depth === 0) return { ...here, priority: priority + 1 };
    }
  }

  #callSubroutine(step: Step, args: string, here: Place, next: Place): Place | undefined {
    const [, where = "", values]: (string | undefined)[] = /^([^(]*)(?:\((.*)\))?/s.exec(args) ?? [];
    return this.#enter(step, this.#find(where, here), values ? argumentsOf(values) : [], next, false);
  }

  #enter(
    step: Step,
    to: Place | undefined,
    values: readonly string[],
    back: Place,
    isMacro: boolean,
  ): Place | undefined {
    if (!to || !this.#stepAt(to) || this.#stack.length >= deepestCalls) {
      this.#plan.report.leave(step, "the subroutine that it calls is not here");
      return isMacro ? back : undefined;
    }
    this.#memory.enter(values);
    this.#stack.push({ back, isMacro });
    return to;
  }

  #return(value = ""): Place | undefined {
    const frame = this.#stack.pop();
    if (frame) this.#memory.leave(value);
    return frame?.back;
  }

  /** @returns whether it goes on */
  #dial(step: Step, app: string, args: string): boolean {
    const { report, accounts } = this.#plan;
    const parts = argumentsOf(args).map((part) => part.trim());
    const dial = readDial(app === "dial" ? parts : parts.slice(3), accounts);
    this.#memory.dials++;
    if (dial.called.length === 0 && !dial.isAny) {
      report.leave(step, dial.faults[0] ?? "it calls nobody");
      this.#acts.push({ at: step, do: "lost" });
      return true;
    }
    for (const fault of dial.faults) report.note(`Line ${step.number}: ${fault}.`);
    const name = this.#memory.callerName;
    const [announcement = "", seconds = "", tries = ""] = parts;
    const count = Math.min(10_000, Math.max(0, Math.trunc(Number(tries)) || 0));
    const retry = { announcement, seconds: Number(seconds) || 0, tries: count };
    this.#acts.push({
      ...{ at: step, do: "dial", dial },
      ...(name !== undefined && { name }),
      ...(app === "retrydial" && { retry }),
    });
    if (this.#untilRepeat && this.#dialled.has(step)) return false;
    this.#dialled.add(step);
    return true;
  }

  /** @returns whether it goes on */
  #apply(step: Step, app: string, args: string): boolean {
    const { report } = this.#plan;
    const result = applicationOf(app, () => argumentsOf(this.#read(step, args)).map((part) => part.trim()));
    if ("why" in result) {
      report.leave(step, result.why);
      return true;
    }
    if (result.note !== undefined) report.note(`Line ${step.number}: ${result.note}`);
    this.#acts.push({ at: step, ...result });
    return result.ends !== true;
  }
}

const shortly = (text: string): string => text.replaceAll(anyNumber, "${EXTEN}").slice(0, 60);

/** `condition?one:other` */
function choice(args: string): string {
  const [condition = "", branches = ""] = argumentsOf(args, "?", 2);
  const [yes = "", no = ""] = argumentsOf(branches, ":", 2);
  return isTrue(condition) ? yes : no;
}
