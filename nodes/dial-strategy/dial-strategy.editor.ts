// The dialog of dial-strategy: which strategy, and the settings that are its own.
import { usualCountry } from "../../src/media/tones.ts";
import {
  asksForMessage,
  hasField,
  isPlace,
  limits,
  strategyNames,
  usualOf,
  type StrategyField,
  type StrategyName,
} from "../../src/visit/strategies/usual.ts";
import { countryChoice } from "../editor/countries.ts";
import { chooseFirst, colour, isWithin, text, wordsOf } from "../editor/dialog.ts";
import { holdsLogin, soundField } from "../editor/logins.ts";
import type { EditedNode, Editor, JQuery } from "../editor/red.d.ts";
import { keep, rowsOf } from "../editor/rows.ts";
import { stepsFault, StepList } from "../editor/steps.ts";
import { rowOf, targetFault, TargetList } from "../editor/targets.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("dial-strategy");
const numbers = ["seconds", "tries", "waitSeconds", "maxMinutes"] as const;
type NumberName = (typeof numbers)[number];
const types = ["num", "msg", "flow", "global", "env"] as const;

const strategyIn = (value: unknown): StrategyName => strategyNames.find((name) => name === value) ?? "ring-all";

/** The node whose dialog is open, and what is chosen there: Node-RED checks fields against the node as it was. */
let open:
  { readonly id: string; strategy: StrategyName; readonly targets: TargetList; readonly steps: StepList } | undefined;

const strategyOf = (node: EditedNode): StrategyName =>
  open?.id === node.id ? open.strategy : strategyIn(node["strategy"]);

/** Whether a setting counts: what another strategy needs may be as wrong as it likes. */
const counts = (node: EditedNode, field: StrategyField): boolean => hasField(strategyOf(node), field);

/** What is said of a setting depends on the strategy: its own words, or those for all. */
function wordFor(name: string, strategy: StrategyName): string {
  const own = words(`own.${strategy}-${name}`);
  return own.includes(`${strategy}-${name}`) ? words(`label.${name}`) : own;
}

const numberField = (name: NumberName, value: string) => ({
  value,
  validate(this: EditedNode, given: unknown, _options: unknown) {
    const type = text(this[`${name}Type`]) || "num";
    const [least, most] = limits[name];
    const isRight = !counts(this, name) || type !== "num" || isWithin(given, least, most);
    return isRight || words("error.number", { what: wordFor(name, strategyOf(this)), least, most });
  },
});

const plainNumber = (name: string, field: StrategyField, value: string, least: number, most: number) => ({
  value,
  validate(this: EditedNode, given: unknown, _options: unknown) {
    const isRight = !counts(this, field) || isWithin(given, least, most);
    return isRight || words("error.number", { what: words(`label.${name}`), least, most });
  },
});

/** What can be rung: the numbers of all registrars, and pages. */
function offered(): string[] {
  const found = new Set<string>(["dashboard"]);
  RED.nodes.eachNode((node) => {
    if (node.type !== "sip-registrar") return;
    for (const list of ["extensions", "groups"])
      for (const row of rowsOf(node[list])) found.add(text(rowOf(row)["number"]));
  });
  return [...found].filter(Boolean).sort();
}

/** What the usual figures of a strategy are, as they stand in the dialog. */
const usualText = (strategy: StrategyName, name: NumberName): string =>
  name === "maxMinutes" ? "120" : isPlace(strategy) ? "" : String(usualOf(strategy)[name]);

RED.nodes.registerType("dial-strategy", {
  category: "portero",
  color: colour,
  icon: "strategy.svg",
  defaults: {
    name: { value: "" },
    strategy: { value: "ring-all" },
    targets: {
      value: [],
      validate(value, _options) {
        return (counts(this, "targets") && targetFault(value, words)) || true;
      },
    },
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
      validate(value, _options) {
        const isRight = /^\s*(\d{1,3}([\s,;]+\d{1,3})*)?\s*$/.test(text(value));
        return isRight || !counts(this, "stopCauses") || words("error.causes");
      },
    },
    parking: { value: "", type: "parking-place", required: false },
    conference: { value: "", type: "conference-room", required: false },
    then: { value: "" },
    status: {
      value: "603",
      validate(value, _options) {
        const isRight = /^(?!401|407)[46]\d\d$/.test(text(value) || "603");
        return isRight || !counts(this, "status") || words("error.status");
      },
    },
    steps: {
      value: [],
      validate(value, _options) {
        if (!counts(this, "steps")) return true;
        return rowsOf(value).length === 0 ? words("error.steps") : (stepsFault(value, words) ?? true);
      },
    },
    announcement: soundField(words),
    sound: { value: "" },
    country: { value: usualCountry },
    soundFile: {
      value: "",
      validate(value, _options) {
        const file = open?.id === this.id ? $("#node-input-sound").val() : this["sound"];
        if (file !== "file" || !counts(this, "sound")) return true;
        return text(value) === "" ? words("error.sound") : !holdsLogin(value) || words("error.sound-login");
      },
    },
    answerFirst: { value: false },
    record: { value: "off" },
    recordTone: plainNumber("recordTone", "record", "15", 0, 3600),
    recordMinutes: plainNumber("recordMinutes", "record", "60", 0.1, 240),
    message: { value: "off" },
    messageSeconds: plainNumber("messageSeconds", "message", "60", 1, 600),
    greeting: soundField(words),
  },
  inputs: 1,
  outputs: 3,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(`output.${["answered", "unanswered", "progress"][index] ?? ""}`),
  paletteLabel: "dial strategy",
  label() {
    const strategy = strategyIn(this["strategy"]);
    const rung = counts(this, "targets") && strategy !== "park" ? rowsOf(this["targets"]) : [];
    const whom = rung.map((one) => text(rowOf(one)["target"])).filter(Boolean);
    const parts =
      strategy === "steps"
        ? rowsOf(this["steps"]).map((step) => words(`strategy.${strategyIn(rowOf(step)["strategy"])}`))
        : [];
    const what = parts.length > 0 ? parts.join(" → ") : `${words(`strategy.${strategy}`)} ${whom.join(", ")}`;
    return this.name || what.trim();
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    const choice = $("#node-input-strategy");
    const chosen = strategyIn(this["strategy"]);
    choice.val(chosen);
    for (const name of numbers)
      $(`#node-input-${name}`).typedInput({ types, default: "num", typeField: $(`#node-input-${name}Type`) });
    const datalist = $("#portero-extensions");
    for (const number of offered()) $("<option>").attr("value", number).appendTo(datalist);
    const targets = new TargetList($("#node-input-list"), this["targets"], words);
    const steps = new StepList($("#node-input-step-list"), this["steps"], words);
    const edited = { id: this.id, strategy: chosen, targets, steps };
    open = edited;
    countryChoice($("#node-input-country"), text(this["country"]));
    const sound = $("#node-input-sound");
    sound.val(text(this["sound"]));
    const [record, message, then] = [$("#node-input-record"), $("#node-input-message"), $("#node-input-then")];
    // Nodes that are older than the setting.
    chooseFirst(record, message, then);
    const status = $("#node-input-status");
    if (text(status.val()) === "") status.val("603");

    const has = (field: StrategyField) => hasField(edited.strategy, field);
    const show = () => {
      const { strategy } = edited;
      $("#dialog-form [data-field]").each((_index, row) => {
        $(row).toggle(has((row.dataset["field"] ?? "") as StrategyField));
      });
      for (const name of ["targets", "seconds", "waitSeconds", "sound"])
        $(`#portero-${name}-label`).text(wordFor(name, strategy));
      $("#portero-hint").text(words(`hint.${strategy}`));
      sound.children("[value='']").text(words(isPlace(strategy) ? "option.place-music" : "option.no-sound"));
      // Whom to ring stands behind what says that somebody is.
      const rung = $("#portero-targets").insertAfter($(strategy === "park" ? "#portero-then" : "#portero-steps"));
      if (strategy === "park") rung.toggle(then.val() === "ring-again");
      // A strategy that is a message takes one; after parking that is chosen as what comes then.
      const asks = asksForMessage(strategy, text(then.val()));
      if (strategy === "park") $("[data-field=message]").toggle(asks);
      if (asks && message.val() === "off") message.val("file");
      message.children("[value=off]").prop("disabled", asks);
      $("#portero-record").toggle(has("record") && record.val() !== "off");
      $("#portero-message").toggle(asks || (has("message") && strategy !== "park" && message.val() !== "off"));
      $("#portero-country").toggle(has("sound") && sound.val() === "ring-back");
      $("#portero-sound-file").toggle(has("sound") && sound.val() === "file");
      const pause = () => Number(text($("#node-input-waitSeconds").val()) || usualOf("waves").waitSeconds);
      targets.waves(strategy === "waves" ? pause : undefined);
    };
    choice.on("change", () => {
      const before = edited.strategy;
      edited.strategy = strategyIn(choice.val());
      // Figures that nobody has chosen are those of the new strategy.
      for (const name of numbers) {
        const field = $(`#node-input-${name}`);
        const isNumber = field.typedInput("type") === "num";
        if (isNumber && text(field.typedInput("value")) === usualText(before, name))
          field.typedInput("value", usualText(edited.strategy, name));
      }
      show();
    });
    for (const one of [sound, record, message, then, $("#node-input-waitSeconds")]) one.on("change", show);
    show();
  },
  oneditsave() {
    const lists = { targets: open?.targets.read() ?? [], steps: open?.steps.read() ?? [] };
    open = undefined;
    for (const [name, rows] of Object.entries(lists)) keep(this, name, rows);
  },
  oneditcancel() {
    open = undefined;
  },
});
