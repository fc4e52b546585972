// Lists in dialogs: rows that are added, dragged and taken away, their fields, and second lines that unfold.
import { text, type Words } from "./dialog.ts";
import type { EditedNode, JQuery, Query } from "./red.d.ts";

declare const $: JQuery;

/** A setting that holds the rows of a list; a node that is older than it has none. */
export const rowsOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

export interface ListOptions<Row, Fields> {
  /** On the button that adds a row; without it the rows stay those that there are. */
  readonly add?: string;
  readonly header?: Query;
  /** Draws a row; gives what is to be read of it. A new one begins as `{}`. */
  readonly row: (row: Query, item: Row) => Fields;
  /** The rows are others than before, or in another order. */
  readonly changed?: () => void;
}

/** Makes the list and fills it. */
export function fill<Row, Fields>(list: Query, rows: readonly Row[], options: ListOptions<Row, Fields>): void {
  const { add, header, row: draw } = options;
  const changed = () => {
    // An empty list is its button alone.
    list.closest(".red-ui-editableList-border").toggle(list.editableList("items").length > 0);
    options.changed?.();
  };
  list.editableList({
    ...{ removable: add !== undefined, sortable: true, height: "auto", addButton: add ?? false },
    // It is as high as its rows: there is nothing to scroll.
    scrollOnAdd: false,
    ...(header && { header }),
    // jQuery's data stays with the element when rows are moved.
    addItem: (row: Query, _index, item: Row) => {
      row.data("fields", draw(row, item));
      if (list.data(adding) !== true) changed();
    },
    ...{ removeItem: changed, sortItems: changed },
  });
  list.data(told, changed);
  addAll(list, rows);
}

const [adding, told] = ["portero-adding", "portero-changed"];

// Whoever looks at each of two hundred rows as it comes has the browser lay out the page as often.
function addAll(list: Query, rows: readonly unknown[]): void {
  list.data(adding, true);
  for (const row of rows) list.editableList("addItem", row);
  list.data(adding, false);
  (list.data(told) as () => void)();
}

/** Other rows in the place of those that stand there. */
export function refill(list: Query, rows: readonly unknown[]): void {
  list.editableList("empty");
  addAll(list, rows);
}

/** What `row` gave, of each row as they stand there. */
export function fieldsIn(list: Query): unknown[] {
  const found: unknown[] = [];
  list.editableList("items").each((_index, element) => {
    const fields = $(element).data("fields");
    if (fields !== undefined) found.push(fields);
  });
  return found;
}

/** What is typed in the fields of each row. */
export const typedIn = <Name extends string>(list: Query, names: readonly Name[]): Record<Name, string>[] =>
  (fieldsIn(list) as Record<Name, Query | undefined>[]).map(
    (fields) => Object.fromEntries(names.map((name) => [name, text(fields[name]?.val())])) as Record<Name, string>,
  );

/** Takes the rows into the node, which has changed if they have. */
export function keep(node: EditedNode, name: string, rows: readonly unknown[]): void {
  if (JSON.stringify(rows) !== JSON.stringify(rowsOf(node[name]))) node.changed = true;
  node[name] = rows;
}

/** Names above the columns of a list. */
export function columnNames(columns: Iterable<readonly [name: string, width: string]>): Query {
  // As wide as the rows: their handle on the left, their cross on the right.
  const header = $("<div>").css({ display: "flex", "margin-left": "23px", "margin-right": "17px" });
  for (const [name, width] of columns) $("<span>").css({ width, "margin-right": "6px" }).text(name).appendTo(header);
  return header;
}

/** A row's line of fields. */
export const lineOf = (row: Query): Query => $("<div>").css({ display: "flex", "align-items": "center" }).appendTo(row);

/** A field of a line: its placeholder (`placeholder.<key>`) and its title (`label.<key>`) say what it is for. */
export const plain = (line: Query, words: Words, key: string, field: Query, width: string): Query =>
  field
    .attr("placeholder", words(`placeholder.${key}`))
    .attr("title", words(`label.${key}`))
    .css({ width, margin: "0 6px 0 0" })
    .appendTo(line);

/** A field with its name above it. */
export function labelled(line: Query, name: string, title: string, field: Query, width: string): Query {
  const box = $("<label>").css({ width, margin: "0", "font-size": "smaller" }).appendTo(line);
  $("<div>").css({ color: "var(--red-ui-secondary-text-color)", "white-space": "nowrap" }).text(name).appendTo(box);
  return field.attr("title", title).css({ width: "100%", margin: "0" }).appendTo(box);
}

export const input = (value: unknown): Query => $("<input>").attr("type", "text").val(text(value));

export function select(choices: Iterable<readonly [value: string, word: string]>, value: unknown): Query {
  const field = $("<select>");
  for (const [one, word] of choices) $("<option>").attr("value", one).text(word).appendTo(field);
  return field.val(text(value));
}

/** Shows and hides what belongs to `line`, from a button at its end; `draw` makes it when it is first shown. */
export function unfold(line: Query, more: Query, title: string, shown: boolean, draw?: () => void): void {
  const show = () => {
    if (shown) draw?.();
    if (shown) draw = undefined;
    more.toggle(shown);
  };
  show();
  $("<a>")
    .attr("href", "#")
    .attr("title", title)
    .addClass("red-ui-button")
    .addClass("red-ui-button-small")
    .css("margin-left", "4px")
    .append($("<i>").addClass("fa fa-sliders"))
    .appendTo(line)
    .on("click", (event) => {
      event.preventDefault();
      shown = !shown;
      show();
    });
}

/** More fields than a line has room for, side by side as they fit. */
export const gridOf = (row: Query): Query =>
  $("<div>")
    .css({ display: "grid", "grid-template-columns": "repeat(auto-fill, minmax(160px, 1fr))", gap: "6px 8px" })
    .css("margin-top", "6px")
    .appendTo(row);

export const wrapped = (row: Query): Query =>
  $("<div>").css({ display: "flex", "flex-wrap": "wrap", gap: "6px 8px", "margin-top": "6px" }).appendTo(row);
