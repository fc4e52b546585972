// The dial plan: contexts, extensions, and their steps by priority.
import type { Section } from "./conf.ts";
import type { Line, Report } from "./report.ts";

export interface Step extends Line {
  readonly priority: number;
  readonly label: string | undefined;
  /** In lower case. */
  readonly app: string;
  readonly args: string;
}

export interface Extension extends Line {
  /** A number, a pattern (`_2XX`), or one of s, i, t, h. */
  readonly name: string;
  readonly context: string;
  readonly steps: Step[];
}

export interface Context {
  readonly name: string;
  readonly extensions: Extension[];
  readonly includes: string[];
  /** Extensions that say again what is said already (H20). */
  readonly again: { readonly first: Extension; readonly second: Extension }[];
}

/** Where nothing says which one is meant. */
export const usualContext = "default";

const planKeys = new Set(["exten", "same", "include", "switch", "lswitch", "eswitch", "ignorepat"]);
/** `same.= n,…` and the like: mistyped, but there is no doubt what is meant. */
const planKey = (key: string): string => key.replace(/^(exten|same)\W+$/, "$1");

export const isContext = (section: Section): boolean =>
  section.all().some(({ key }) => planKeys.has(planKey(key))) || /^macro-/.test(section.name);

interface Said {
  readonly priority: string;
  readonly label: string | undefined;
  readonly app: string;
  readonly args: string;
}

/** `n(label),App(args)`; a bracket that is never closed is taken as closed, as Asterisk does. */
function readStep(text: string): Said | undefined {
  const found: (string | undefined)[] | null = /^\s*([^,(\s]+)\s*(?:\(([^)]*)\))?\s*,\s*([^(,\s]+)\s*(.*)$/s.exec(text);
  if (!found) return undefined;
  const [, priority = "", label, app = "", rest = ""] = found;
  const args = rest.startsWith("(") ? rest.slice(1).replace(/\)\s*$/, "") : rest.replace(/^,/, "");
  return { priority, label: label?.trim(), app: app.toLowerCase(), args };
}

export function readPlan(sections: readonly Section[], report: Report): Context[] {
  const contexts = new Map<string, Context>();
  for (const section of sections.filter(({ isTemplate }) => !isTemplate)) {
    const name = section.name === "" ? usualContext : section.name;
    const context: Context = contexts.get(name) ?? { name, extensions: [], includes: [], again: [] };
    contexts.set(name, context);
    let current: Extension | undefined;
    /** Of the line before, whichever extension it was of: `n` counts from it. */
    let last = 0;
    for (const entry of section.all()) {
      const key = planKey(entry.key);
      if (key === "include") {
        context.includes.push(entry.value.split(",")[0]?.trim() ?? "");
        report.take(entry);
      } else if (key === "exten" || key === "same") {
        const comma = nameEnd(entry.value);
        const number = key === "same" ? current?.name : entry.value.slice(0, comma).trim();
        const said = readStep(key === "same" ? entry.value : entry.value.slice(comma + 1));
        if (number === undefined) report.leave(entry, "there is no exten => before it that it could belong to");
        else if (said?.priority === "hint") {
          report.leave(entry, "lamps that show who is busy (hints) are not known here");
          last = -1;
        } else if (last < 0 && said && /^n/i.test(said.priority))
          report.leave(entry, "n counts from the line before it, and that is a hint: Asterisk does not take it");
        else if (!said || (key === "exten" && comma < 0))
          report.leave(entry, "this is no step of an extension: exten => number,priority,Application(…)");
        else {
          const name = number.replace(/\/.*$/, "");
          const known = current?.name === name ? current : context.extensions.findLast((one) => one.name === name);
          current = known ?? { ...lineOf(entry), name, context: context.name, steps: [] };
          const priority = priorityOf(said.priority, last);
          if (priority === undefined)
            report.leave(entry, `"${said.priority}" is no priority: write a number, or n for the next`);
          else {
            current = add(context, current, { ...said, priority }, entry);
            last = priority;
          }
        }
      } else if (planKeys.has(key)) report.leave(entry, `"${entry.key}" is not known here`);
      else if (/^(static|writeprotect|autofallthrough|clearglobalvars|extenpatternmatchnew|userscontext)$/.test(key))
        report.take(entry);
      else report.leave(entry, "this is no line of a dial plan");
    }
  }
  return [...contexts.values()];
}

/** A comma in the brackets of a pattern does not end it. */
function nameEnd(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const letter = text[index];
    depth += letter === "[" ? 1 : letter === "]" ? -1 : 0;
    if (letter === "," && depth <= 0) return index;
  }
  return -1;
}

const lineOf = ({ number, text }: Line): Line => ({ number, text });

/** `n` is the next, `s` the same once more, `n+5` five more. */
function priorityOf(text: string, last: number): number | undefined {
  const [, word = "", more = "0"]: (string | undefined)[] = /^(\d+|n|next|s|same)(?:\+(\d+))?$/i.exec(text) ?? [];
  if (word === "") return undefined;
  const from = /^n/i.test(word) ? last + 1 : /^s/i.test(word) ? Math.max(1, last) : Number(word);
  return from > 0 ? from + Number(more) : undefined;
}

/** Adds a step to an extension, or to another one of the same name where that has this priority already. */
function add(context: Context, known: Extension, said: Omit<Step, keyof Line>, line: Line): Extension {
  let extension = known;
  if (known.steps.some(({ priority }) => priority === said.priority)) {
    extension = { ...lineOf(line), name: known.name, context: known.context, steps: [] };
    context.again.push({ first: known, second: extension });
  }
  if (!context.extensions.includes(extension)) context.extensions.push(extension);
  extension.steps.push({ ...lineOf(line), ...said });
  extension.steps.sort((a, b) => a.priority - b.priority);
  return extension;
}

/** The extensions that a call in `context` can reach: its own, then those of what it includes. */
export function reachable(contexts: readonly Context[], context: string, seen = new Set<string>()): Extension[] {
  const found = contexts.find(({ name }) => name === context);
  if (!found || seen.has(context)) return [];
  seen.add(context);
  return [...found.extensions, ...found.includes.flatMap((name) => reachable(contexts, name, seen))];
}

/**
 * Divides as Asterisk does, at commas (or another letter) that stand in no brackets and no quotes; the quotes go. The last of
 * `most` parts is all the rest.
 */
export function argumentsOf(text: string, by = ",", most = Infinity): string[] {
  const parts = [""];
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter === '"') isQuoted = !isQuoted;
    else if (letter === by && depth <= 0 && !isQuoted && parts.length < most) parts.push("");
    else {
      depth += "([".includes(letter) ? 1 : ")]".includes(letter) ? -1 : 0;
      parts.push((parts.pop() ?? "") + (letter === "\\" ? (text[++at] ?? "") : letter));
    }
  }
  return parts;
}
