// Fields in the rows of lists, and second lines that unfold.
import { text } from "./dialog.ts";
import type { JQuery, Query } from "./red.d.ts";

declare const $: JQuery;

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

/** Shows and hides what belongs to `line`, from a button at its end. */
export function unfold(line: Query, more: Query, title: string, shown: boolean): void {
  more.toggle(shown);
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
      more.toggle(shown);
    });
}

export const wrapped = (row: Query): Query =>
  $("<div>").css({ display: "flex", "flex-wrap": "wrap", gap: "6px 8px", "margin-top": "6px" }).appendTo(row);
