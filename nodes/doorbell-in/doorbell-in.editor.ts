// The dialog of doorbell-in: one door, or every door of an endpoint.
import { chosen, colour, text, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("doorbell-in");

RED.nodes.registerType("doorbell-in", {
  category: "portero",
  color: colour,
  icon: "doorbell.svg",
  defaults: {
    name: { value: "" },
    door: { value: "", type: "door", required: false },
    endpoint: {
      value: "",
      type: "sip-endpoint",
      required: false,
    },
  },
  inputs: 0,
  outputs: 4,
  outputLabels: (index) => words(`output.${["ring", "answered", "ended", "other"][index] ?? ""}`),
  paletteLabel: "doorbell in",
  label() {
    const door = RED.nodes.node(text(this["door"]));
    return this.name || door?.name || words("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    const show = () => {
      $("#portero-every-door").toggle(chosen($("#node-input-door")) === "" || $("#node-input-door").val() === "_ADD_");
    };
    $("#node-input-door").on("change", show);
    show();
  },
});
