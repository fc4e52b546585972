// The list of ring groups in the registrar's dialog: a number, a name, and whom it stands for.
import { isExtension, text, type Words } from "./dialog.ts";
import { entriesOf } from "./networks.ts";
import type { JQuery, Query } from "./red.d.ts";
import { textList } from "./list-view.ts";
import { fill, input, lineOf, plain, refill, rowsOf, typedIn } from "./rows.ts";

declare const $: JQuery;

export interface GroupRow {
  number: string;
  name: string;
  members: string;
}

const widths: Record<keyof GroupRow, string> = { number: "14%", name: "24%", members: "58%" };
const fields = Object.keys(widths) as (keyof GroupRow)[];

const groupsOf = (value: unknown): Partial<GroupRow>[] => rowsOf(value) as Partial<GroupRow>[];

/** What is wrong with the rows, beside the numbers of extensions. */
export function groupFault(words: Words, value: unknown, extensions: readonly string[]): string | undefined {
  const rows = groupsOf(value);
  const numbers = rows.map(({ number }) => text(number));
  for (const [index, { number: given, members }] of rows.entries()) {
    const number = text(given);
    if (!isExtension(number)) return words("error.group-number", { number: number || "?" });
    if (extensions.includes(number) || numbers.indexOf(number) !== index) return words("error.group-twice", { number });
    if (entriesOf(members).length === 0) return words("error.group-empty", { number });
    if (entriesOf(members).includes(number)) return words("error.group-itself", { number });
  }
  return undefined;
}

/** `extensions`: the numbers that are taken. */
export function groupList(list: Query, words: Words, value: unknown, extensions: () => readonly string[]): void {
  fill(list, groupsOf(value), {
    add: words("label.add-group"),
    row: (row, item) => {
      const line = lineOf(row);
      const field = (name: keyof GroupRow) => plain(line, words, `group-${name}`, input(item[name]), widths[name]);
      return { number: field("number"), name: field("name"), members: field("members") };
    },
  });
  textList(list, $("#portero-groups-text"), words, {
    columns: [
      { name: "number", called: [words("column.number")] },
      { name: "name", called: [words("column.name")] },
      { name: "members", called: [words("column.members")] },
    ],
    shown: fields,
    rows: () => groupsIn(list),
    fieldsOf: ({ number, name, members }) => [number, name, members],
    rowOf: (cells, had) => ({ ...(had ?? { number: "", name: "", members: "" }), ...cells }),
    keyOf: ({ number }) => number,
    fault: (rows) => groupFault(words, rows, extensions()),
    take: (rows) => refill(list, rows),
  });
}

export const groupsIn = (list: Query): GroupRow[] => typedIn(list, fields);
