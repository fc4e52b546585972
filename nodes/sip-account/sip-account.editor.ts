// The dialog of an account: its server, its proxies, a second server, which numbers go out by it, and calls in.
import { chooseFirst, chooseOnly, isExtension, showFor, tabs, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery, Property, Query } from "../editor/red.d.ts";
import { columnNames, fill, input, keep, lineOf, plain, rowsOf, typedIn } from "../editor/rows.ts";
import { slugForm } from "../../src/slug.ts";

declare const RED: Editor;
declare const $: JQuery;

interface Row {
  prefix?: string;
  strip?: string | number;
  prepend?: string;
}

const words = wordsOf("sip-account");
const field = (name: string): Query => $(`#node-config-input-${name}`);
const widths = new Map<keyof Row, string>([
  ["prefix", "30%"],
  ["strip", "20%"],
  ["prepend", "30%"],
]);
const prefixesOf = (value: unknown): Row[] => rowsOf(value) as Row[];

function checkRows(value: unknown): true | string {
  const prefixes = prefixesOf(value).map((row) => text(row.prefix));
  const wrong = prefixes.find((prefix) => !/^[0-9+*#]{1,32}$/.test(prefix));
  if (wrong !== undefined) return words("error.prefix", { prefix: wrong || "?" });
  const short = prefixesOf(value).find(({ prefix, strip }) => Number(text(strip)) > text(prefix).length);
  if (short) return words("error.strip", { prefix: text(short.prefix) });
  const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) !== index);
  return twice === undefined || words("error.twice", { prefix: twice });
}

const checked = (pattern: RegExp, fault: string): Property => ({
  value: "",
  validate: (value, _options) => pattern.test(text(value)) || words(`error.${fault}`),
});

const host = /^(?:[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+)$/;
const proxy = /^$|^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const login = /^[^"\\\s]*$/;

/** The second server's fields count only where it is used. */
const second = (check: (value: unknown) => boolean, fault: string): Property => ({
  value: "",
  validate(value, _options) {
    return this["useSecond"] !== true || check(value) || words(`error.${fault}`);
  },
});

RED.nodes.registerType("sip-account", {
  category: "config",
  defaults: {
    name: { value: "", validate: (value, _options) => text(value) !== "" || words("error.name") },
    endpoint: { value: "", type: "sip-endpoint", required: true },
    slug: checked(new RegExp(`^$|${slugForm}`), "slug"),
    server: checked(host, "server"),
    port: wholeNumber(words, 1, 65535),
    transport: { value: "" },
    user: { value: "", validate: (value, _options) => isExtension(value) || words("error.user") },
    login: checked(login, "login"),
    displayName: { value: "" },
    expires: wholeNumber(words, 10, 86400),
    proxy: checked(proxy, "proxy"),
    backupProxy: checked(proxy, "proxy"),
    identity: { value: "none" },
    useSecond: { value: false },
    server2: second((value) => host.test(text(value)), "server"),
    port2: wholeNumber(words, 1, 65535),
    transport2: { value: "" },
    user2: second(isExtension, "user"),
    login2: checked(login, "login"),
    displayName2: { value: "" },
    expires2: wholeNumber(words, 10, 86400),
    proxy2: checked(proxy, "proxy"),
    backupProxy2: checked(proxy, "proxy"),
    prefixes: { value: [], validate: (value, _options) => checkRows(value) },
    otherNumbers: { value: false },
    doorsMayDial: { value: false },
    incoming: { value: "refuse" },
    incomingDoor: { value: "", type: "door", required: false },
    incomingTargets: { value: "" },
    incomingStatus: wholeNumber(words, 400, 699),
    encryption: { value: "off" },
    dtmf: { value: "" },
    dndOn: { value: "" },
    dndOff: { value: "" },
    dndStatus: wholeNumber(words, 400, 699),
  },
  credentials: { password: { type: "password" }, password2: { type: "password" } },
  label() {
    const user = text(this["user"]);
    return (this.name || words("label.node")) + (user === "" ? "" : ` (${user})`);
  },
  oneditprepare() {
    chooseOnly($("#node-config-input-endpoint"));
    tabs($("#portero-account-tabs"), words);
    chooseFirst($("#node-config-input-encryption"), $("#node-config-input-dtmf"));
    const shown = $("#portero-account-status");
    const show = () => {
      $.getJSON(
        `portero/account/${this.id}`,
        ({
          state,
          server = "",
          second,
          text = "",
        }: {
          state: string;
          server?: string;
          second?: boolean;
          text?: string;
        }) => {
          shown.text(words(`state.${state === "registered" && second ? "second" : state}`, { server, text }));
        },
      ).fail(() => shown.text(words("state.not-deployed")));
      // The dialog tells nobody that it was cancelled: it has gone when its fields have.
      setTimeout(() => $("#portero-account-status").length > 0 && show(), 3000);
    };
    show();

    const useSecond = field("useSecond");
    const toggle = () => void $("#portero-account-second").toggle(useSecond.prop("checked") === true);
    useSecond.on("change", toggle);
    toggle();

    showFor(field("incoming"), "incoming");

    fill(field("list"), prefixesOf(this["prefixes"]), {
      header: columnNames([...widths].map(([name, width]) => [words(`column.${name}`), width])),
      add: words("label.add"),
      row: (row, item) => {
        const line = lineOf(row);
        const typed = (name: keyof Row) => plain(line, words, name, input(item[name]), widths.get(name) ?? "");
        return { prefix: typed("prefix"), strip: typed("strip"), prepend: typed("prepend") };
      },
    });
  },
  oneditsave() {
    keep(this, "prefixes", typedIn(field("list"), ["prefix", "strip", "prepend"]));
  },
});
