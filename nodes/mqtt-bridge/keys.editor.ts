// The keys of mqtt-bridge: a name each, and a secret that follows from an id (nodes/passwords.ts). The secret is in no flow
// and is asked for only when somebody wants to see it.
import { text, type Words } from "../editor/dialog.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";
import { fieldsIn, fill, input, lineOf, rowsOf } from "../editor/rows.ts";

declare const RED: Editor;
declare const $: JQuery;

export interface KeyRow {
  name?: string;
  id?: string;
}

const keysOf = (value: unknown): KeyRow[] => rowsOf(value) as KeyRow[];

export function keyFault(words: Words, value: unknown): string | undefined {
  const names = keysOf(value).map(({ name }) => text(name));
  if (names.some((name) => name === "" || name.length > 64)) return words("error.key-name");
  // As the node has it: capitals make no difference.
  const lower = names.map((name) => name.toLowerCase());
  if (lower.includes("mqtt")) return words("error.key-taken", { name: "mqtt" });
  const twice = names.find((_, index) => lower.indexOf(lower[index] ?? "") !== index);
  return twice === undefined ? undefined : words("error.key-taken", { name: twice });
}

const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export function keyList(list: Query, words: Words, owner: string, value: unknown): void {
  fill(list, keysOf(value), {
    add: words("label.add-key"),
    row: (row, item) => {
      const id = item.id ?? newId();
      const line = lineOf(row).css("gap", "6px");
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
      return { id, name };
    },
  });
}

export const keysIn = (list: Query): KeyRow[] =>
  (fieldsIn(list) as { id: string; name: Query }[]).map(({ id, name }) => ({ name: text(name.val()), id }));
