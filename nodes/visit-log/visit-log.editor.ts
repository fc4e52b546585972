// The dialog of visit-log: which visits, and what to do with them.
import { chooseFirst, chooseOnly, colour, showFor, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("visit-log");

RED.nodes.registerType("visit-log", {
  category: "portero",
  color: colour,
  icon: "log.svg",
  defaults: {
    name: { value: "" },
    endpoint: { value: "", type: "sip-endpoint", required: true },
    action: { value: "find" },
    door: { value: "", type: "door", required: false },
    outcome: { value: "" },
    days: wholeNumber(words, 1, 36_500),
    limit: wholeNumber(words, 1, 1000),
    picture: { value: "none" },
    clip: { value: false },
  },
  inputs: 1,
  outputs: 2,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(index === 0 ? "output.visits" : "output.failed"),
  paletteLabel: "visit log",
  label() {
    return this.name || words(`label.${text(this["action"]) || "find"}`);
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    chooseOnly($("#node-input-endpoint"));
    const action = $("#node-input-action");
    chooseFirst(action, $("#node-input-outcome"), $("#node-input-picture"));
    showFor(action, "actions");
  },
});
