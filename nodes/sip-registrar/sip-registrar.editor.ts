// The dialog of the registrar: a list of extensions. Own passwords of the list lie in one credential; those that the
// system makes are only shown to be copied.
import { chosen, colour, copyButton, generatedPassword, isExtension, stored, text, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

interface Row {
  number?: string;
  name?: string;
  login?: string;
  maxContacts?: string | number;
}

interface Fields {
  number: Query;
  name: Query;
  login: Query;
  password: Query;
  contacts: Query;
}

const words = wordsOf("sip-registrar");
const widths = new Map<keyof Fields, string>([
  ["number", "15%"],
  ["name", "25%"],
  ["login", "18%"],
  ["password", "22%"],
  ["contacts", "10%"],
]);
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
  return twice === undefined || words("error.twice", { number: twice });
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
  },
  credentials: { passwords: { type: "password" } },
  inputs: 1,
  outputs: 3,
  inputLabels: () => words("label.input"),
  outputLabels: (index) => words(`output.${["registered", "unregistered", "refused"][index] ?? ""}`),
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
    for (const [key, width] of widths)
      $("<span>")
        .css({ width, "margin-right": "6px" })
        .text(words(`column.${key}`))
        .appendTo(header);
    $("#node-input-list").editableList({
      header,
      removable: true,
      sortable: true,
      height: "auto",
      addButton: words("label.add"),
      addItem: (row, _index, item: Row) => {
        row.css({ display: "flex", "align-items": "center" });
        const fields: Fields = {
          number: input(row, "number", item.number),
          name: input(row, "name", item.name),
          login: input(row, "login", item.login),
          password: input(row, "password", passwords[text(item.number)], "password"),
          contacts: input(row, "contacts", item.maxContacts),
        };
        const button = $("<button>")
          .attr("type", "button")
          .addClass("red-ui-button")
          .attr("title", words("label.copy"));
        button.append($("<i>").addClass("fa fa-clipboard")).appendTo(row);
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
        rows.push({ ...row, maxContacts: text(fields.contacts.val()) });
      });
    const before = JSON.stringify(rowsOf(this["extensions"]));
    if (JSON.stringify(rows) !== before) this.changed = true;
    this["extensions"] = rows;
    const wasStored = text($("#node-input-passwords").val()) === stored;
    const unchanged = JSON.stringify(own) === JSON.stringify(passwords);
    if (!unchanged) this.changed = true;
    if (!(wasStored && unchanged)) {
      $("#node-input-passwords").val(Object.keys(own).length === 0 ? "" : JSON.stringify(own));
    }
  },
});
