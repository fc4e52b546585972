// A list of a dialog as a text that is changed, or pasted from a spreadsheet, and taken in the place of its rows.
import type { Words } from "./dialog.ts";
import { faultsIn, readList, writeList, type Column, type Line } from "./list-text.ts";
import type { JQuery, Query } from "./red.d.ts";

declare const $: JQuery;

export interface TextListOptions<Name extends string, Row> {
  readonly columns: readonly Column<Name>[];
  /** The list as it stands there: each row, and its fields in the order of the columns that are shown. */
  readonly shown: readonly Name[];
  readonly rows: () => readonly Row[];
  readonly fieldsOf: (row: Row) => readonly string[];
  /** A line as a row; what the line does not have is as the list has it. */
  readonly rowOf: (cells: Line<Name>["cells"], had: Row | undefined) => Row;
  readonly keyOf: (row: Row) => string;
  readonly fault: (rows: readonly Row[]) => string | undefined;
  readonly take: (rows: readonly Row[]) => void;
  /** More buttons beside it. */
  readonly more?: readonly Query[];
}

/** So many faults are shown. */
const mostFaults = 5;

/** The list as a text in its place, by a button at `place`. */
export function textList<Name extends string, Row>(
  list: Query,
  place: Query,
  words: Words,
  options: TextListOptions<Name, Row>,
): void {
  const { columns, shown, rows, fieldsOf, rowOf, keyOf } = options;
  const box = list.closest(".red-ui-editableList");
  const button = $("<button>")
    .attr("type", "button")
    .addClass("red-ui-button red-ui-button-small")
    .attr("title", words("list.title"))
    .append($("<i>").addClass("fa fa-table"))
    .append($("<span>").text(` ${words("list.open")}`));
  button.css("margin-left", "8px").appendTo(place);
  const panel = $("<div>").insertAfter(box).toggle(false);
  const area = $("<textarea>")
    .attr("rows", "10")
    .attr("spellcheck", "false")
    .attr("wrap", "off")
    .attr("aria-label", words("list.title"))
    .css({ width: "100%", "font-family": "monospace" })
    .appendTo(panel);
  const said = $("<div>")
    .attr("role", "status")
    .css({ margin: "4px 0 8px", "white-space": "pre-line" })
    .appendTo(panel);
  const take = $("<button>").attr("type", "button").addClass("red-ui-button").text(words("list.take")).appendTo(panel);
  const close = $("<button>").attr("type", "button").addClass("red-ui-button").text(words("list.close"));
  close.css("margin-left", "6px").appendTo(panel);
  for (const one of options.more ?? []) one.css("margin-left", "6px").appendTo(panel);

  let read: readonly Row[] = [];
  const look = () => {
    const had = new Map(rows().map((row) => [keyOf(row), row]));
    const { lines, unread, wide, open } = readList(String(area.val()), columns);
    const found = lines.map(({ line, cells }) => ({ line, row: rowOf(cells, had.get(cells[shown[0] as Name] ?? "")) }));
    const faults = [
      ...(open === undefined ? [] : [{ line: open, fault: words("list.quote") }]),
      ...wide.map((line) => ({ line, fault: words("list.wide") })),
      ...faultsIn(found, options.fault, mostFaults),
    ];
    read = found.map(({ row }) => row);
    const fresh = read.filter((row) => !had.has(keyOf(row))).length;
    const same = read.filter((row) => JSON.stringify(had.get(keyOf(row))) === JSON.stringify(row)).length;
    const kept = new Set(read.map(keyOf));
    const gone = [...had.keys()].filter((key) => !kept.has(key));
    const summary = [
      words("list.summary", { all: read.length, fresh, changed: read.length - fresh - same, gone: gone.length }),
      ...(gone.length === 0 ? [] : [words("list.gone", { gone: gone.slice(0, 20).join(", ") })]),
      ...(unread.length === 0 ? [] : [words("list.unread", { columns: unread.join(", ") })]),
    ];
    const wrong = faults.slice(0, mostFaults).map((one) => words("list.line", one));
    said.text((wrong.length > 0 ? wrong : summary).join("\n"));
    said.css("color", wrong.length > 0 ? "var(--red-ui-text-color-error)" : "var(--red-ui-secondary-text-color)");
    take.prop("disabled", wrong.length > 0);
  };
  area.on("input", look);
  const show = (isOpen: boolean) => {
    panel.toggle(isOpen);
    box.toggle(!isOpen);
    if (!isOpen) return;
    const names = shown.map((name) => columns.find((column) => column.name === name)?.called[0] ?? name);
    area.val(writeList(names, rows().map(fieldsOf), ";"));
    look();
    area[0]?.focus();
  };
  let isOpen = false;
  const toggle = (wanted: boolean) => {
    isOpen = wanted;
    show(isOpen);
  };
  button.on("click", () => toggle(!isOpen));
  close.on("click", () => toggle(false));
  take.on("click", () => {
    look();
    if (take.prop("disabled") === true) return;
    options.take(read);
    toggle(false);
  });
}
