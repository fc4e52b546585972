// The tab Encryption: a certificate made by a button serves TLS after the deploy; an uploaded key is in no export; what
// cannot be is said.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import tls from "node:tls";
import { makeCertificate } from "../../src/certificate.ts";
import { without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { Chromium } from "./browser.ts";
import type { Dialog } from "./dialog.ts";
import { Editor } from "./editor.ts";
import { example, House, type FlowNode } from "./house.ts";

describe("sip-endpoint's tab Encryption", { skip: without("chromium-headless-shell") }, () => {
  let chromium: Chromium;
  let house: House;
  let editor: Editor;
  let flow: FlowNode[];
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "portero-pem-"));
    chromium = await Chromium.start();
    flow = (await example("the-whole-way")).map((n) => (n.type === "inject" ? { ...n, once: false } : n));
    house = await House.start({ flow });
    editor = await Editor.open(chromium, house.ready.editor);
  });
  after(async () => {
    await chromium.close();
    await house.end();
    await rm(folder, { recursive: true });
  });
  afterEach(() => editor.cancelDialogs());

  const bell = () => flow.find(({ type }) => type === "doorbell-in")?.id ?? "";
  async function open(): Promise<{ dialogs: Dialog[]; endpoint: Dialog }> {
    const dialog = await editor.edit(bell());
    const door = await dialog.editConfig("door");
    const endpoint = await door.editConfig("endpoint");
    return { dialogs: [endpoint, door, dialog], endpoint };
  }
  async function deploy(dialogs: readonly Dialog[]): Promise<void> {
    for (const dialog of dialogs) await dialog.save();
    const since = house.comms.now;
    await editor.deploy();
    // It registers again, when the endpoint listens.
    const sim = flow.find(({ type }) => type === "doorbell-sim")?.id ?? "";
    await house.comms.status(sim, (status) => status.fill === "green", { since });
  }
  /** The fingerprint of the certificate at a port. */
  async function shownAt(port: number): Promise<string> {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  }

  it("P2: makes a certificate, which TLS shows after the deploy; the browser never sees the key", async () => {
    const [port = 0] = await freePorts(1);
    const { dialogs, endpoint } = await open();
    const answers: string[] = [];
    editor.page.on("response", (response) => {
      if (response.url().includes("/certificate")) void response.text().then((text) => answers.push(text));
    });
    await endpoint.tab("encryption");
    await endpoint.tray.locator("#portero-make-certificate").click();
    const made = endpoint.tray.locator("#portero-made-certificate");
    await made.filter({ hasText: /fingerprint: [0-9A-F:]{95}/ }).waitFor();
    const fingerprint = /[0-9A-F:]{95}/.exec(await made.innerText())?.[0];
    assert.match(await endpoint.field("certificateFile").inputValue(), /portero\/tls\/.*\/certificate\.pem$/);
    await endpoint.tab("network");
    await endpoint.field("tls").check();
    await endpoint.field("tlsPort").fill(String(port));
    await deploy(dialogs);
    assert.equal(await shownAt(port), fingerprint);
    assert.equal(answers.length, 1);
    assert.doesNotMatch(answers.join(), /PRIVATE/);
  });

  it("P7: takes an uploaded certificate; its key is in no export and comes back to no browser", async () => {
    const [port = 0] = await freePorts(1);
    const { certificate, key, fingerprint } = makeCertificate(["portero.test"], Date.now());
    const [certificateFile, keyFile] = [join(folder, "c.pem"), join(folder, "k.pem")];
    await writeFile(certificateFile, certificate);
    await writeFile(keyFile, key.reveal());
    const { dialogs, endpoint } = await open();
    await endpoint.tab("encryption");
    await endpoint.field("certificate").selectOption("uploaded");
    const row = (name: string) => endpoint.tray.locator(`[data-upload="${name}"]`);
    await row("uploadedKey").locator("input[type=file]").setInputFiles(certificateFile);
    await editor.notifications.filter({ hasText: "c.pem is no key in PEM form" }).waitFor();
    await row("uploadedCertificate").locator("input[type=file]").setInputFiles(certificateFile);
    await row("uploadedKey").locator("input[type=file]").setInputFiles(keyFile);
    await row("uploadedKey").getByText("k.pem").waitFor();
    await endpoint.tab("network");
    await endpoint.field("tls").check();
    await endpoint.field("tlsPort").fill(String(port));
    await deploy(dialogs);
    assert.equal(await shownAt(port), fingerprint);
    const secret = key.reveal().split("\n")[1] ?? "";
    assert.ok(secret.length > 20);
    for (const text of [await editor.exportAll(), JSON.stringify(await house.flows()), house.child.output])
      assert.ok(!text.includes(secret));
    await editor.reload();
    const again = await open();
    assert.equal(await again.endpoint.field("uploadedKey").inputValue(), "__PWRD__");
    await again.endpoint.tab("encryption");
    await again.endpoint.tray.locator('[data-upload="uploadedKey"]').getByText("uploaded", { exact: true }).waitFor();
  });

  it("says what cannot be", async () => {
    const { endpoint } = await open();
    assert.match(await endpoint.complaint("bind", "my house"), /an IP address, several with commas/);
    assert.match(await endpoint.complaint("wssPort", "70000"), /0.*65535/);
    assert.match(await endpoint.complaint("pins", "12:34"), /SHA-256 fingerprint/);
    await endpoint.tab("network");
  });
});
