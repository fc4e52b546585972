// The dialog of a conference room: its numbers, who may open, what is heard.
import { chooseOnly, isExtension, styled, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import { soundField } from "../editor/logins.ts";
import type { Editor, JQuery, Property } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("conference-room");

const number = (value: string, other: "visitorNumber" | "memberNumber"): Property => ({
  value,
  validate(given, _options) {
    if (text(given) === "") return true;
    if (text(given) === text(this[other])) return words("error.twice");
    return isExtension(given) || words("error.extension");
  },
});

RED.nodes.registerType("conference-room", {
  category: "config",
  defaults: {
    name: { value: "", validate: (value, _options) => text(value) !== "" || words("error.name") },
    endpoint: { value: "", type: "sip-endpoint", required: true },
    visitorNumber: number("777", "memberNumber"),
    memberNumber: number("888", "visitorNumber"),
    most: wholeNumber(words, 2, 50, "10"),
    music: soundField(words),
    tones: { value: false },
    stay: { value: false },
    mayOpen: {
      value: "",
      validate: (value, _options) =>
        text(value)
          .split(/[\s,;]+/)
          .filter(Boolean)
          .every(isExtension) || words("error.list"),
    },
  },
  label() {
    const members = text(this["memberNumber"]);
    return (this.name || words("label.node")) + (members === "" ? "" : ` (${members})`);
  },
  oneditprepare() {
    styled($("#node-config-input-name").parent());
    chooseOnly($("#node-config-input-endpoint"));
  },
});
