// The part "Reports of the device" of a door's dialog: the addresses that a device calls (hooks), each with a button that
// copies it, and how it is asked what happens.
import { reportWords } from "../../src/door/reports.ts";
import { copyButton, text, type Words } from "../editor/dialog.ts";
import type { EditedNode, Editor, JQuery, Query } from "../editor/red.d.ts";
import { fill, input, keep, labelled, lineOf, rowsOf, select, typedIn } from "../editor/rows.ts";

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
const rulesOf = (value: unknown): Rule[] => rowsOf(value) as Rule[];
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

  fill(list(), rulesOf(node["pollRules"]) as Partial<Rule>[], {
    add: words("label.add-rule"),
    row: (row, item) => {
      const line = lineOf(row).css("gap", "6px");
      const choices = reportWords.map((word) => [word, words(key(word))] as const);
      const word = select(choices, item.word ?? "press").addClass("portero-rule-word");
      labelled(line, words("label.rule-word"), "", word, "34%");
      const when = input(item.when).addClass("portero-rule-when").attr("placeholder", words("placeholder.rule-when"));
      labelled(line, words("label.rule-when"), words("title.rule-when"), when, "66%");
      return { word, when };
    },
  });
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
  const rules: Rule[] = typedIn(list(), ["word", "when"]).filter(({ when }) => when !== "");
  // What the dialog has no field for stays with its pattern.
  const before = rulesOf(node["pollRules"]);
  const kept = rules.map((rule) => before.find((old) => old.word === rule.word && old.when === rule.when) ?? rule);
  keep(node, "pollRules", kept);
}
