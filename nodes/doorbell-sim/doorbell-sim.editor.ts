// The dialog of doorbell-sim, and its button in the workspace, which presses the bell.
import { colour, isExtension, text, wordsOf } from "../editor/dialog.ts";
import type { EditedNode, Editor, JQuery } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("doorbell-sim");
const isBell = (node: EditedNode) => text(node["role"]) !== "phone";

RED.nodes.registerType("doorbell-sim", {
  category: "portero",
  color: colour,
  icon: "sim.svg",
  defaults: {
    name: { value: "" },
    role: { value: "bell" },
    door: {
      value: "",
      type: "door",
      required: false,
    },
    endpoint: { value: "", type: "sip-endpoint", required: false },
    extension: {
      value: "",
      validate(value, _options) {
        return isBell(this) || isExtension(value) || words("error.extension");
      },
    },
    login: { value: "" },
    transport: { value: "udp" },
    autoAnswer: { value: false },
    answerAfter: {
      value: "3",
      validate: (value, _options) => /^$|^\d+(\.\d+)?$/.test(text(value)) || words("error.seconds"),
    },
  },
  credentials: { password: { type: "password" } },
  inputs: 1,
  outputs: 1,
  inputLabels: () => words("label.input"),
  outputLabels: () => words("output.seen"),
  paletteLabel: "doorbell sim",
  label() {
    const fallback = isBell(this) ? words("label.bell") : `${words("label.phone")} ${text(this["extension"])}`.trim();
    return this.name || fallback;
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  button: {
    visible() {
      return isBell(this);
    },
    enabled() {
      return this.changed !== true;
    },
    onclick() {
      $.ajax({
        url: `portero/sim/${this.id}/press`,
        type: "POST",
        success: () => RED.notify(words("label.pressed"), "success"),
        error: (answer) =>
          RED.notify($("<span>").text(answer.responseJSON?.reason ?? words("label.not-deployed")), "error"),
      });
    },
  },
  oneditprepare() {
    const show = () => {
      const bell = $("#node-input-role").val() !== "phone";
      $("#portero-bell").toggle(bell);
      $("#portero-phone").toggle(!bell);
    };
    $("#node-input-role").on("change", show);
    show();
  },
});
