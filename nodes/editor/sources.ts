// The list of ways to a picture: dragged into the order in which they are asked; what is not ticked is not asked.
import { sourceKinds } from "../../src/picture-sources.ts";
import { text, type Words } from "./dialog.ts";
import type { JQuery, Query } from "./red.d.ts";
import { fieldsIn, fill, rowsOf } from "./rows.ts";

declare const $: JQuery;

const known: readonly string[] = sourceKinds;

interface Source {
  readonly kind: string;
  readonly tick: Query;
}

/** Fills the list; `chosen` are those that are asked, none = all, as usual. */
export function sourceList(list: Query, words: Words, chosen: unknown): void {
  const asked = rowsOf(chosen)
    .map(text)
    .filter((kind) => known.includes(kind));
  fill(list, [...asked, ...known.filter((kind) => !asked.includes(kind))], {
    row: (row, kind): Source => {
      const line = $("<label>").css({ margin: "0", width: "auto" }).appendTo(row);
      const tick = $("<input>")
        .attr("type", "checkbox")
        .addClass("portero-source")
        .prop("checked", asked.length === 0 || asked.includes(kind))
        .css({ width: "auto", margin: "0 6px 2px 0", "vertical-align": "middle" })
        .appendTo(line);
      $("<span>")
        .text(words(`source.${kind}`))
        .appendTo(line);
      return { kind, tick };
    },
  });
}

/** Those that are ticked, in their order; none where it is the usual one of all, which may have more some day. */
export function chosenSources(list: Query): string[] {
  const ticked = (fieldsIn(list) as Source[]).filter(({ tick }) => tick.prop("checked") === true);
  const chosen = ticked.map(({ kind }) => kind);
  return chosen.join() === known.join() ? [] : chosen;
}
