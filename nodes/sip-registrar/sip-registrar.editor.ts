// The dialog of the registrar: a list of extensions, and one of ring groups. Own passwords of the list lie in one credential; those that the
// system makes are only shown to be copied. What few devices need stands in a second line of their row.
import {
  chooseOnly,
  chosen,
  colour,
  copyButton,
  isExtension,
  remembered,
  stored,
  text,
  wordsOf,
} from "../editor/dialog.ts";
import { Generated } from "../editor/generated.ts";
import { groupFault, groupList, groupsIn } from "../editor/groups.ts";
import { writeList } from "../editor/list-text.ts";
import { textList } from "../editor/list-view.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";
import {
  columnNames,
  fieldsIn,
  fill,
  gridOf,
  input,
  keep,
  lineOf,
  plain,
  refill,
  rowsOf,
  unfold,
} from "../editor/rows.ts";
import { isDevices, optionFaults, Options, type Option } from "./options.editor.ts";

declare const RED: Editor;
declare const $: JQuery;

interface Row extends Partial<Record<Option, string>> {
  number?: string;
  name?: string;
  login?: string;
  maxContacts?: string | number;
}

/** A row with its own password, as the dialog has it. */
interface Extension extends Row {
  password: string;
}

interface Fields {
  number: Query;
  name: Query;
  login: Query;
  password: Query;
  contacts: Query;
  options: Options;
}

const words = wordsOf("sip-registrar");
// Two buttons stand behind them, also where the dialog is small.
const columns = { number: "14%", name: "22%", login: "14%", password: "19%", contacts: "9%" } as const;
const extensionsOf = (value: unknown): Row[] => rowsOf(value) as Row[];
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
  const numbers = extensionsOf(value).map((row) => text(row.number));
  const wrong = numbers.find((number) => !isExtension(number));
  if (wrong !== undefined) return words("error.number", { number: wrong || "?" });
  const twice = numbers.find((number, index) => numbers.indexOf(number) !== index);
  if (twice !== undefined) return words("error.twice", { number: twice });
  return extensionsOf(value).flatMap(rowFaults)[0] ?? true;
}

function rowFaults(row: Row): string[] {
  const number = text(row.number);
  return [
    ...(/["\\\s]/.test(text(row.login)) ? [words("error.login", { number })] : []),
    ...(isDevices(row.maxContacts) ? [] : [words("error.contacts", { number })]),
    ...optionFaults(words, number, row),
  ];
}

const list = () => $("#node-input-list");

/** The rows as they stand there. */
const extensionsIn = (): Extension[] =>
  (fieldsIn(list()) as Fields[]).map((fields) => ({
    ...{ number: text(fields.number.val()), name: text(fields.name.val()), login: text(fields.login.val()) },
    ...fields.options.given,
    ...{ maxContacts: text(fields.contacts.val()), password: text(fields.password.val()) },
  }));

/** The list as a text: what two hundred flats are typed, pasted and handed out by. */
function extensionsAsText(generated: Generated): void {
  const copy = $("<button>").attr("type", "button").addClass("red-ui-button").text(words("list.copy"));
  const withPasswords = () => {
    const rows = extensionsIn();
    const fields = rows.map(({ number = "", name = "", login = "", password }) =>
      [number, name, login || number, password || generated.of(number), generated.server].map((one) => one ?? ""),
    );
    if (rows.length === 0 || fields.some(([, , , password]) => password === "")) return undefined;
    return writeList(["number", "name", "login", "password", "server"], fields, "\t");
  };
  generated.asking = (isAsking) => void copy.prop("disabled", isAsking);
  copyButton(copy, words("list.copied"), withPasswords, words("label.no-password"));
  textList(list(), $("#portero-extensions-text"), words, {
    columns: [
      { name: "number", called: [words("column.number"), "extension"] },
      { name: "name", called: [words("column.name")] },
      { name: "login", called: [words("column.login"), "user", "username"] },
      { name: "password", called: [words("column.password"), "secret"] },
      { name: "maxContacts", called: [words("column.contacts"), "contacts"] },
    ],
    shown: ["number", "name", "login", "maxContacts"],
    rows: extensionsIn,
    fieldsOf: (row) => [row.number, row.name, row.login, row.maxContacts].map(text),
    rowOf: (cells, had) => ({
      ...(had ?? { number: "", name: "", login: "", maxContacts: "", password: "" }),
      ...cells,
    }),
    keyOf: ({ number }) => text(number),
    fault: (rows) => [checkRows(rows)].find((fault) => fault !== true),
    take: (rows) => {
      refill(list(), rows);
      generated.ask();
    },
    more: [copy],
  });
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
        const numbers = extensionsOf(this["extensions"]).map((row) => text(row.number));
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
    chooseOnly($("#node-input-endpoint"));
    const hidden = $("#node-input-passwords");
    const fillPasswords = () => {
      for (const { number, password } of fieldsIn($("#node-input-list")) as Fields[]) {
        const own = passwords[text(number.val())];
        if (own !== undefined && text(password.val()) === "") password.val(own);
      }
    };
    const given = text(hidden.val());
    passwords = given === stored ? {} : read(given);

    const generated = new Generated(
      () => chosen($("#node-input-endpoint")),
      () => (fieldsIn(list()) as Fields[]).map(({ number }) => text(number.val())),
    );
    const names = Object.entries(columns).map(([name, width]) => [words(`column.${name}`), width] as const);
    const rowWords = remembered(words);
    fill(list(), extensionsOf(this["extensions"]) as Partial<Extension>[], {
      header: columnNames(names),
      add: words("label.add"),
      row: (row, item): Fields => {
        const [line, more] = [lineOf(row), gridOf(row)];
        const typed = (key: keyof typeof columns, value: unknown) =>
          plain(line, rowWords, key, input(value).attr("autocomplete", "new-password"), columns[key]);
        const own = item.password ?? passwords[text(item.number)];
        const fields: Fields = {
          number: typed("number", item.number),
          name: typed("name", item.name),
          login: typed("login", item.login),
          password: typed("password", own).attr("type", "password"),
          contacts: typed("contacts", item.maxContacts),
          options: new Options(item),
        };
        const button = $("<button>")
          .attr("type", "button")
          .addClass("red-ui-button")
          .attr("title", rowWords("label.copy"));
        button.append($("<i>").addClass("fa fa-clipboard")).appendTo(line);
        // Hardly any phone needs the second line: it is shown where something stands in it.
        const { options } = fields;
        unfold(line, more, rowWords("label.more"), options.isSet, () => options.draw(more, rowWords));
        fields.number.on("change", () => generated.ask());
        const password = () => text(fields.password.val()) || generated.of(text(fields.number.val()));
        copyButton(button, rowWords("label.copied"), password, rowWords("label.no-password"));
        return fields;
      },
    });
    $("#node-input-endpoint").on("change", () => generated.ask());
    extensionsAsText(generated);
    generated.ask();
    groupList($("#node-input-groups-list"), words, this["groups"], () =>
      extensionsIn().map(({ number }) => text(number)),
    );
    if (given === stored) {
      $.getJSON(`portero/registrar/${this.id}`, (answer: { passwords: Record<string, string> }) => {
        passwords = answer.passwords;
        fillPasswords();
      }).fail(() => {});
    }
  },
  oneditsave() {
    const own: Record<string, string> = {};
    const rows = extensionsIn().map(({ password, ...row }): Row => {
      if (password !== "") own[text(row.number)] = password;
      return row;
    });
    keep(this, "extensions", rows);
    keep(this, "groups", groupsIn($("#node-input-groups-list")));
    const wasStored = text($("#node-input-passwords").val()) === stored;
    const unchanged = JSON.stringify(own) === JSON.stringify(passwords);
    if (!unchanged) this.changed = true;
    if (!(wasStored && unchanged)) {
      $("#node-input-passwords").val(Object.keys(own).length === 0 ? "" : JSON.stringify(own));
    }
  },
});
