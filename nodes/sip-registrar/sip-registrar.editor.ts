// The dialog of the registrar: a list of extensions, and one of ring groups. Own passwords of the list lie in one credential; those that the
// system makes are only shown to be copied. What few devices need stands in a second line of their row.
import {
  chooseOnly,
  chosen,
  colour,
  copyButton,
  generatedPassword,
  isExtension,
  stored,
  text,
  wordsOf,
} from "../editor/dialog.ts";
import { codecFault } from "../editor/devices.ts";
import { groupFault, groupList, groupsIn } from "../editor/groups.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";
import {
  columnNames,
  fieldsIn,
  fill,
  gridOf,
  input,
  keep,
  labelled,
  lineOf,
  plain,
  rowsOf,
  select,
  unfold,
} from "../editor/rows.ts";

declare const RED: Editor;
declare const $: JQuery;

/** What stands in the second line of a row. */
const options = [
  "codecs",
  "encryption",
  "webrtc",
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
  webrtc: { "": "auto", off: "off", required: "required" },
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
  return extensionsOf(value).flatMap(checkOptions)[0] ?? true;
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

/** A field of the second line. */
function option(line: Query, key: Option, value: unknown): Query {
  const choice = Object.entries(choices[key] ?? {}).map(([one, word]) => [one, words(`${key}.${word}`)] as const);
  const field =
    choice.length > 0 ? select(choice, value) : input(value).attr("placeholder", words(`placeholder.${key}`));
  return labelled(line, words(`column.${key}`), words(`label.${key}`), field, "100%");
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

    const names = Object.entries(columns).map(([name, width]) => [words(`column.${name}`), width] as const);
    fill($("#node-input-list"), extensionsOf(this["extensions"]), {
      header: columnNames(names),
      add: words("label.add"),
      row: (row, item): Fields => {
        const [line, more] = [lineOf(row), gridOf(row)];
        const typed = (key: keyof typeof columns, value: unknown) =>
          plain(line, words, key, input(value).attr("autocomplete", "new-password"), columns[key]);
        const fields: Fields = {
          number: typed("number", item.number),
          name: typed("name", item.name),
          login: typed("login", item.login),
          password: typed("password", passwords[text(item.number)]).attr("type", "password"),
          contacts: typed("contacts", item.maxContacts),
          codecs: option(more, "codecs", item.codecs),
          encryption: option(more, "encryption", item.encryption),
          webrtc: option(more, "webrtc", item.webrtc),
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
        return fields;
      },
    });
    groupList($("#node-input-groups-list"), words, this["groups"]);
    if (given === stored) {
      $.getJSON(`portero/registrar/${this.id}`, (answer: { passwords: Record<string, string> }) => {
        passwords = answer.passwords;
        fillPasswords();
      }).fail(() => {});
    }
  },
  oneditsave() {
    const own: Record<string, string> = {};
    const rows = (fieldsIn($("#node-input-list")) as Fields[]).map((fields): Row => {
      const number = text(fields.number.val());
      if (text(fields.password.val()) !== "") own[number] = text(fields.password.val());
      const row: Row = { number, name: text(fields.name.val()), login: text(fields.login.val()) };
      const set = options.flatMap((name) => (text(fields[name].val()) ? [[name, text(fields[name].val())]] : []));
      return { ...row, maxContacts: text(fields.contacts.val()), ...(Object.fromEntries(set) as Row) };
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
