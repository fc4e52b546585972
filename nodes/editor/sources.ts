// The list of ways to a picture: dragged into the order in which they are asked; what is not ticked is not asked.
import { sourceKinds } from "../../src/picture-sources.ts";
import { text, type Words } from "./dialog.ts";
import type { JQuery, Query } from "./red.d.ts";

declare const $: JQuery;

const known: readonly string[] = sourceKinds;

/** Fills the list; `chosen` are those that are asked, none = all, as usual. */
export function sourceList(list: Query, words: Words, chosen: unknown): void {
  const asked = (Array.isArray(chosen) ? chosen : []).map(text).filter((kind) => known.includes(kind));
  const rows = [...asked, ...known.filter((kind) => !asked.includes(kind))];
  list.editableList({
    ...{ removable: false, sortable: true, height: "auto", addButton: false },
    addItem: (row: Query, _index, kind: string) => {
      const line = $("<label>").css({ margin: "0", width: "auto" }).appendTo(row);
      $("<input>")
        .attr("type", "checkbox")
        .addClass("portero-source")
        .data("kind", kind)
        .prop("checked", asked.length === 0 || asked.includes(kind))
        .css({ width: "auto", margin: "0 6px 2px 0", "vertical-align": "middle" })
        .appendTo(line);
      $("<span>")
        .text(words(`source.${kind}`))
        .appendTo(line);
    },
  });
  for (const kind of rows) list.editableList("addItem", kind);
}

/** Those that are ticked, in their order; none where it is the usual one of all, which may have more some day. */
export function chosenSources(list: Query): string[] {
  const chosen: string[] = [];
  list.editableList("items").each((_index, element) => {
    const tick = $(element).find(".portero-source");
    if (tick.prop("checked") === true) chosen.push(text(tick.data("kind")));
  });
  return chosen.join() === known.join() ? [] : chosen;
}
