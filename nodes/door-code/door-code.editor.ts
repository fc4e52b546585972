// The dialog of door-code: what it does, and what a code it makes is good for.
import { chooseFirst, colour, showFor, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("door-code");

RED.nodes.registerType("door-code", {
  category: "portero",
  color: colour,
  icon: "keypad.svg",
  defaults: {
    name: { value: "" },
    action: { value: "create" },
    door: { value: "", type: "door", required: false },
    codeName: { value: "courier" },
    length: wholeNumber(words, 4, 10),
    uses: wholeNumber(words, 1, 100_000, "1"),
    hours: {
      value: "4",
      validate: (value, _options) =>
        text(value) === "" || (Number(value) > 0 && Number(value) <= 87_600) || words("error.hours"),
    },
    relays: { value: "" },
    replace: { value: true },
  },
  inputs: 1,
  outputs: 2,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(index === 0 ? "output.done" : "output.failed"),
  paletteLabel: "door code",
  label() {
    return this.name || words(`label.${text(this["action"]) || "create"}`);
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    const action = $("#node-input-action");
    chooseFirst(action);
    showFor(action, "actions");
  },
});
