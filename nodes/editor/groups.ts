// The list of ring groups in the registrar's dialog: a number, a name, and whom it stands for.
import { isExtension, text, type Words } from "./dialog.ts";
import { entriesOf } from "./networks.ts";
import type { JQuery, Query } from "./red.d.ts";

declare const $: JQuery;

export interface GroupRow {
  number: string;
  name: string;
  members: string;
}

const widths: Record<keyof GroupRow, string> = { number: "14%", name: "24%", members: "58%" };
const fields = Object.keys(widths) as (keyof GroupRow)[];

export const groupsOf = (value: unknown): Partial<GroupRow>[] =>
  Array.isArray(value) ? (value as Partial<GroupRow>[]) : [];

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

export function groupList(list: Query, words: Words, rows: readonly Partial<GroupRow>[]): void {
  list.editableList({
    removable: true,
    sortable: true,
    height: "auto",
    addButton: words("label.add-group"),
    addItem: (row: Query, _index, item: Partial<GroupRow>) => {
      const line = $("<div>").css({ display: "flex", "align-items": "center" }).appendTo(row);
      for (const name of fields)
        $("<input>")
          .attr("type", "text")
          .attr("placeholder", words(`placeholder.group-${name}`))
          .attr("title", words(`label.group-${name}`))
          .css({ width: widths[name], "margin-right": "6px" })
          .addClass(`portero-group-${name}`)
          .val(text(item[name]))
          .appendTo(line);
    },
  });
  for (const row of rows) list.editableList("addItem", row);
}

export function groupsIn(list: Query): GroupRow[] {
  const rows: GroupRow[] = [];
  list.editableList("items").each((_index, element) => {
    const [number = "", name = "", members = ""] = fields.map((field) =>
      text($(element).find(`.portero-group-${field}`).val()),
    );
    rows.push({ number, name, members });
  });
  return rows;
}
