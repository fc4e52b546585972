// Messages of the user's own in the dialog of mqtt-bridge: when, to which topic, and what.
import { checkTemplate, occasions, type Template } from "../../src/mqtt/templates.ts";
import { text, type Words } from "../editor/dialog.ts";
import type { JQuery, Query } from "../editor/red.d.ts";
import { input, labelled, select, wrapped } from "../editor/rows.ts";

declare const $: JQuery;

const fields = ["on", "only", "topic", "payload"] as const;
type Row = Partial<Record<(typeof fields)[number], string>>;

export const messagesOf = (value: unknown): Row[] => (Array.isArray(value) ? (value as Row[]) : []);

export function messageFault(words: Words, value: unknown, base: string): string | undefined {
  for (const { on, topic, payload } of messagesOf(value)) {
    if (text(topic) === "") return words("error.no-topic");
    try {
      checkTemplate({ on: (on ?? "event") as Template["on"], topic: text(topic), payload: text(payload) }, base);
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

export function messageList(list: Query, words: Words, rows: readonly Row[]): void {
  list.editableList({
    removable: true,
    sortable: true,
    height: "auto",
    addButton: words("label.add-message"),
    addItem: (row: Query, _index, item: Row) => {
      const line = wrapped(row).css("margin-top", "0");
      const label = (name: string) => [words(`column.${name}`), words(`hint.${name}`)] as const;
      const shown = {
        on: labelled(
          line,
          ...label("on"),
          select(
            occasions.map((one) => [one, words(`on.${one}`)] as const),
            item.on ?? "event",
          ),
          "34%",
        ),
        only: labelled(line, ...label("only"), input(item.only), "16%"),
        topic: labelled(line, ...label("topic"), input(item.topic), "40%"),
        payload: labelled(line, ...label("payload"), input(item.payload).attr("placeholder", "{json}"), "96%"),
      };
      row.closest("li").find(".red-ui-editableList-item-content").data("message", shown);
    },
  });
  for (const row of rows) list.editableList("addItem", row);
}

export function messagesIn(list: Query): Row[] {
  const found: Row[] = [];
  list.editableList("items").each((_index, element) => {
    const shown = $(element).data("message") as Record<(typeof fields)[number], Query>;
    found.push(Object.fromEntries(fields.map((name) => [name, text(shown[name].val())])));
  });
  return found;
}
