// Walks through an extension as Asterisk would, while nobody answers: what it does, one after the other, and how a loop goes
// on after which hang-up cause. A dial plan is a program; only running it tells how many tries it makes (H11).
import { applicationOf, type Doing } from "./applications.ts";
import { readDial, split, type Dialled } from "./dial.ts";
import { anyNumber, expand, isTrue } from "./expression.ts";
import { Memory } from "./memory.ts";
import { extensionFor } from "./pattern.ts";
import { reachable, type Context, type Extension, type Step } from "./plan.ts";
import type { Report } from "./report.ts";

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
  /** Steps that may still be taken: a plan that was made to hang somebody's browser does not. */
  steps: number;
}

const mostActs = 2_000;
const deepestCalls = 10;

/** A place in the plan: before the step of that index. */
interface Place {
  readonly extension: Extension;
  readonly index: number;
}

export const runExtension = (plan: Plan, extension: Extension, options: RunOptions): Run =>
  new Walk(plan, extension, options).run();

class Walk {
  readonly #plan: Plan;
  readonly #start: Extension;
  readonly #untilRepeat: boolean;
  readonly #memory: Memory;
  readonly #acts: Act[] = [];
  /** Where subroutines return to. */
  readonly #stack: Place[] = [];
  readonly #seen = new Set<string>();
  readonly #dialled = new Set<Step>();

  constructor(plan: Plan, start: Extension, { cause, untilRepeat = false }: RunOptions) {
    const isOpen = start.name.startsWith("_") || !/\d/.test(start.name);
    this.#plan = plan;
    this.#start = start;
    this.#untilRepeat = untilRepeat;
    this.#memory = new Memory(plan.globals, isOpen ? anyNumber : start.name, cause);
  }

  run(): Run {
    const isEndless = this.#walk();
    return { acts: this.#acts, isEndless, asksOutcome: this.#memory.asksOutcome };
  }

  /** @returns whether it would go on for ever */
  #walk(): boolean {
    let place: Place | undefined = { extension: this.#start, index: 0 };
    while (place) {
      const step: Step | undefined = place.extension.steps[place.index];
      if (!step) {
        place = this.#stack.pop();
        continue;
      }
      if (this.#plan.steps-- <= 0) {
        this.#plan.report.note("This is longer than can be walked through: what comes late in it may be missing.");
        return true;
      }
      this.#plan.report.take(step);
      const next = this.#perform(step, step.app, step.args, place);
      const isBack = next?.extension === place.extension && next.index <= place.index;
      if (isBack && this.#wasHere(next)) return this.#memory.dials > 0;
      if (this.#acts.length >= mostActs) return true;
      place = next;
    }
    return false;
  }

  /** The same place with the same variables: it would go round for ever. */
  #wasHere({ index }: Place): boolean {
    const state = `${index} ${this.#stack.length} ${this.#memory.state}`;
    if (this.#seen.has(state)) return true;
    this.#seen.add(state);
    return false;
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
    const next: Place = { extension: here.extension, index: here.index + 1 };
    switch (app) {
      case "set":
      case "mset":
        for (const one of app === "set" ? [args] : split(args)) this.#set(step, one);
        return next;
      case "goto":
        return this.#go(step, this.#read(step, args), here);
      case "gotoif": {
        const where = this.#choice(step, args);
        return where === "" ? next : this.#go(step, this.#read(step, where), here);
      }
      case "execif": {
        const chosen: (string | undefined)[] = /^(\w+)\((.*)\)$/s.exec(this.#choice(step, args)) ?? [];
        const [, name, inside = ""] = chosen;
        return name === undefined ? next : this.#perform(step, name.toLowerCase(), inside, here);
      }
      case "while":
        return isTrue(this.#read(step, args)) ? next : behindWhile(here);
      case "endwhile":
      case "continuewhile":
        return whileOf(here);
      case "exitwhile":
        return behindWhile(whileOf(here));
      case "gosub":
      case "macro":
        return this.#callSubroutine(step, app, args, here, next);
      case "return":
      case "macroexit":
        return this.#stack.pop();
      case "dial":
      case "retrydial":
        return this.#dial(step, app, args) ? next : undefined;
      default:
        return this.#apply(step, app, args) ? next : undefined;
    }
  }

  #set(step: Step, assignment: string): void {
    const equals = assignment.indexOf("=");
    const name = this.#read(step, equals < 0 ? assignment : assignment.slice(0, equals)).trim();
    const value = equals < 0 ? "" : this.#read(step, assignment.slice(equals + 1)).trim();
    const done = this.#memory.set(name, value);
    if (done === "number")
      this.#plan.report.note(`Line ${step.number}: the caller's number stays the bell's own; its name is taken over.`);
    else if (done !== "set") this.#plan.report.leave(step, `${done.unknown} cannot be set here`);
  }

  /** `condition?one:other` */
  #choice(step: Step, args: string): string {
    const [condition = "", ...choice] = split(args, "?");
    const [yes = "", no = ""] = split(choice.join("?"), ":");
    return isTrue(this.#read(step, condition)) ? yes : no;
  }

  /** `label`, `exten,label` or `context,exten,label`; a place that is not there is named, and the next step is taken. */
  #go(step: Step, where: string, here: Place): Place {
    const to = this.#find(where, here);
    if (!to) this.#plan.report.leave(step, `there is no "${shortly(where)}" to go to`);
    return to ?? { extension: here.extension, index: here.index + 1 };
  }

  #find(where: string, { extension }: Place): Place | undefined {
    const parts = split(where);
    const label = parts.at(-1) ?? "";
    const number = parts.at(-2) ?? "";
    const reached = reachable(this.#plan.contexts, parts.at(-3) ?? extension.context);
    const wanted = number === anyNumber ? extension.name : number;
    const target = number === "" ? extension : extensionFor(reached, wanted);
    const index = target?.steps.findIndex((one) => one.label === label || String(one.priority) === label) ?? -1;
    return target && index >= 0 ? { extension: target, index } : undefined;
  }

  #callSubroutine(step: Step, app: string, args: string, here: Place, next: Place): Place {
    const [name = "", ...ofMacro] = split(args);
    const found: (string | undefined)[] = /^([^()]*)(?:\((.*)\))?/s.exec(args) ?? [];
    const [where, values] = app === "macro" ? [`macro-${name},s,1`, ofMacro] : [found[1] ?? "", split(found[2] ?? "")];
    const to = this.#find(this.#read(step, where), here);
    if (!to || this.#stack.length >= deepestCalls) {
      this.#plan.report.leave(step, "the subroutine that it calls is not here");
      return next;
    }
    for (const [index, value] of values.entries()) this.#memory.set(`ARG${index + 1}`, this.#read(step, value));
    this.#stack.push(next);
    return to;
  }

  /** @returns whether it goes on */
  #dial(step: Step, app: string, args: string): boolean {
    const { report, accounts } = this.#plan;
    const parts = split(args).map((part) => this.#read(step, part));
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
    const result = applicationOf(app, () => split(args).map((part) => this.#read(step, part)));
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

/** The While that an EndWhile belongs to. */
function whileOf({ extension, index }: Place): Place {
  let depth = 0;
  for (let at = index - 1; at >= 0; at--) {
    const app = extension.steps[at]?.app;
    if (app === "endwhile") depth++;
    if (app === "while" && depth-- === 0) return { extension, index: at };
  }
  return { extension, index: index + 1 };
}

/** The place behind the EndWhile of a While. */
function behindWhile({ extension, index }: Place): Place {
  let depth = 0;
  for (let at = index + 1; at < extension.steps.length; at++) {
    const app = extension.steps[at]?.app;
    if (app === "while") depth++;
    if (app === "endwhile" && depth-- === 0) return { extension, index: at + 1 };
  }
  return { extension, index: extension.steps.length };
}
