// The dialog of call-control: what to do with a visit.
import { usualCountry } from "../../src/media/tones.ts";
import { countryChoice } from "../editor/countries.ts";
import { chooseFirst, colour, isWithin, styled, text, wordsOf } from "../editor/dialog.ts";
import { soundField } from "../editor/logins.ts";
import type { Editor, JQuery, Property } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("call-control");
/** What a field is for: it is shown, and judged, for these alone. */
const uses: Readonly<Record<string, readonly string[]>> = {
  by: ["answer"],
  status: ["reject"],
  sound: ["play", "hold", "consult"],
  loop: ["play", "say"],
  to: ["play", "say", "mute", "unmute", "hold", "unhold"],
  parking: ["park"],
  targets: ["transfer", "consult", "invite", "fetch"],
  seconds: ["transfer", "consult", "invite", "park", "fetch"],
  recordTo: ["record"],
  recordToneSeconds: ["record"],
  recordMinutes: ["record"],
};
/** Who waits hears music where no sound is chosen, and may hear nothing; what is played is a sound. */
const waiting = ["tune", "none"];

function judged(name: string, value: string, isRight: (given: string) => boolean): Property {
  return {
    value,
    validate(given, _options) {
      // While its dialog is open, the node has what was chosen before.
      const action = text($("#node-input-action").val() ?? this["action"]);
      const isUsed = (uses[name] ?? []).includes(action);
      return !isUsed || isRight(text(given)) || words(`error.${name}`);
    },
  };
}

const isNumber = (least: number, most: number) => (given: string) => isWithin(given, least, most);

RED.nodes.registerType("call-control", {
  category: "portero",
  color: colour,
  icon: "control.svg",
  defaults: {
    name: { value: "" },
    action: { value: "play" },
    by: { value: "" },
    sound: { value: "ring-back" },
    country: { value: usualCountry },
    source: soundField(words, "payload"),
    sourceType: { value: "msg" },
    loop: { value: false },
    to: { value: "door" },
    status: judged("status", "486", (given) => given === "" || /^[4-6]\d\d$/.test(given)),
    targets: judged("targets", "", () => true),
    seconds: judged("seconds", "", isNumber(1, 3600)),
    parking: { value: "", type: "parking-place", required: false },
    recordTo: { value: "file" },
    recordToneSeconds: judged("recordToneSeconds", "", isNumber(0, 3600)),
    recordMinutes: judged("recordMinutes", "", isNumber(0.01, 240)),
  },
  inputs: 1,
  outputs: 2,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(index === 0 ? "output.done" : "output.failed"),
  paletteLabel: "call control",
  label() {
    const action = text(this["action"]);
    const sound = action === "play" ? ` ${words(`sound.${text(this["sound"])}`)}` : "";
    const targets = (uses["targets"] ?? []).includes(action) ? ` ${text(this["targets"])}` : "";
    return this.name || `${words(`action.${action}`)}${sound}${targets}`.trim();
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    styled($("#node-input-name").parent());
    const types = ["msg", "str", "flow", "global", "env"];
    $("#node-input-source").typedInput({ types, default: "msg", typeField: $("#node-input-sourceType") });
    countryChoice($("#node-input-country"), text(this["country"]));
    const [action, sound] = [$("#node-input-action"), $("#node-input-sound")];
    chooseFirst($("#node-input-to"), $("#node-input-recordTo"));
    // A node that is older than these plays ring-back.
    if (action.val() === null) action.val("play");
    if (sound.val() === null) sound.val("ring-back");
    const show = () => {
      const chosen = text(action.val());
      for (const [name, actions] of Object.entries(uses)) $(`#portero-${name}`).toggle(actions.includes(chosen));
      // What cannot be meant is not shown as chosen.
      if (chosen === "play" && waiting.includes(text(sound.val()))) sound.val("ring-back");
      for (const name of waiting)
        sound
          .find(`option[value="${name}"]`)
          .prop("disabled", chosen === "play")
          .toggle(chosen !== "play");
      const heard = (uses["sound"] ?? []).includes(chosen) ? text(sound.val()) : "";
      $("#portero-country").toggle(heard !== "" && heard !== "file" && !waiting.includes(heard));
      $("#portero-source").toggle(chosen === "say" || heard === "file");
    };
    let before = text(action.val());
    action.on("change", () => {
      const chosen = text(action.val());
      // Who waits hears music, unless somebody says otherwise.
      if (chosen !== before && (chosen === "hold" || chosen === "consult")) sound.val("tune");
      before = chosen;
      show();
    });
    sound.on("change", show);
    show();
  },
});
