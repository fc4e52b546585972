// The dialog of dial-strategy: whom to ring, for how long, and how often again.
import { usualCountry } from "../../src/media/tones.ts";
import { countryChoice } from "../editor/countries.ts";
import { chooseFirst, colour, text, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("dial-strategy");
const numbers = ["seconds", "tries", "waitSeconds", "maxMinutes"] as const;
const types = ["num", "msg", "flow", "global", "env"] as const;
const limits = { seconds: [1, 3600], tries: [0, 10_000], waitSeconds: [0.5, 3600], maxMinutes: [0.1, 1440] } as const;

const numberField = (name: (typeof numbers)[number], value: string) => ({
  value,
  validate(this: { [key: string]: unknown }, given: unknown, _options: unknown) {
    const type = text(this[`${name}Type`]) || "num";
    const [least, most] = limits[name];
    const isRight = type !== "num" || text(given) === "" || (Number(given) >= least && Number(given) <= most);
    return isRight || words("error.number", { what: words(`label.${name}`), least, most });
  },
});

const plainNumber = (name: string, value: string, least: number, most: number) => ({
  value,
  validate: (given: unknown, _options: unknown) =>
    text(given) === "" ||
    (Number(given) >= least && Number(given) <= most) ||
    words("error.number", { what: words(`label.${name}`), least, most }),
});

/** The numbers of all registrars, to be offered. */
function extensions(): string[] {
  const found = new Set<string>();
  RED.nodes.eachNode((node) => {
    const rows = node.type === "sip-registrar" ? node["extensions"] : undefined;
    for (const row of Array.isArray(rows) ? (rows as { number?: string }[]) : []) found.add(text(row.number));
  });
  return [...found].filter(Boolean).sort();
}

RED.nodes.registerType("dial-strategy", {
  category: "portero",
  color: colour,
  icon: "strategy.svg",
  defaults: {
    name: { value: "" },
    strategy: { value: "ring-all" },
    targets: { value: [] },
    seconds: numberField("seconds", "60"),
    secondsType: { value: "num" },
    tries: numberField("tries", "60"),
    triesType: { value: "num" },
    waitSeconds: numberField("waitSeconds", "1"),
    waitSecondsType: { value: "num" },
    maxMinutes: numberField("maxMinutes", "120"),
    maxMinutesType: { value: "num" },
    stopCauses: {
      value: "21, 0",
      validate: (value, _options) => /^\s*(\d{1,3}([\s,;]+\d{1,3})*)?\s*$/.test(text(value)) || words("error.causes"),
    },
    sound: { value: "" },
    country: { value: usualCountry },
    soundFile: {
      value: "",
      validate(value, _options) {
        return text(this["sound"]) !== "file" || text(value) !== "" || words("error.sound");
      },
    },
    answerFirst: { value: false },
    record: { value: "off" },
    recordTone: plainNumber("recordTone", "15", 0, 3600),
    recordMinutes: plainNumber("recordMinutes", "60", 0.1, 240),
    message: { value: "off" },
    messageSeconds: plainNumber("messageSeconds", "60", 1, 600),
    greeting: { value: "" },
  },
  inputs: 1,
  outputs: 3,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(`output.${["answered", "unanswered", "progress"][index] ?? ""}`),
  paletteLabel: "dial strategy",
  label() {
    const targets = Array.isArray(this["targets"]) ? (this["targets"] as string[]).filter(Boolean).join(", ") : "";
    return this.name || `${words(`strategy.${text(this["strategy"])}`)}${targets === "" ? "" : ` ${targets}`}`;
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    for (const name of numbers) {
      const field = $(`#node-input-${name}`);
      field.typedInput({ types, default: "num", typeField: $(`#node-input-${name}Type`) });
    }
    const offered = $("#portero-extensions");
    for (const extension of extensions()) $("<option>").attr("value", extension).appendTo(offered);
    $("#node-input-list").editableList({
      removable: true,
      sortable: true,
      height: "auto",
      addButton: words("label.add"),
      addItem: (row: Query, _index, item: { target?: string }) => {
        $("<input>")
          .attr("type", "text")
          .attr("list", "portero-extensions")
          .attr("placeholder", "6001")
          .css({ width: "100%" })
          .val(text(item.target))
          .addClass("portero-target")
          .appendTo(row);
      },
    });
    const targets = Array.isArray(this["targets"]) ? (this["targets"] as string[]) : [];
    for (const target of targets) $("#node-input-list").editableList("addItem", { target });
    countryChoice($("#node-input-country"), text(this["country"]));
    const sound = $("#node-input-sound");
    sound.val(text(this["sound"]));
    const [record, message] = [$("#node-input-record"), $("#node-input-message")];
    // Nodes that are older than the setting.
    chooseFirst(record, message);
    const show = () => {
      $("#portero-record").toggle(record.val() !== "off");
      $("#portero-message").toggle(message.val() !== "off");
      $("#portero-redial").toggle($("#node-input-strategy").val() === "redial");
      $("#portero-country").toggle(sound.val() === "ring-back");
      $("#portero-sound-file").toggle(sound.val() === "file");
    };
    $("#node-input-strategy").on("change", show);
    for (const choice of [sound, record, message]) choice.on("change", show);
    show();
  },
  oneditsave() {
    const targets: string[] = [];
    $("#node-input-list")
      .editableList("items")
      .each((_index, element) => {
        const target = text($(element).find(".portero-target").val());
        if (target !== "") targets.push(target);
      });
    if (JSON.stringify(targets) !== JSON.stringify(this["targets"])) this.changed = true;
    this["targets"] = targets;
  },
});
