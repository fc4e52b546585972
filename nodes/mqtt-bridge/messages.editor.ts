// Messages of the user's own in the dialog of mqtt-bridge: when, to which topic, and what.
import { checkTemplate, occasions, type Template } from "../../src/mqtt/templates.ts";
import { text, type Words } from "../editor/dialog.ts";
import type { Query } from "../editor/red.d.ts";
import { fill, input, labelled, rowsOf, select, typedIn, wrapped } from "../editor/rows.ts";

const fields = ["on", "only", "topic", "payload"] as const;
type Row = Partial<Record<(typeof fields)[number], string>>;

const messagesOf = (value: unknown): Row[] => rowsOf(value) as Row[];

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

export function messageList(list: Query, words: Words, value: unknown): void {
  fill(list, messagesOf(value), {
    add: words("label.add-message"),
    row: (row, item) => {
      const line = wrapped(row).css("margin-top", "0");
      const label = (name: string) => [words(`column.${name}`), words(`hint.${name}`)] as const;
      return {
        on: labelled(
          line,
          ...label("on"),
          select(
            occasions.map((one) => [one, words(`on.${one}`)] as const),
            item.on ?? "event",
          ),
          "calc(60% - 8px)",
        ),
        only: labelled(line, ...label("only"), input(item.only), "40%"),
        topic: labelled(line, ...label("topic"), input(item.topic), "100%"),
        payload: labelled(line, ...label("payload"), input(item.payload).attr("placeholder", "{json}"), "100%"),
      };
    },
  });
}

export const messagesIn = (list: Query): Row[] => typedIn(list, fields);
