// The part "Reports of the device" of a door's dialog: the addresses that a device calls (hooks), each with a button that
// copies it, and how it is asked what happens.
import { reportWords } from "../../src/door/reports.ts";
import { copyButton, text, type Words } from "../editor/dialog.ts";
import type { EditedNode, Editor, JQuery, Query } from "../editor/red.d.ts";
import { input, labelled, select } from "../editor/rows.ts";

declare const RED: Editor;
declare const $: JQuery;

/** What is known of a make. */
export interface Telling {
  readonly hooks?: readonly { readonly word: string; readonly where: string }[];
  /** Whether it can be asked what happens. */
  readonly polls?: boolean;
}

interface Rule {
  word: string;
  when: string;
  until?: string;
}

const field = (name: string): Query => $(`#node-config-input-${name}`);
const list = () => $("#portero-door-rules");
const rulesOf = (value: unknown): Rule[] => (Array.isArray(value) ? (value as Rule[]) : []);
const key = (word: string) => `report.${word.replace("/", "-")}`;

/** What is wrong with a list of rules. */
export function ruleFault(words: Words, value: unknown): true | string {
  for (const { when } of rulesOf(value)) {
    try {
      new RegExp(when);
    } catch {
      return words("error.pattern", { pattern: when });
    }
  }
  return true;
}

/** Makes the part; the result shows what is known of the make that is chosen. `host` is this machine as devices reach it. */
export function prepareReports(node: EditedNode, words: Words, host: () => string): (make: Telling) => void {
  let make: Telling = {};
  let path = "";
  const base = () => {
    const url = new URL(`${RED.settings.httpNodeRoot ?? "/"}${path}`, location.href);
    // A device cannot call what this browser calls its own machine.
    if (/^(localhost|127\.|\[::1\])/.test(url.hostname) && host() !== "") url.hostname = host();
    return url.href;
  };
  const rows = $("#portero-door-hooks");
  const draw = () => {
    rows.empty();
    for (const word of path === "" ? [] : reportWords) {
      const where = make.hooks?.find((hook) => hook.word === word)?.where;
      const row = $("<div>").css({ display: "flex", "align-items": "center", gap: "8px", "margin-top": "4px" });
      row.appendTo(rows).attr("data-word", word);
      const button = $("<button type='button' class='red-ui-button red-ui-button-small'>").appendTo(row);
      button.append($("<i>").addClass("fa fa-clipboard")).attr("title", `${base()}/${word}`);
      copyButton(button, words("copied.hook"), () => `${base()}/${word}`, "");
      $("<span>")
        .css({ flex: "0 0 120px" })
        .text(words(key(word)))
        .appendTo(row);
      $("<span>")
        .css({ color: "var(--red-ui-secondary-text-color)", "font-size": "0.9em" })
        .text(where ?? "")
        .appendTo(row);
    }
  };
  const ask = () => {
    const round = encodeURIComponent(text(field("hookRound").val()));
    $.getJSON(`portero/hook/${encodeURIComponent(node.id)}?round=${round}`, (answer: { path: string }) => {
      path = answer.path;
      draw();
    }).fail(() => {});
  };
  const isOn = () => field("hooks").prop("checked") === true;
  const showHooks = () => {
    $("#portero-door-hooking").toggle(isOn());
    if (isOn() && path === "") ask();
  };
  field("hooks").on("change", showHooks);
  showHooks();
  $("#portero-renew-hooks").on("click", (event) => {
    event.preventDefault();
    field("hookRound").val(Date.now().toString(36));
    ask();
    RED.notify(words("label.renewed"), "warning");
  });

  list().editableList({
    ...{ removable: true, sortable: true, height: "auto", addButton: words("label.add-rule") },
    addItem: (row: Query, _index, item: Partial<Rule>) => {
      const line = $("<div>").css({ display: "flex", gap: "6px" }).appendTo(row);
      const choices = reportWords.map((word) => [word, words(key(word))] as const);
      const chosen = select(choices, item.word ?? "press").addClass("portero-rule-word");
      labelled(line, words("label.rule-word"), "", chosen, "34%");
      const when = input(item.when).addClass("portero-rule-when").attr("placeholder", words("placeholder.rule-when"));
      labelled(line, words("label.rule-when"), words("title.rule-when"), when, "66%");
    },
  });
  for (const rule of rulesOf(node["pollRules"])) list().editableList("addItem", rule);
  const showPoll = () => {
    const isKnown = make.polls === true;
    $("#portero-poll-preset").prop("disabled", !isKnown);
    $("#portero-poll-unknown").toggle(field("poll").val() === "preset" && !isKnown);
  };
  field("poll").on("change", showPoll);
  showPoll();
  return (known) => {
    make = known;
    draw();
    showPoll();
  };
}

/** Takes the list of rules into the node. */
export function saveReports(node: EditedNode): void {
  const rules: Rule[] = [];
  list()
    .editableList("items")
    .each((_index, element) => {
      const value = (name: string) => text($(element).find(`.portero-rule-${name}`).val());
      if (value("when") !== "") rules.push({ word: value("word"), when: value("when") });
    });
  // What the dialog has no field for stays with its pattern.
  const before = rulesOf(node["pollRules"]);
  const kept = rules.map((rule) => before.find((old) => old.word === rule.word && old.when === rule.when) ?? rule);
  if (JSON.stringify(kept) !== JSON.stringify(before)) node.changed = true;
  node["pollRules"] = kept;
}
