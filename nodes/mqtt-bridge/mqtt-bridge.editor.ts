// The dialog of mqtt-bridge: a broker, and what MQTT may do to the doors.
import { chosen, colour, text, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";

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
    base: {
      value: "doorbell",
      validate: (value, _options) => /^[^+#\s]*[^+#\s/]$/.test(text(value)) || words("error.base"),
    },
    commands: { value: "off" },
    snapshots: { value: false },
    clearRetained: { value: false },
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
    const show = () => {
      $("#portero-own-broker").toggle(chosen($("#node-input-broker")) === "");
      $("#portero-commands-tip").text(words(`tip.${text($("#node-input-commands").val()) || "off"}`));
    };
    $("#node-input-broker").on("change", show);
    $("#node-input-commands").on("change", show);
    show();
  },
  oneditsave() {
    // A user and password typed into the URL belong to the credentials (P7). The user part ends at the last @.
    const found = /^([a-z]+:\/\/)([^/?#]*)@([^@/?#]+.*)$/i.exec(text($("#node-input-url").val()));
    if (!found) return;
    const [, scheme = "", login = "", rest = ""] = found;
    const [user = "", ...password] = login.split(":");
    $("#node-input-url").val(scheme + rest);
    $("#node-input-username").val(user);
    if (password.length > 0) $("#node-input-password").val(password.join(":"));
  },
});
