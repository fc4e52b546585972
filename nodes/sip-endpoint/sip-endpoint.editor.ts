// The dialog of the SIP endpoint.
import { chooseFirst, isExtension, showFor, tabs, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery, Property } from "../editor/red.d.ts";
import { showBans } from "../editor/bans-view.ts";
import { offerImport } from "../editor/import-dialog.ts";
import { entriesOf, wrongNetwork } from "../editor/networks.ts";
import { isPlace, wrongServer } from "../editor/rtpengine.ts";
import { showTrace } from "../editor/trace-view.ts";
import { encryption, fingerprints, hasCertificate, isAddresses } from "./encryption.editor.ts";

declare const RED: Editor;
declare const $: JQuery;

const words = wordsOf("sip-endpoint");
const isCode = (value: unknown) => text(value) === "" || isExtension(value);
const refusal = /^$|^(?!401|407)[46]\d\d$/;
const headerNames = /^([\s,;]*(?!(proxy-|www-)?auth|cookie)[a-z0-9.!%*_+`'~-]+)*[\s,;]*$/i;
const address = /^[A-Za-z0-9.:_,;\s-]*$/;

let leaveTrace = (): void => {};

offerImport(words);

const networks = (isNone: (value: string) => boolean = () => false): Property => ({
  value: "",
  validate: (value, _options) => {
    const entry = isNone(text(value)) ? undefined : wrongNetwork(value);
    return entry === undefined || words("error.network", { entry });
  },
});
/** Behind a fold, which is open where one of them is set. */
const rare = [
  ...["realm", "algorithms", "exempt", "scanners", "banLongest", "perSource", "perKnownSource", "strangers"],
] as const;

RED.nodes.registerType("sip-endpoint", {
  category: "config",
  defaults: {
    name: { value: "" },
    bind: { value: "", validate: (value, _options) => isAddresses(text(value)) || words("error.bind") },
    udp: { value: true },
    tcp: { value: true },
    port: wholeNumber(words, 0, 65535),
    tls: {
      value: false,
      validate(value, _options) {
        return !value || hasCertificate(this) || words("error.certificate");
      },
    },
    tlsPort: wholeNumber(words, 0, 65535),
    ws: { value: false },
    wsPort: wholeNumber(words, 0, 65535),
    wss: {
      value: false,
      validate(value, _options) {
        return !value || hasCertificate(this) || words("error.certificate");
      },
    },
    wssPort: wholeNumber(words, 0, 65535),
    advertise: { value: "", validate: (value, _options) => address.test(text(value)) || words("error.advertise") },
    advertisePort: wholeNumber(words, 1, 65535),
    advertiseTlsPort: wholeNumber(words, 1, 65535),
    certificate: { value: "files" },
    certificateFile: { value: "" },
    keyFile: { value: "" },
    clients: { value: "off" },
    caFile: { value: "" },
    pins: { value: "", validate: (value, _options) => fingerprints(text(value)) || words("error.pins") },
    encryption: { value: "" },
    realm: { value: "" },
    algorithms: { value: "" },
    callers: networks(),
    callerNumbers: {
      value: "",
      validate: (value, _options) => {
        const entry = entriesOf(value).find((number) => !isExtension(number));
        return entry === undefined || words("error.callerNumber", { entry });
      },
    },
    others: { value: "" },
    banAnswers: wholeNumber(words, 0, 1000),
    banWithin: wholeNumber(words, 1, 525_600),
    banMinutes: wholeNumber(words, 1, 525_600),
    banLongest: wholeNumber(words, 1, 525_600),
    exempt: networks((value) => value === "none"),
    perSource: wholeNumber(words, 1, 1_000_000),
    perKnownSource: wholeNumber(words, 1, 1_000_000),
    strangers: wholeNumber(words, 1, 1_000_000),
    scanners: { value: "" },
    maxCalls: wholeNumber(words, 1, 100_000),
    directCalls: { value: true },
    directFrom: networks(),
    rtpFrom: wholeNumber(words, 0, 65535),
    rtpTo: wholeNumber(words, 0, 65535),
    engine: { value: "" },
    rtpengine: {
      value: "",
      validate(value, _options) {
        const entry = wrongServer(value);
        if (entry !== undefined) return words("error.rtpengine", { entry });
        return this["engine"] !== "rtpengine" || text(value) !== "" || words("error.no-rtpengine");
      },
    },
    rtpengineDigits: {
      value: "",
      validate: (value, _options) => text(value) === "" || isPlace(text(value)) || words("error.rtpengine-digits"),
    },
    statsSeconds: wholeNumber(words, 0, 3600),
    traceMessages: wholeNumber(words, 0, 50000),
    expiryLeast: wholeNumber(words, 10, 604_800),
    expiryUsual: wholeNumber(words, 10, 604_800),
    expiryMost: wholeNumber(words, 10, 604_800),
    qualify: wholeNumber(words, 0, 3600),
    dropAfter: wholeNumber(words, 0, 100),
    dndOn: { value: "", validate: (value, _options) => isCode(value) || words("error.code") },
    dndOff: { value: "", validate: (value, _options) => isCode(value) || words("error.code") },
    dndStatus: { value: "", validate: (value, _options) => refusal.test(text(value)) || words("error.status") },
    sessionTimer: { value: false },
    sessionExpires: wholeNumber(words, 90, 7200),
    refresher: { value: "uac" },
    reliable: { value: true },
    headers: { value: "", validate: (value, _options) => headerNames.test(text(value)) || words("error.headers") },
    visitLog: { value: "" },
    visitDays: wholeNumber(words, 1, 36_500),
    visitMegabytes: wholeNumber(words, 1, 1_000_000),
  },
  credentials: {
    uploadedCertificate: { type: "text" },
    uploadedKey: { type: "password" },
    uploadedCa: { type: "text" },
  },
  label() {
    return this.name || words("label.node");
  },
  oneditprepare() {
    tabs($("#portero-endpoint-tabs"), words);
    leaveTrace = showTrace($('section[data-tab="diagnosis"]'), this.id, words);
    // An endpoint that is older than these has what a new one has.
    for (const on of ["directCalls", "reliable"])
      if (this[on] === undefined) $(`#node-config-input-${on}`).prop("checked", true);
    chooseFirst($("#node-config-input-refresher"), $("#node-config-input-visitLog"));
    encryption(this, words);
    showFor($("#node-config-input-engine"), "engine");
    showFor($("#node-config-input-visitLog"), "visits");
    showBans($("#portero-endpoint-bans"), this.id, words);
    $("#portero-endpoint-rare").prop(
      "open",
      rare.some((field) => text(this[field]) !== ""),
    );
    const reach = $("#portero-endpoint-reach");
    $.getJSON(`portero/endpoint/${this.id}`, (found: { host: string; port: number; trouble?: string }) => {
      reach.text(found.trouble ?? words("label.reach", { address: `${found.host}:${found.port}` }));
    }).fail(() => reach.text(words("label.not-deployed")));
  },
  oneditsave: () => leaveTrace(),
  oneditcancel: () => leaveTrace(),
  oneditdelete: () => leaveTrace(),
});
