// The dialog of call-control: what to do with a visit.
import { usualCountry } from "../../src/media/tones.ts";
import { countryChoice } from "../editor/countries.ts";
import { colour, text, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("call-control");
const heard = ["play", "say"];
const whom = [...heard, "mute", "unmute"];

RED.nodes.registerType("call-control", {
  category: "portero",
  color: colour,
  icon: "control.svg",
  defaults: {
    name: { value: "" },
    action: { value: "play" },
    sound: { value: "ring-back" },
    country: { value: usualCountry },
    source: { value: "payload" },
    sourceType: { value: "msg" },
    loop: { value: false },
    to: { value: "door" },
    status: {
      value: "486",
      validate(value, _options) {
        const number = Number(text(value));
        const isRight = text(value) === "" || (Number.isInteger(number) && number >= 400 && number <= 699);
        return text(this["action"]) !== "reject" || isRight || words("error.status");
      },
    },
  },
  inputs: 1,
  outputs: 2,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(index === 0 ? "output.done" : "output.failed"),
  paletteLabel: "call control",
  label() {
    const action = text(this["action"]);
    const sound = action === "play" ? ` ${words(`sound.${text(this["sound"])}`)}` : "";
    return this.name || `${words(`action.${action}`)}${sound}`;
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    const types = ["msg", "str", "flow", "global", "env"];
    $("#node-input-source").typedInput({ types, default: "msg", typeField: $("#node-input-sourceType") });
    countryChoice($("#node-input-country"), text(this["country"]));
    const show = () => {
      const action = text($("#node-input-action").val());
      const isFile = text($("#node-input-sound").val()) === "file";
      $("#portero-sound").toggle(action === "play");
      $("#portero-country").toggle(action === "play" && !isFile);
      $("#portero-source").toggle(action === "say" || (action === "play" && isFile));
      $("#portero-loop").toggle(heard.includes(action));
      $("#portero-to").toggle(whom.includes(action));
      $("#portero-status").toggle(action === "reject");
    };
    $("#node-input-action").on("change", show);
    $("#node-input-sound").on("change", show);
    show();
  },
});
