// The dialog of doorbell-in: one door, some, or every door of an endpoint, and which of their visits.
import { visitEvents } from "../../src/visit/messages.ts";
import { chooseOnly, chosen, colour, several, text, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";
import { timeForm } from "../../src/schedule.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("doorbell-in");
const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const filters = ["buttons", "callers", "from", "to", "days", "events"] as const;

const time = {
  value: "",
  validate: (value: unknown, _options: unknown) =>
    new RegExp(`^$|${timeForm}`).test(text(value)) || words("error.time"),
};

const idsOf = (value: unknown): string[] => (Array.isArray(value) ? (value as string[]) : []);

/** The doors of an endpoint, to be chosen from. */
function doorsOf(endpoint: string): { value: string; label: string }[] {
  const found: { value: string; label: string }[] = [];
  RED.nodes.eachConfig((node) => {
    if (node.type === "door" && node["endpoint"] === endpoint)
      found.push({ value: node.id, label: node.name || words("label.unnamed") });
  });
  return found;
}

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
    doors: { value: [], type: "door[]" },
    buttons: { value: "" },
    callers: { value: "" },
    from: time,
    to: time,
    days: { value: "" },
    events: { value: "" },
    states: { value: false },
    openLink: { value: false },
    linkUrl: {
      value: "",
      validate: (value, _options) =>
        /^$|^https?:\/\/[^\s?#@]+$|^\$\{\w+\}$/.test(text(value)) || words("error.linkUrl"),
    },
  },
  inputs: 1,
  outputs: 4,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(`output.${["ring", "answered", "ended", "other"][index] ?? ""}`),
  paletteLabel: "doorbell in",
  label() {
    const ids = text(this["door"]) === "" ? idsOf(this["doors"]) : [text(this["door"])];
    const names = ids.flatMap((id) => RED.nodes.node(id)?.name || []);
    return this.name || names.join(", ") || words(text(this["endpoint"]) === "" ? "label.new" : "label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    if (text(this["door"]) === "" && text(this["endpoint"]) === "") chooseOnly($("#node-input-door"));
    const doors = $("#portero-doors");
    doors.val(idsOf(this["doors"]).join(","));
    const offered = () => [several(doorsOf(chosen($("#node-input-endpoint"))), words("label.all-doors"))];
    doors.typedInput({ types: offered() });
    $("#node-input-endpoint").on("change", () => void doors.typedInput("types", offered()));
    const named = days.map((value) => ({ value, label: words(`day.${value}`) }));
    $("#node-input-days").typedInput({ types: [several(named, words("label.all-days"))] });
    const events = visitEvents.map((value) => ({ value, label: value }));
    $("#node-input-events").typedInput({ types: [several(events, words("label.all-events"))] });
    $("#portero-filter").prop(
      "open",
      filters.some((name) => text(this[name]) !== ""),
    );
    const show = () => {
      $("#portero-every-door").toggle(chosen($("#node-input-door")) === "");
      $("#portero-link").toggle($("#node-input-openLink").prop("checked") === true);
    };
    $("#node-input-openLink").on("change", show);
    $("#node-input-door").on("change", show);
    show();
  },
  oneditsave() {
    const every = chosen($("#node-input-door")) === "";
    const known = new Set(doorsOf(chosen($("#node-input-endpoint"))).map(({ value }) => value));
    const ids = text($("#portero-doors").val()).split(",");
    const doors = every ? ids.filter((id) => known.has(id)) : [];
    if (JSON.stringify(doors) !== JSON.stringify(idsOf(this["doors"]))) this.changed = true;
    this["doors"] = doors;
  },
});
