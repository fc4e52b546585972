// The keys of mqtt-bridge: a name each, and a secret that follows from an id (nodes/passwords.ts). The secret is in no flow
// and is asked for only when somebody wants to see it.
import { text, type Words } from "../editor/dialog.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";
import { input } from "../editor/rows.ts";

declare const RED: Editor;
declare const $: JQuery;

export interface KeyRow {
  name?: string;
  id?: string;
}

export const keysOf = (value: unknown): KeyRow[] => (Array.isArray(value) ? (value as KeyRow[]) : []);

export function keyFault(words: Words, value: unknown): string | undefined {
  const names = keysOf(value).map(({ name }) => text(name));
  if (names.some((name) => name === "" || name.length > 64)) return words("error.key-name");
  if (names.includes("mqtt")) return words("error.key-taken", { name: "mqtt" });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : words("error.key-taken", { name: twice });
}

const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export function keyList(list: Query, words: Words, owner: string, keys: readonly KeyRow[]): void {
  list.editableList({
    removable: true,
    sortable: true,
    height: "auto",
    addButton: words("label.add-key"),
    addItem: (row: Query, _index, item: KeyRow) => {
      const id = item.id ?? newId();
      const line = $("<div>").css({ display: "flex", "align-items": "center", gap: "6px" }).appendTo(row);
      const name = input(item.name)
        .attr("placeholder", words("placeholder.key"))
        .attr("title", words("label.key"))
        .css({ flex: "1", margin: "0" })
        .appendTo(line);
      const button = $("<button>").attr("type", "button").addClass("red-ui-button").text(words("label.show-key"));
      button.appendTo(line);
      const secret = $("<input>")
        .attr("type", "text")
        .attr("readonly", "readonly")
        .attr("title", words("label.secret"))
        .css({ width: "100%", "margin-top": "6px", "font-family": "monospace", "box-sizing": "border-box" })
        .appendTo(row)
        .toggle(false);
      button.on("click", (event) => {
        event.preventDefault();
        $.getJSON(`portero/mqtt-key/${owner}/${id}`, (answer: { secret: string }) => {
          secret.val(answer.secret).toggle(true);
          RED.clipboard.copyText(answer.secret, button, words("label.copied"));
        }).fail(() => RED.notify(words("error.no-key"), "warning"));
      });
      row.closest("li").find(".red-ui-editableList-item-content").data("key", { id, name });
    },
  });
  for (const key of keys) list.editableList("addItem", key);
}

export function keysIn(list: Query): KeyRow[] {
  const found: KeyRow[] = [];
  list.editableList("items").each((_index, element) => {
    const { id, name } = $(element).data("key") as { id: string; name: Query };
    found.push({ name: text(name.val()), id });
  });
  return found;
}
