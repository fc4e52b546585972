// Asterisk's configuration format: sections with templates and inheritance, comments, `key = value`. It stands in one text
// for all files of an installation: several sections of one name are several things.
import type { Line, Report } from "./report.ts";

export interface Entry extends Line {
  /** In lower case. */
  readonly key: string;
  readonly value: string;
}

export interface Section extends Line {
  readonly name: string;
  readonly isTemplate: boolean;
  /** Its own entries. */
  readonly entries: Entry[];
  /** Those of its templates first, then its own: the last of a key counts. */
  readonly all: () => Entry[];
}

/** Longer texts are no dial plan; the rest is named and not read. */
const mostLines = 20_000;

/** Everything behind a semicolon that no backslash stands before; blocks of `;-- … --;` are taken out by the caller. */
function withoutComment(line: string): string {
  const at = line.search(/(?<!\\);/);
  return (at < 0 ? line : line.slice(0, at)).replaceAll("\\;", ";").trim();
}

/**
 * Reads a text of one file or several. What stands before the first section belongs to one called "".
 * Lines that are no section and no setting are left, with a reason.
 */
export function readConf(text: string, report: Report): Section[] {
  const sections: Section[] = [];
  const start = (name: string, line: Line, templates: readonly string[] = [], isTemplate = false): Section => {
    // What a name means is settled at the place where it stands: later sections of that name are not yet there.
    const parents = templates.flatMap((template) => {
      const found = sections.filter((one) => one.name === template && one.isTemplate);
      const parent = found.at(-1) ?? sections.findLast((one) => one.name === template);
      if (!parent) report.leave(line, `there is no template "${template}" before it`);
      return parent ? [parent] : [];
    });
    const entries: Entry[] = [];
    const all = () => [...parents.flatMap((parent) => parent.all()), ...entries];
    const section = { ...line, name, isTemplate, entries, all };
    sections.push(section);
    return section;
  };

  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  let current = start("", { number: 0, text: "" });
  let inComment = false;
  for (const [index, raw] of lines.entries()) {
    const line = { number: index + 1, text: raw };
    if (index >= mostLines) {
      report.leave(line, `only the first ${mostLines} lines are read`);
      break;
    }
    if (inComment) {
      inComment = !raw.includes("--;");
      continue;
    }
    if (/^\s*;--(?!-)/.test(raw)) {
      inComment = !raw.includes("--;");
      continue;
    }
    const said = withoutComment(raw);
    // Fences and titles of the page that it was copied from.
    if (said === "" || /^(```|~~~|#{2,}\s)/.test(said)) continue;
    report.expect(line);
    const section = /^\[([^\]]*)\]\s*(?:\(([^)]*)\))?/.exec(said);
    if (section) {
      const [, name = "", options = ""] = section;
      const words = options.split(",").map((word) => word.trim());
      const earlier = words.includes("+") ? sections.findLast((one) => one.name === name.trim()) : undefined;
      const templates = words.filter((word) => word !== "" && word !== "!" && word !== "+");
      report.take(line);
      current = earlier ?? start(name.trim(), line, templates, words.includes("!"));
      continue;
    }
    if (/^#\s*(?:try)?(?:include|exec)\b/i.test(said)) {
      report.leave(line, "the file that it names is not here: paste its text as well");
      continue;
    }
    const setting = /^([^=]+?)\s*=>?\s*(.*)$/.exec(said);
    if (!setting) {
      report.leave(line, "this is no setting: there is no = in it");
      continue;
    }
    const [, key = "", value = ""] = setting;
    current.entries.push({ ...line, key: key.toLowerCase(), value });
  }
  return sections;
}

/** The last value of a key, in lower case what is a word. */
export const valueOf = (section: Section, key: string): string | undefined =>
  section.all().findLast((entry) => entry.key === key)?.value;

/** What Asterisk takes for yes. */
export const isYes = (value: string | undefined): boolean => /^(yes|true|y|t|1|on)$/i.test(value ?? "");
