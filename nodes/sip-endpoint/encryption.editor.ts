// The tab Encryption: files by path or uploaded, a certificate made on the server, and what the fields may hold.
import { showFor, text, type Words } from "../editor/dialog.ts";
import type { EditedNode, Editor, JQuery, Query } from "../editor/red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const parts = (value: string) => value.split(/[\s,;]+/).filter((part) => part !== "");

/** IP addresses, several with commas. */
export const isAddresses = (value: string): boolean =>
  parts(value).every((part) => /^\d{1,3}(\.\d{1,3}){3}$/.test(part) || /^[0-9a-f:.]*:[0-9a-f:.]*(%\w+)?$/i.test(part));

/** SHA-256 fingerprints, one a line. */
export const fingerprints = (value: string): boolean =>
  value
    .split(/[\r\n,;]+/)
    .map((line) => line.replace(/[\s:]/g, ""))
    .every((line) => line === "" || /^[0-9a-f]{64}$/i.test(line));

/** Whether there is a certificate with its key, as far as the editor can know. */
export function hasCertificate({ certificate, certificateFile, keyFile, credentials = {} }: EditedNode): boolean {
  if (certificate !== "uploaded") return text(certificateFile) !== "" && text(keyFile) !== "";
  const hasKey = text(credentials["uploadedKey"]) !== "" || credentials["has_uploadedKey"] === true;
  return text(credentials["uploadedCertificate"]) !== "" && hasKey;
}

type Kind = "certificate" | "key";

/** What is wrong with an uploaded file. */
function pemFault(words: Words, kind: Kind, name: string, pem: string): string | undefined {
  if (kind === "certificate")
    return /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(pem) ? undefined : words("error.pem-certificate", { name });
  if (/ENCRYPTED/.test(pem)) return words("error.pem-encrypted", { name });
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem) ? undefined : words("error.pem-key", { name });
}

/** A row with a button that takes a file into the hidden field of a credential. */
function uploading(row: Query, field: Query, kind: Kind, words: Words): void {
  const chooser = $("<input type='file' accept='.pem,.crt,.cer,.key' style='display: none'>").appendTo(row);
  const choose = $("<button type='button' class='red-ui-button'>").text(words("label.choose")).appendTo(row);
  const remove = $("<button type='button' class='red-ui-button' style='margin-left: 4px'>")
    .text(words("label.remove"))
    .appendTo(row);
  const state = $("<span style='margin-left: 8px' role='status'>").appendTo(row);
  const show = (name?: string) => {
    const isThere = text(field.val()) !== "";
    state.text(name ?? words(isThere ? "label.uploaded" : "label.nothing"));
    remove.toggle(isThere);
  };
  const keep = (pem: string, name?: string) => {
    field.val(pem).trigger("change");
    show(name);
  };
  choose.on("click", () => chooser[0]?.click());
  remove.on("click", () => keep(""));
  chooser.on("change", () => {
    const input = chooser[0] as HTMLInputElement | undefined;
    const file = input?.files?.[0];
    if (!input || !file) return;
    const { name } = file;
    file.text().then(
      (pem) => {
        const fault = pemFault(words, kind, name, pem);
        if (fault === undefined) keep(pem.trim() + "\n", words("label.chosen", { name }));
        else RED.notify(fault, "error");
        // The same file, mended, can be chosen again.
        input.value = "";
      },
      () => RED.notify(words("error.pem-certificate", { name }), "error"),
    );
  });
  show();
}

export function encryption(node: EditedNode, words: Words): void {
  const kind = $("#node-config-input-certificate");
  // Endpoints from before there was a choice have none.
  if (text(kind.val()) === "") kind.val("files");
  const clients = $("#node-config-input-clients");
  if (text(clients.val()) === "") clients.val("off");
  showFor(kind, "certificate");
  $("[data-upload]").each((_index, element) => {
    const name = element.dataset["upload"] ?? "";
    uploading($(element), $(`#node-config-input-${name}`), name === "uploadedKey" ? "key" : "certificate", words);
  });
  $("#portero-make-certificate").on("click", () => {
    const names = parts(text($("#node-config-input-advertise").val())).join(",");
    $.ajax({
      url: `portero/endpoint/${encodeURIComponent(node.id)}/certificate?names=${encodeURIComponent(names)}`,
      type: "POST",
      success: (answer) => {
        const made = answer as { certificateFile: string; keyFile: string; fingerprint: string; names: string[] };
        $("#node-config-input-certificateFile").val(made.certificateFile).trigger("change");
        $("#node-config-input-keyFile").val(made.keyFile).trigger("change");
        const { fingerprint } = made;
        $("#portero-made-certificate").text(words("label.made", { names: made.names.join(", "), fingerprint }));
      },
      error: ({ responseJSON }) => RED.notify(responseJSON?.reason ?? words("label.nothing"), "error"),
    });
  });
}
