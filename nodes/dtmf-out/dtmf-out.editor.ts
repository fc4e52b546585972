// The dialog of dtmf-out: open the door, or send digits.
import { colour, styled, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";
import { isSlug } from "../../src/slug.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("dtmf-out");

RED.nodes.registerType("dtmf-out", {
  category: "portero",
  color: colour,
  icon: "keypad.svg",
  defaults: {
    name: { value: "" },
    mode: { value: "open" },
    door: { value: "", type: "door", required: false },
    relay: {
      value: "",
      validate: (value, _options) => text(value) === "" || isSlug(text(value)) || words("error.relay"),
    },
    digits: {
      value: "payload",
      validate(value, _options) {
        const isLiteral = text(this["mode"]) === "digits" && text(this["digitsType"]) === "str";
        return !isLiteral || /^[0-9A-Da-d*#,]+$/.test(text(value)) || words("error.digits");
      },
    },
    digitsType: { value: "msg" },
    to: { value: "door" },
    method: { value: "" },
    duration: wholeNumber(words, 40, 5000),
    gap: wholeNumber(words, 40, 5000),
  },
  inputs: 1,
  outputs: 2,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(index === 0 ? "output.sent" : "output.failed"),
  paletteLabel: "dtmf out",
  label() {
    return this.name || words(text(this["mode"]) === "digits" ? "label.send" : "label.open");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    styled($("#node-input-name").parent());
    const digits = $("#node-input-digits");
    const types = ["msg", "str", "flow", "global", "env"];
    digits.typedInput({ types, default: "msg", typeField: $("#node-input-digitsType") });
    const show = () => {
      const isOpening = $("#node-input-mode").val() !== "digits";
      $("#portero-open").toggle(isOpening);
      $("#portero-digits").toggle(!isOpening);
    };
    $("#node-input-mode").on("change", show);
    show();
  },
});
