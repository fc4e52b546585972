// The dialog of a door (P6): login and password made by the system, copied with one click; credentials typed into a URL
// move to the credential fields when it is saved (P7).
import {
  chooseFirst,
  chooseOnly,
  chosen,
  copyButton,
  generatedPassword,
  isExtension,
  isWithin,
  showFor,
  stored,
  tabs,
  text,
  wholeNumber,
  wordsOf,
} from "../editor/dialog.ts";
import { cameraFinder } from "../editor/cameras.ts";
import { codecFault } from "../editor/devices.ts";
import { fingerprint, moveLogin, splitQuery } from "../editor/logins.ts";
import { prepareReports, ruleFault, saveReports } from "./reports.editor.ts";
import { prepareChooser } from "./presets.editor.ts";
import { isNumber } from "../../src/number.ts";
import { isSlug, slugOf } from "../../src/slug.ts";
import { cameraDefaults, prepareCamera, saveCamera } from "./camera.editor.ts";
import type { Editor, JQuery, Query } from "../editor/red.d.ts";
import { textList } from "../editor/list-view.ts";
import { fill, input, keep, lineOf, plain, refill, rowsOf, typedIn } from "../editor/rows.ts";
import { openingDefaults, prepareOpening, saveOpening } from "./opening.editor.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("door");
const field = (name: string): Query => $(`#node-config-input-${name}`);

interface Button {
  number: string;
  name: string;
}

const buttonsOf = (value: unknown): Button[] => rowsOf(value) as Button[];
const buttons = () => $("#portero-door-buttons");

function buttonFault(value: unknown): true | string {
  const numbers = buttonsOf(value).map(({ number }) => number);
  const twice = numbers.find((number, index) => numbers.indexOf(number) !== index);
  return twice === undefined || words("error.button-twice", { number: twice });
}

function buttonList(value: unknown): void {
  fill(buttons(), buttonsOf(value) as Partial<Button>[], {
    add: words("label.add-button"),
    row: (row, item) => {
      const line = lineOf(row);
      const field = (name: keyof Button, width: string) =>
        plain(line, words, `button-${name}`, input(item[name]), width);
      return { number: field("number", "30%"), name: field("name", "68%") };
    },
  });
  textList(buttons(), $("#portero-buttons-text"), words, {
    columns: [
      { name: "number", called: [words("list.number"), "button", "extension"] },
      { name: "name", called: [words("label.name")] },
    ],
    shown: ["number", "name"],
    rows: buttonsIn,
    fieldsOf: ({ number, name }) => [number, name],
    rowOf: (cells, had) => ({ ...(had ?? { number: "", name: "" }), ...cells }),
    keyOf: ({ number }) => number,
    fault: (rows) =>
      rows.some(({ number }) => number === "")
        ? words("list.no-number")
        : [buttonFault(rows)].find((fault) => fault !== true),
    take: (rows) => refill(buttons(), rows),
  });
}

// Without a number there is none.
const buttonsIn = (): Button[] => typedIn(buttons(), ["number", "name"]).filter(({ number }) => number !== "");

// Each by its name, for those who read the page without running it.
const camera = cameraDefaults(words);
const opening = openingDefaults(words);

RED.nodes.registerType("door", {
  category: "config",
  defaults: {
    name: { value: "", validate: (value, _options) => text(value) !== "" || words("error.name") },
    endpoint: { value: "", type: "sip-endpoint", required: true },
    slug: {
      value: "",
      validate: (value, _options) => text(value) === "" || isSlug(text(value)) || words("error.slug"),
    },
    preset: { value: "generic" },
    extension: { value: "", validate: (value, _options) => isExtension(value) || words("error.extension") },
    login: { value: "", validate: (value, _options) => !/["\\\s]/.test(text(value)) || words("error.login") },
    address: {
      value: "",
      validate: (value, _options) => /^[A-Za-z0-9.:_[\]-]*$/.test(text(value)) || words("error.address"),
    },
    sipPort: wholeNumber(words, 1, 65535),
    imageUrl: {
      value: "",
      validate: (value, _options) => /^$|^https?:\/\/[^@]+$/i.test(text(value)) || words("error.image"),
    },
    videoUrl: {
      value: "",
      validate: (value, _options) => /^$|^(https?|rtsps?):\/\/[^@]+$/i.test(text(value)) || words("error.video"),
    },
    pictureSources: camera.pictureSources,
    pictureTimeout: camera.pictureTimeout,
    keepPicture: camera.keepPicture,
    masks: camera.masks,
    verifyTls: { value: true },
    pin: { value: "", validate: (value, _options) => fingerprint.test(text(value)) || words("error.pin") },
    liveAlways: { value: false },
    liveSound: { value: false },
    liveWarm: {
      value: "",
      validate: (value, _options) => isWithin(value, 5, 3600) || words("error.live-warm"),
    },
    clipSeconds: { value: "", validate: (value, _options) => isWithin(value, 0, 60) || words("error.clip") },
    codecs: { value: "", validate: (value, _options) => codecFault(words, value) ?? true },
    encryption: { value: "" },
    answererDigits: { value: "both" },
    openBy: opening.openBy,
    openKey: opening.openKey,
    codesFrom: opening.codesFrom,
    relays: opening.relays,
    rights: opening.rights,
    pressInTalk: { value: "busy" },
    bounceSeconds: {
      value: "",
      validate: (value, _options) => isWithin(value, 0, 60) || words("error.bounce"),
    },
    oneCall: { value: "" },
    buttons: { value: [], validate: (value, _options) => buttonFault(value) },
    buttonFrom: { value: "dialled" },
    buttonHeader: {
      value: "",
      validate(value, _options) {
        const isRight = this["buttonFrom"] !== "header" || /^[A-Za-z0-9-]{1,64}$/.test(text(value));
        return isRight || words("error.button-header");
      },
    },
    hangUpAfterOpening: {
      value: "",
      validate: (value, _options) => isWithin(value, 0, 600) || words("error.hang-up"),
    },
    longestTalk: { value: "", validate: (value, _options) => isWithin(value, 0, 1440) || words("error.longest") },
    browsers: { value: "off" },
    answerAs: {
      value: "",
      validate: (value, _options) => text(value) === "" || isNumber(text(value)) || words("error.answer-as"),
    },
    hooks: { value: false },
    hookRound: { value: "" },
    poll: { value: "off" },
    pollUrl: {
      value: "",
      validate: (value, _options) => /^$|^https?:\/\/[^@\s]+$/i.test(text(value)) || words("error.poll-url"),
    },
    pollSeconds: { value: "", validate: (value, _options) => isWithin(value, 1, 3600) || words("error.poll-seconds") },
    pollRules: {
      value: [],
      validate(value, _options) {
        return this["poll"] !== "own" || ruleFault(words, value);
      },
    },
    heldOpenSeconds: {
      value: "",
      validate: (value, _options) => isWithin(value, 1, 86_400) || words("error.held-open"),
    },
    mediaTimeout: { value: "", validate: (value, _options) => isWithin(value, 0, 3600) || words("error.silence") },
    dtmf: { value: "" },
    dtmfMs: wholeNumber(words, 40, 5000),
    dtmfGapMs: wholeNumber(words, 40, 5000),
    dtmfTones: { value: false },
    directMedia: { value: false },
    rport: { value: "" },
    qualify: wholeNumber(words, 0, 3600),
    dropAfter: wholeNumber(words, 0, 100),
  },
  credentials: {
    password: { type: "password" },
    code: { type: "password" },
    relayCodes: { type: "password" },
    cameraUsername: { type: "text" },
    cameraPassword: { type: "password" },
  },
  label() {
    const extension = text(this["extension"]);
    return (this.name || words("label.node")) + (extension === "" ? "" : ` (${extension})`);
  },
  oneditprepare() {
    tabs($("#portero-door-tabs"), words);
    chooseOnly(field("endpoint"));
    chooseFirst(
      field("answererDigits"),
      field("pressInTalk"),
      field("oneCall"),
      field("buttonFrom"),
      field("browsers"),
      field("poll"),
    );
    buttonList(this["buttons"]);
    prepareCamera(this, words);
    prepareOpening(this, words);
    const source = field("buttonFrom");
    const showHeader = () => void $("#portero-door-header").toggle(source.val() === "header");
    source.on("change", showHeader);
    showHeader();
    let generated: string | undefined;
    const ask = () => {
      generated = undefined;
      generatedPassword(this.id, text(field("extension").val()), (password) => (generated = password));
    };
    field("extension").on("change", ask);
    ask();
    const login = () => text(field("login").val()) || text(field("extension").val());
    copyButton($("#portero-copy-login"), words("copied.login"), login, words("copied.no-extension"));
    const password = () => {
      const own = text(field("password").val());
      return own === "" ? generated : own === stored ? undefined : own;
    };
    copyButton($("#portero-copy-password"), words("copied.password"), password, words("copied.no-password"));

    const always = field("liveAlways");
    const showWarm = () => void $("#portero-door-warm").toggle(always.prop("checked") !== true);
    always.on("change", showWarm);
    showWarm();

    showFor(field("browsers"), "browsers");
    const page = $("#portero-door-page");
    const showPage = () => {
      const made = slugOf(text(field("name").val()));
      field("slug").attr("placeholder", made || words("placeholder.slug"));
      const path = `portero/door/${text(field("slug").val()) || made}/`;
      const address = new URL(`${RED.settings.httpNodeRoot ?? "/"}${path}`, location.href).href;
      page.text(address).attr("href", address);
    };
    for (const name of ["slug", "name"]) field(name).on("change", showPage);
    showPage();

    showFor(field("poll"), "poll");
    const showReports = prepareReports(this, words, () => server.replace(/:\d+$/, ""));

    let server = "";
    const reach = $("#portero-door-server");
    const find = () => {
      server = "";
      reach.text(words("label.not-deployed"));
      const endpoint = chosen(field("endpoint"));
      if (endpoint === "") return;
      $.getJSON(
        `portero/endpoint/${endpoint}`,
        (found: { host: string; port: number; transports: string[]; trouble?: string }) => {
          server = `${found.host}:${found.port}`;
          reach.text(found.trouble ?? `${server} (${found.transports.join(", ").toUpperCase()})`);
        },
      ).fail(() => {});
    };
    field("endpoint").on("change", find);
    find();
    copyButton($("#portero-copy-server"), words("copied.server"), () => server, words("label.not-deployed"));

    cameraFinder($("#portero-find-cameras"), $("#portero-cameras"), words, {
      known: () => ({
        ...{ address: text(field("address").val()), user: text(field("cameraUsername").val()) },
        // A stored one never comes back to the browser.
        password: text(field("cameraPassword").val()) === stored ? "" : String(field("cameraPassword").val()),
        ...{ verifyTls: field("verifyTls").prop("checked") === true, pin: text(field("pin").val()) },
      }),
      use: ({ profile, user, password }) => {
        for (const name of ["imageUrl", "videoUrl"] as const) {
          const url = profile[name];
          if (url !== undefined)
            field(name)
              .val((splitQuery(url) ?? { url }).url)
              .trigger("change");
        }
        if (user === "") return;
        field("cameraUsername").val(user).trigger("change");
        field("cameraPassword").val(password).trigger("change");
      },
    });

    prepareChooser(words, text(this["preset"]) || "generic", (preset) => {
      field("imageUrl").attr("placeholder", preset?.image ?? words("placeholder.image"));
      showReports(preset ?? {});
    });
  },
  oneditsave() {
    saveCamera(this);
    keep(this, "buttons", buttonsIn());
    saveOpening(this);
    saveReports(this);
    for (const name of ["imageUrl", "videoUrl", "pollUrl"])
      moveLogin(field(name), field("cameraUsername"), field("cameraPassword"), words);
  },
});
