// "Opening" in the door's dialog: its relays and who may open, in lists; and the codes, which are no part of the flow: what is
// made or revoked here is so at once.
import { chooseFirst, several, stored, text, type Words } from "../editor/dialog.ts";
import type { EditedNode, Editor, JQuery, Property, Query } from "../editor/red.d.ts";
import { fieldsIn, fill, input, keep, labelled, rowsOf, select, typedIn, unfold, wrapped } from "../editor/rows.ts";
import { rightKinds } from "../../src/door/rights.ts";
import { timeForm } from "../../src/schedule.ts";
import { isSlug } from "../../src/slug.ts";

declare const RED: Editor;
declare const $: JQuery;

const keyForm = /^$|^[0-9#A-D]{1,4}$/;
const time = new RegExp(`^$|${timeForm}`);
const moment = /^$|^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/;
const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

type Row = Record<string, string>;
const listOf = (value: unknown): Row[] => rowsOf(value) as Row[];

const relayColumns = { id: "19%", name: "25%", number: "13%", code: "20%", key: "13%" } as const;
const rightColumns = { who: "46%", names: "calc(54% - 46px)" } as const;
const rightMore = { relays: "30%", days: "62%", from: "18%", to: "18%", validFrom: "28%", validUntil: "28%" } as const;

/** The settings, with what is wrong with them. */
export const openingDefaults = (words: Words) =>
  ({
    openBy: { value: "" },
    openKey: { value: "", validate: (value, _options) => keyForm.test(text(value)) || words("error.open-key") },
    codesFrom: { value: "" },
    relays: { value: [], validate: (value, _options) => relayFault(listOf(value), words) ?? true },
    rights: { value: [], validate: (value, _options) => rightFault(listOf(value), words) ?? true },
  }) satisfies Record<string, Property>;

function relayFault(rows: readonly Row[], words: Words): string | undefined {
  const ids = rows.map((row) => text(row["id"]));
  const wrong = ids.find((id) => !isSlug(id));
  if (wrong !== undefined) return words("error.relay", { relay: wrong || "?" });
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) return words("error.relay-twice", { relay: twice });
  return rows.every((row) => keyForm.test(text(row["key"]))) ? undefined : words("error.open-key");
}

function rightFault(rows: readonly Row[], words: Words): string | undefined {
  for (const [at, row] of rows.entries()) {
    const line = at + 1;
    if (![row["from"], row["to"]].every((one) => time.test(text(one)))) return words("error.right-time", { line });
    if (![row["validFrom"], row["validUntil"]].every((one) => moment.test(text(one))))
      return words("error.right-date", { line });
  }
  return undefined;
}

/** Digits of the relays, by their short names, as far as this dialog knows them. */
let digits: Record<string, string> = {};

function relayList(list: Query, rows: readonly Row[], words: Words): void {
  fill(list, rows, {
    add: words("label.add-relay"),
    row: (row, item) => {
      const line = wrapped(row);
      const fields: Record<string, Query> = {};
      for (const [name, width] of Object.entries(relayColumns)) {
        const field = input(name === "code" ? digits[text(item["id"])] : item[name]);
        if (name === "code") field.attr("type", "password").attr("autocomplete", "new-password");
        fields[name] = labelled(line, words(`relay.${name}`), words(`relay.${name}-title`), field, width);
      }
      return fields;
    },
  });
}

function rightList(list: Query, rows: readonly Row[], words: Words): void {
  fill(list, rows, {
    add: words("label.add-right"),
    row: (row, item) => {
      const line = wrapped(row);
      const more = wrapped(row);
      const fields: Record<string, Query> = {};
      const choices = rightKinds.map((who) => [who, words(`who.${who}`)] as const);
      for (const [name, width] of Object.entries(rightColumns)) {
        const field = name === "who" ? select(choices, item["who"] ?? "extension") : input(item[name]);
        fields[name] = labelled(line, words(`right.${name}`), words(`right.${name}-title`), field, width);
      }
      unfold(
        line,
        more,
        words("label.more-right"),
        Object.keys(rightMore).some((name) => text(item[name]) !== ""),
      );
      for (const [name, width] of Object.entries(rightMore))
        fields[name] = labelled(more, words(`right.${name}`), words(`right.${name}-title`), input(item[name]), width);
      const named = weekdays.map((value) => ({ value, label: words(`day.${value}`) }));
      fields["days"]?.typedInput({ types: [several(named, words("label.every-day"))] });
      return fields;
    },
  });
}

interface CodeView {
  name: string;
  uses?: number;
  used: number;
  validUntil?: string;
}

/** The codes that there are, with a cross for each, and a line to make another. */
function codeList(place: Query, id: string, words: Words): (codes: readonly CodeView[]) => void {
  const ask = (what: string, body: object, done: (answer: never) => void): void => {
    $.ajax({
      ...{
        url: `portero/door/${id}/${what}`,
        type: "POST",
        contentType: "application/json",
        data: JSON.stringify(body),
      },
      success: (answer) => done(answer as never),
      error: ({ responseJSON }) => RED.notify(responseJSON?.reason ?? words("error.codes"), "error"),
    });
  };
  const show = (codes: readonly CodeView[]): void => {
    place.empty();
    for (const { name, uses, used, validUntil } of codes) {
      const line = $("<div>").css({ display: "flex", "align-items": "center", gap: "8px" }).appendTo(place);
      const until =
        validUntil === undefined ? "" : `, ${words("code.until", { time: new Date(validUntil).toLocaleString() })}`;
      const left = uses === undefined ? "" : `, ${words("code.left", { uses })}`;
      $("<span>")
        .css("flex", "1")
        .text(`${name} · ${words("code.used", { used })}${left}${until}`)
        .appendTo(line);
      $("<button>")
        .attr("type", "button")
        .attr("title", words("code.revoke"))
        .addClass("red-ui-button red-ui-button-small")
        .append($("<i>").addClass("fa fa-times"))
        .appendTo(line)
        .on("click", () => {
          ask("codes/revoke", { name }, () => show(codes.filter((code) => code.name !== name)));
        });
    }
    const line = wrapped(place);
    const name = labelled(line, words("code.name"), words("code.name-title"), input(""), "40%");
    const code = labelled(line, words("code.code"), words("code.code-title"), input(""), "30%");
    code.attr("type", "password").attr("autocomplete", "new-password").attr("placeholder", words("code.made-up"));
    $("<button>")
      .attr("type", "button")
      .addClass("red-ui-button")
      .css("align-self", "flex-end")
      .text(words("code.make"))
      .appendTo(line)
      .on("click", () => {
        const own = text(code.val());
        ask(
          "codes",
          { name: text(name.val()), ...(own === "" ? {} : { code: own }) },
          (made: CodeView & { code: string }) => {
            show([...codes, made]);
            RED.notify(words("code.made", { name: made.name, code: made.code }), "success");
          },
        );
      });
  };
  return show;
}

export function prepareOpening(node: EditedNode, words: Words): void {
  const field = (name: string): Query => $(`#node-config-input-${name}`);
  chooseFirst(field("openBy"), field("codesFrom"));
  const relays = $("#portero-door-relays");
  digits = {};
  relayList(relays, listOf(node["relays"]), words);
  rightList($("#portero-door-rights"), listOf(node["rights"]), words);
  const codes = $("#portero-door-codes");
  codes.text(words("label.codes-later"));
  const show = codeList(codes, node.id, words);
  $.getJSON(`portero/door/${node.id}/opening`, (answer: { relays: Record<string, string>; codes: CodeView[] }) => {
    digits = answer.relays;
    for (const { id, code } of fieldsIn(relays) as Record<string, Query>[]) {
      const own = digits[text(id?.val())];
      if (own !== undefined && text(code?.val()) === "") code?.val(own);
    }
    show(answer.codes);
  }).fail(() => {});
}

export function saveOpening(node: EditedNode): void {
  const relays = typedIn($("#portero-door-relays"), Object.keys(relayColumns));
  const own = Object.fromEntries(relays.flatMap(({ id = "", code = "" }) => (code === "" ? [] : [[id, code]])));
  keep(
    node,
    "relays",
    relays.map(({ code: _, ...row }) => row),
  );
  keep(node, "rights", typedIn($("#portero-door-rights"), Object.keys({ ...rightColumns, ...rightMore })));
  const hidden = $("#node-config-input-relayCodes");
  const unchanged = JSON.stringify(own) === JSON.stringify(digits);
  if (!unchanged) node.changed = true;
  if (!(text(hidden.val()) === stored && unchanged)) hidden.val(relays.length === 0 ? "" : JSON.stringify(own));
}
