// The dialog of the SIP endpoint.
import { isExtension, tabs, text, wholeNumber, wordsOf } from "../editor/dialog.ts";
import type { Editor, JQuery } from "../editor/red.d.ts";
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
    certificate: { value: "files" },
    certificateFile: { value: "" },
    keyFile: { value: "" },
    clients: { value: "off" },
    caFile: { value: "" },
    pins: { value: "", validate: (value, _options) => fingerprints(text(value)) || words("error.pins") },
    realm: { value: "" },
    maxCalls: wholeNumber(words, 1, 100_000),
    directCalls: { value: true },
    directFrom: {
      value: "",
      validate: (value, _options) => /^[0-9A-Fa-f:.,;/\s]*$/.test(text(value)) || words("error.networks"),
    },
    rtpFrom: wholeNumber(words, 0, 65535),
    rtpTo: wholeNumber(words, 0, 65535),
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
    // An endpoint that is older than this switch has it on.
    if (this["directCalls"] === undefined) $("#node-config-input-directCalls").prop("checked", true);
    encryption(this, words);
    const reach = $("#portero-endpoint-reach");
    $.getJSON(`portero/endpoint/${this.id}`, (found: { host: string; port: number; trouble?: string }) => {
      reach.text(found.trouble ?? words("label.reach", { address: `${found.host}:${found.port}` }));
    }).fail(() => reach.text(words("label.not-deployed")));
  },
  oneditsave: () => leaveTrace(),
  oneditcancel: () => leaveTrace(),
  oneditdelete: () => leaveTrace(),
});
