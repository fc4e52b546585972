// The dialog of a parking place: its numbers, how long a visitor waits there, and what comes after that.
import { chooseFirst, chooseOnly, styled, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import { soundField } from "../editor/logins.ts";
import type { Editor, JQuery, Property } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("parking-place");
/** What a blank field means. */
const usual = { parkNumber: "444", fetchNumber: "555", firstSlot: "701", lastSlot: "703" } as const;
type NumberName = keyof typeof usual;

const numberOf = (node: Record<string, unknown>, name: NumberName): string => text(node[name]) || usual[name];

const number = (
  name: NumberName,
  pattern: RegExp,
  fault: (node: Record<string, unknown>) => string | undefined,
): Property => ({
  value: usual[name],
  validate(given, _options) {
    if (text(given) !== "" && !pattern.test(text(given)))
      return words(name.endsWith("Slot") ? "error.slot" : "error.dialled");
    return fault({ ...this, [name]: given }) ?? true;
  },
});

/** What is wrong with the numbers together. */
function clash(node: Record<string, unknown>): string | undefined {
  const [park, fetch] = [numberOf(node, "parkNumber"), numberOf(node, "fetchNumber")];
  if (park === fetch) return words("error.twice", { number: park });
  const [first, last] = [numberOf(node, "firstSlot"), numberOf(node, "lastSlot")];
  const taken = [park, fetch].find((one) => one.length === first.length && one >= first && one <= last);
  return taken === undefined ? undefined : words("error.twice", { number: taken });
}

function order(node: Record<string, unknown>): string | undefined {
  const [first, last] = [numberOf(node, "firstSlot"), numberOf(node, "lastSlot")];
  const count = Number(last) - Number(first) + 1;
  return first.length === last.length && count >= 1 && count <= 100 ? undefined : words("error.order", { first, last });
}

RED.nodes.registerType("parking-place", {
  category: "config",
  defaults: {
    name: { value: "", validate: (value, _options) => text(value) !== "" || words("error.name") },
    endpoint: { value: "", type: "sip-endpoint", required: true },
    parkNumber: number("parkNumber", /^[0-9*#+]{1,32}$/, clash),
    fetchNumber: number("fetchNumber", /^[0-9*#+]{1,32}$/, clash),
    firstSlot: number("firstSlot", /^[0-9]{1,15}$/, () => undefined),
    lastSlot: number("lastSlot", /^[0-9]{1,15}$/, order),
    seconds: wholeNumber(words, 5, 3600, "60"),
    then: { value: "hang-up" },
    music: soundField(words),
    answerFirst: { value: true },
  },
  label() {
    return `${this.name || words("label.node")} (${numberOf(this, "parkNumber")})`;
  },
  oneditprepare() {
    styled($("#node-config-input-name").parent());
    chooseOnly($("#node-config-input-endpoint"));
    chooseFirst($("#node-config-input-then"));
  },
});
