// The dialog of camera-snapshot.
import { colour, wholeNumber, wordsOf } from "../editor/dialog.ts";
import type { Editor } from "../editor/red.d.ts";

declare const RED: Editor;

const words = wordsOf("camera-snapshot");

RED.nodes.registerType("camera-snapshot", {
  category: "portero",
  color: colour,
  icon: "camera.svg",
  defaults: {
    name: { value: "" },
    door: { value: "", type: "door", required: false },
    width: wholeNumber(words, 1, 4096),
    height: wholeNumber(words, 1, 4096),
    fit: { value: "contain" },
    rotate: { value: "0" },
    quality: wholeNumber(words, 1, 100),
    output: { value: "buffer" },
  },
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
});
