// The dialog of the registrar: a list of extensions, and one of ring groups. Own passwords of the list lie in one credential; those that the
// system makes are only shown to be copied. What few devices need stands in a second line of their row.
import { chosen, colour, copyButton, generatedPassword, isExtension, stored, text, wordsOf } from "../editor/dialog.ts";
import { codecFault } from "../editor/devices.ts";
import { groupFault, groupList, groupsIn, groupsOf } from "../editor/groups.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";
import { unfold } from "../editor/rows.ts";

declare const RED: Editor;
declare const $: JQuery;

/** What stands in the second line of a row. */
const options = [
  "codecs",
  "encryption",
  "dtmf",
  "directMedia",
  "rport",
  "qualify",
  "dropAfter",
  "maxCalls",
  "dndStatus",
] as const;
type Option = (typeof options)[number];
/** Those that are chosen and not typed; the empty one is named by what it means. */
const choices: Partial<Record<Option, Record<string, string>>> = {
  encryption: { "": "endpoint", off: "off", optional: "optional", required: "required" },
  dtmf: { "": "auto", rfc4733: "rfc4733", info: "info", "info-dtmf": "info-dtmf", inband: "inband" },
  directMedia: { "": "off", on: "on" },
  rport: { "": "asked", on: "on", off: "off" },
};

interface Row extends Partial<Record<Option, string>> {
  number?: string;
  name?: string;
  login?: string;
  maxContacts?: string | number;
}

interface Fields extends Record<Option, Query> {
  number: Query;
  name: Query;
  login: Query;
  password: Query;
  contacts: Query;
}

const words = wordsOf("sip-registrar");
const widths = new Map<keyof Fields, string>([
  ["number", "14%"],
  ["name", "24%"],
  ["login", "16%"],
  ["password", "21%"],
  ["contacts", "10%"],
  ["codecs", "14%"],
  ["encryption", "13%"],
  ["dtmf", "13%"],
  ["directMedia", "11%"],
  ["rport", "12%"],
  ["qualify", "9%"],
  ["dropAfter", "10%"],
  ["maxCalls", "8%"],
  ["dndStatus", "10%"],
]);
const columns = ["number", "name", "login", "password", "contacts"] as const;
const rowsOf = (value: unknown): Row[] => (Array.isArray(value) ? (value as Row[]) : []);
// Own passwords by number, as far as this dialog knows them.
let passwords: Record<string, string> = {};

const read = (json: string): Record<string, string> => {
  try {
    return JSON.parse(json) as Record<string, string>;
  } catch {
    return {};
  }
};

function checkRows(value: unknown): true | string {
  const numbers = rowsOf(value).map((row) => text(row.number));
  const wrong = numbers.find((number) => !isExtension(number));
  if (wrong !== undefined) return words("error.number", { number: wrong || "?" });
  const twice = numbers.find((number, index) => numbers.indexOf(number) !== index);
  if (twice !== undefined) return words("error.twice", { number: twice });
  return rowsOf(value).flatMap(checkOptions)[0] ?? true;
}

const statuses = /^(?!401|407)[46]\d\d$/;

/** What is wrong with a row's second line. */
function checkOptions(row: Row): string[] {
  const number = text(row.number);
  const isTime = (value: unknown, most: number) => {
    const seconds = text(value);
    return seconds === "" || (/^\d+$/.test(seconds) && Number(seconds) <= most);
  };
  return [
    codecFault(words, row.codecs, { number }) ?? [],
    isTime(row.qualify, 3600) ? [] : [words("error.qualify", { number })],
    isTime(row.dropAfter, 100) ? [] : [words("error.drop-after", { number })],
    text(row.maxCalls) === "" || /^([1-9]\d?|100)$/.test(text(row.maxCalls))
      ? []
      : [words("error.max-calls", { number })],
    text(row.dndStatus) === "" || statuses.test(text(row.dndStatus)) ? [] : [words("error.dnd-status", { number })],
  ].flat();
}

const input = (row: Query, key: keyof Fields, value: unknown, type = "text"): Query =>
  $("<input>")
    .attr("type", type)
    .attr("placeholder", words(`placeholder.${key}`))
    .attr("title", words(`label.${key}`))
    .attr("autocomplete", "new-password")
    .css({ width: widths.get(key) ?? "", "margin-right": "6px" })
    .val(text(value))
    .appendTo(row);

/** A field of the second line, with its name above it. */
function option(line: Query, key: Option, value: unknown): Query {
  const box = $("<label>")
    .css({ width: widths.get(key) ?? "", margin: "0 6px 0 0", "font-size": "smaller" })
    .append(
      $("<div>")
        .css("color", "var(--red-ui-secondary-text-color)")
        .text(words(`column.${key}`)),
    )
    .appendTo(line);
  const choice = choices[key];
  const field = choice ? $("<select>") : $("<input>").attr("type", "text");
  if (choice)
    for (const [chosenValue, word] of Object.entries(choice))
      $("<option>")
        .attr("value", chosenValue)
        .text(words(`${key}.${word}`))
        .appendTo(field);
  else field.attr("placeholder", words(`placeholder.${key}`));
  return field
    .attr("title", words(`label.${key}`))
    .css({ width: "100%", margin: "0" })
    .val(text(value))
    .appendTo(box);
}

RED.nodes.registerType("sip-registrar", {
  category: "portero",
  color: colour,
  icon: "registrar.svg",
  defaults: {
    name: { value: "" },
    endpoint: { value: "", type: "sip-endpoint", required: true },
    // Where accounts are added and edited; all of the endpoint's are told of, chosen or not.
    account: { value: "", type: "sip-account", required: false },
    extensions: { value: [], validate: (value, _options) => checkRows(value) },
    groups: {
      value: [],
      validate(value, _options) {
        const numbers = rowsOf(this["extensions"]).map((row) => text(row.number));
        return groupFault(words, value, numbers) ?? true;
      },
    },
  },
  credentials: { passwords: { type: "password" } },
  inputs: 1,
  outputs: 4,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(`output.${["registered", "unregistered", "refused", "news"][index] ?? ""}`),
  paletteLabel: "sip registrar",
  label() {
    return this.name || words("label.node");
  },
  labelStyle() {
    return this.name ? "node_label_italic" : "";
  },
  oneditprepare() {
    const hidden = $("#node-input-passwords");
    const fill = () => {
      $("#node-input-list")
        .editableList("items")
        .each((_index, element) => {
          const fields = $(element).data("fields") as Fields;
          const own = passwords[text(fields.number.val())];
          if (own !== undefined && text(fields.password.val()) === "") fields.password.val(own);
        });
    };
    const given = text(hidden.val());
    passwords = given === stored ? {} : read(given);

    // As wide as the rows: their handle on the left, their cross on the right.
    const header = $("<div>").css({ display: "flex", "margin-left": "23px", "margin-right": "17px" });
    for (const key of columns)
      $("<span>")
        .css({ width: widths.get(key) ?? "", "margin-right": "6px" })
        .text(words(`column.${key}`))
        .appendTo(header);
    $("#node-input-list").editableList({
      header,
      removable: true,
      sortable: true,
      height: "auto",
      addButton: words("label.add"),
      addItem: (row, _index, item: Row) => {
        const line = $("<div>").css({ display: "flex", "align-items": "center" }).appendTo(row);
        const more = $("<div>").css({ display: "flex", "align-items": "flex-end", "margin-top": "6px" }).appendTo(row);
        const fields: Fields = {
          number: input(line, "number", item.number),
          name: input(line, "name", item.name),
          login: input(line, "login", item.login),
          password: input(line, "password", passwords[text(item.number)], "password"),
          contacts: input(line, "contacts", item.maxContacts),
          codecs: option(more, "codecs", item.codecs),
          encryption: option(more, "encryption", item.encryption),
          dtmf: option(more, "dtmf", item.dtmf),
          directMedia: option(more, "directMedia", item.directMedia),
          rport: option(more, "rport", item.rport),
          qualify: option(more, "qualify", item.qualify),
          dropAfter: option(more, "dropAfter", item.dropAfter),
          maxCalls: option(more, "maxCalls", item.maxCalls),
          dndStatus: option(more, "dndStatus", item.dndStatus),
        };
        // Hardly any phone needs the second line: it is shown where something stands in it.
        const button = $("<button>")
          .attr("type", "button")
          .addClass("red-ui-button")
          .attr("title", words("label.copy"));
        button.append($("<i>").addClass("fa fa-clipboard")).appendTo(line);
        unfold(
          line,
          more,
          words("label.more"),
          options.some((name) => text(item[name]) !== ""),
        );
        let generated: string | undefined;
        const ask = () => {
          generated = undefined;
          generatedPassword(
            chosen($("#node-input-endpoint")),
            text(fields.number.val()),
            (found) => (generated = found),
          );
        };
        fields.number.on("change", ask);
        $("#node-input-endpoint").on("change", ask);
        ask();
        const password = () => text(fields.password.val()) || generated;
        copyButton(button, words("label.copied"), password, words("label.no-password"));
        // jQuery's data stays with the element when rows are moved.
        row.closest("li").find(".red-ui-editableList-item-content").data("fields", fields);
      },
    });
    for (const row of rowsOf(this["extensions"])) $("#node-input-list").editableList("addItem", row);
    groupList($("#node-input-groups-list"), words, groupsOf(this["groups"]));
    if (given === stored) {
      $.getJSON(`portero/registrar/${this.id}`, (answer: { passwords: Record<string, string> }) => {
        passwords = answer.passwords;
        fill();
      }).fail(() => {});
    }
  },
  oneditsave() {
    const rows: Row[] = [];
    const own: Record<string, string> = {};
    $("#node-input-list")
      .editableList("items")
      .each((_index, element) => {
        const fields = $(element).data("fields") as Fields;
        const number = text(fields.number.val());
        if (text(fields.password.val()) !== "") own[number] = text(fields.password.val());
        const row: Row = { number, name: text(fields.name.val()), login: text(fields.login.val()) };
        const set = options.flatMap((name) => (text(fields[name].val()) ? [[name, text(fields[name].val())]] : []));
        rows.push({ ...row, maxContacts: text(fields.contacts.val()), ...(Object.fromEntries(set) as Row) });
      });
    const before = JSON.stringify(rowsOf(this["extensions"]));
    if (JSON.stringify(rows) !== before) this.changed = true;
    this["extensions"] = rows;
    const groups = groupsIn($("#node-input-groups-list"));
    if (JSON.stringify(groups) !== JSON.stringify(groupsOf(this["groups"]))) this.changed = true;
    this["groups"] = groups;
    const wasStored = text($("#node-input-passwords").val()) === stored;
    const unchanged = JSON.stringify(own) === JSON.stringify(passwords);
    if (!unchanged) this.changed = true;
    if (!(wasStored && unchanged)) {
      $("#node-input-passwords").val(Object.keys(own).length === 0 ? "" : JSON.stringify(own));
    }
  },
});
