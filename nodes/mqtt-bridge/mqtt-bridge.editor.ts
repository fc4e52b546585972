// The dialog of mqtt-bridge: a broker, and what MQTT may do to the doors.
import { isTopic } from "../../src/mqtt/topics.ts";
import { chooseFirst, chooseOnly, chosen, colour, tabs, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import { moveLogin, splitUrl } from "../editor/logins.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";
import { keyFault, keyList, keysIn } from "./keys.editor.ts";
import { keep } from "../editor/rows.ts";
import { messageFault, messageList, messagesIn } from "./messages.editor.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("mqtt-bridge");

RED.nodes.registerType("mqtt-bridge", {
  category: "portero",
  color: colour,
  icon: "mqtt.svg",
  defaults: {
    name: { value: "" },
    endpoint: { value: "", type: "sip-endpoint", required: true },
    broker: { value: "", type: "mqtt-broker", required: false },
    url: {
      value: "",
      validate: (value, _options) => /^$|^(mqtts?|wss?):\/\/[^@\s]+$/.test(text(value)) || words("error.url"),
    },
    tls: { value: "", type: "tls-config", required: false },
    version: { value: "" },
    clientId: { value: "" },
    keepAlive: wholeNumber(words, 1, 3600),
    base: {
      value: "doorbell",
      validate: (value, _options) => isTopic(text(value)) || words("error.base"),
    },
    commands: { value: "off" },
    keys: { value: [], validate: (value, _options) => keyFault(words, value) ?? true },
    signedOnly: { value: false },
    snapshots: { value: false },
    base64: { value: false },
    messages: {
      value: [],
      validate(value, _options) {
        return messageFault(words, value, text(this["base"]) || "doorbell") ?? true;
      },
    },
    clearRetained: { value: false },
    reports: { value: false },
    // A node that is older has none of it: off.
    discovery: { value: "home-assistant" },
    discoveryPrefix: {
      value: "",
      validate: (value, _options) => isTopic(text(value)) || words("error.base"),
    },
    openAs: { value: "button" },
  },
  credentials: { username: { type: "text" }, password: { type: "password" } },
  inputs: 1,
  outputs: 1,
  inputLabels: () => words("label.input"),
  outputLabels: () => words("output.commands"),
  paletteLabel: "mqtt bridge",
  label() {
    return this.name || text(this["base"]) || words("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    chooseOnly($("#node-input-endpoint"));
    tabs($("#portero-bridge-tabs"), words);
    for (const choice of ["version", "commands", "discovery", "openAs"]) chooseFirst($(`#node-input-${choice}`));
    const show = () => {
      const commands = text($("#node-input-commands").val()) || "off";
      $("#portero-own-broker").toggle(chosen($("#node-input-broker")) === "");
      $("#portero-bridge-tls").toggle(/^(mqtts|wss):/.test(text($("#node-input-url").val())));
      $("#portero-commands-tip").text(words(`tip.${commands}`));
      const discovery = text($("#node-input-discovery").val()) || "off";
      const isAssistant = discovery === "home-assistant" || discovery === "both";
      $("#portero-bridge-prefix").toggle(isAssistant);
      // Home Assistant cannot sign: it gets no button that would only be refused.
      $("#portero-bridge-openas").toggle(isAssistant && commands !== "off");
      $("#portero-discovery-tip").text(discovery !== "off" && commands === "off" ? words("tip.no-button") : "");
      // Where nobody may open unsigned, nobody may do anything else unsigned.
      $("#portero-bridge-signed").toggle(commands !== "off");
      $("#portero-bridge-base64").toggle($("#node-input-snapshots").prop("checked") === true);
    };
    for (const field of ["broker", "url", "commands", "snapshots", "discovery"])
      $(`#node-input-${field}`).on("change", show);
    keyList($("#portero-bridge-keys"), words, this.id, this["keys"]);
    messageList($("#portero-bridge-messages"), words, this["messages"]);
    show();
  },
  oneditsave() {
    keep(this, "keys", keysIn($("#portero-bridge-keys")));
    keep(this, "messages", messagesIn($("#portero-bridge-messages")));
    // What stands in the query of a broker's URL is no login that we could fill in.
    moveLogin($("#node-input-url"), $("#node-input-username"), $("#node-input-password"), words, splitUrl);
  },
});
