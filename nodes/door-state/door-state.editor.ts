// The dialog of door-state: which door, and what a bare value of a sensor means.
import { chooseFirst, chooseOnly, colour, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("door-state");

RED.nodes.registerType("door-state", {
  category: "portero",
  color: colour,
  icon: "door.svg",
  defaults: {
    name: { value: "" },
    door: { value: "", type: "door", required: true },
    part: { value: "contact" },
    inverted: { value: false },
  },
  inputs: 1,
  outputs: 1,
  inputLabels: () => words("label.input"),
  outputLabels: () => words("label.output"),
  paletteLabel: "door state",
  label() {
    return this.name || words("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    chooseOnly($("#node-input-door"));
    chooseFirst($("#node-input-part"));
    const shown = () => {
      const part = String($("#node-input-part").val());
      $("#portero-inverted").text(words(`inverted.${part}`));
    };
    $("#node-input-part").on("change", shown);
    shown();
  },
});
