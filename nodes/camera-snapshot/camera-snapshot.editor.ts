// The dialog of camera-snapshot.
import { chooseFirst, colour, isWithin, showFor, styled, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import { fingerprint, moveLogin } from "../editor/logins.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";
import { keep } from "../editor/rows.ts";
import { chosenSources, sourceList } from "../editor/sources.ts";
import { boxesIn } from "../boxes.ts";
import type { Trial } from "./camera-snapshot.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("camera-snapshot");

RED.nodes.registerType("camera-snapshot", {
  category: "portero",
  color: colour,
  icon: "camera.svg",
  defaults: {
    name: { value: "" },
    from: { value: "door" },
    door: { value: "", type: "door", required: false },
    sources: { value: [] },
    url: {
      value: "",
      validate(value, _options) {
        const isRight = this["from"] !== "url" || /^(?:https?|rtsps?):\/\/[^@]+$/i.test(text(value));
        return isRight || words("error.url");
      },
    },
    verifyTls: { value: true },
    pin: { value: "", validate: (value, _options) => fingerprint.test(text(value)) || words("error.pin") },
    urlFromMessage: { value: false },
    timeout: { value: "", validate: (value, _options) => isWithin(value, 1, 60) || words("error.timeout") },
    movie: { value: false },
    width: wholeNumber(words, 1, 4096),
    height: wholeNumber(words, 1, 4096),
    fit: { value: "contain" },
    rotate: { value: "0" },
    quality: wholeNumber(words, 1, 100),
    crop: {
      value: "",
      validate: (value, _options) => (boxesIn(text(value))?.length ?? 2) < 2 || words("error.box"),
    },
    masks: { value: "", validate: (value, _options) => boxesIn(text(value)) !== undefined || words("error.boxes") },
    caption: { value: false },
    thumbnail: wholeNumber(words, 16, 1024),
    burst: wholeNumber(words, 1, 20),
    everyMs: wholeNumber(words, 200, 60_000),
    output: { value: "buffer" },
    folder: {
      value: "",
      validate(value, _options) {
        return this["output"] !== "file" || /^(?:\/|[A-Za-z]:[\\/]|\$\{)/.test(text(value)) || words("error.folder");
      },
    },
  },
  credentials: { username: { type: "text" }, password: { type: "password" } },
  inputs: 1,
  outputs: 2,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(index === 0 ? "output.picture" : "output.failed"),
  paletteLabel: "camera snapshot",
  label() {
    return this.name || words("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    styled($("#node-input-name").parent());
    const from = $("#node-input-from");
    chooseFirst(from);
    showFor(from, "from");
    sourceList($("#portero-sources"), words, this["sources"]);
    const verify = $("#node-input-verifyTls");
    // A node from before this setting has checked certificates, as new ones do.
    if (this["verifyTls"] === undefined) verify.prop("checked", true);
    const output = $("#node-input-output");
    const show = () => void $("#portero-folder").toggle(output.val() === "file");
    chooseFirst(output, $("#node-input-fit"), $("#node-input-rotate"));
    output.on("change", show);
    show();
    const tried = $("#portero-tried");
    $("#portero-try").on("click", (event) => {
      event.preventDefault();
      tried.text(words("status.fetching"));
      $.ajax({
        url: `portero/snapshot/${this.id}/try`,
        type: "POST",
        success: (answer) => {
          const { image, kilobytes, ms } = answer as Trial;
          tried.text(words("label.tried", { kilobytes, ms }));
          $("<img>").attr("src", image).css({ display: "block", "max-width": "100%" }).appendTo(tried);
        },
        error: (answer) => void tried.text(answer.responseJSON?.reason ?? words("label.not-deployed")),
      });
    });
  },
  oneditsave() {
    keep(this, "sources", chosenSources($("#portero-sources")));
    moveLogin($("#node-input-url"), $("#node-input-username"), $("#node-input-password"), words);
  },
});
