// A dial plan of Asterisk, pasted into the editor, becomes a flow that is deployed and rings.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { Locator } from "playwright-core";
import { without } from "../support/peers.ts";
import { Chromium } from "./browser.ts";
import { Editor } from "./editor.ts";
import { House } from "./house.ts";

const plan = (name: string) => readFile(new URL(`../import/plans/${name}.conf`, import.meta.url), "utf8");

/** The import dialog, as a user has it. */
class ImportDialog {
  readonly editor: Editor;
  readonly tray: Locator;

  constructor(editor: Editor) {
    this.editor = editor;
    this.tray = editor.page
      .locator("#red-ui-editor-stack .red-ui-tray")
      .filter({ has: editor.page.locator("#portero-import-text") });
  }

  static async fromMenu(editor: Editor): Promise<ImportDialog> {
    await editor.page.locator("#red-ui-header-button-sidemenu").click();
    await editor.page.locator("#menu-item-portero-import").click();
    const dialog = new ImportDialog(editor);
    await dialog.tray.waitFor();
    return dialog;
  }

  /** Pastes, and waits for what the summary says. */
  async paste(text: string, says: RegExp): Promise<string> {
    await this.tray.locator("#portero-import-text").fill(text);
    const summary = this.tray.locator("#portero-import-summary");
    await summary.filter({ hasText: says }).waitFor();
    return (await summary.textContent()) ?? "";
  }

  get ok(): Locator {
    return this.tray.locator("#portero-import-ok");
  }

  async import(): Promise<void> {
    await this.ok.click();
    await this.tray.waitFor({ state: "detached" });
  }
}

describe("Import of a dial plan", { skip: without("chromium-headless-shell") }, () => {
  let chromium: Chromium;
  let house: House;
  let editor: Editor;
  before(async () => {
    chromium = await Chromium.start();
    house = await House.start({ flow: [] });
    editor = await Editor.open(chromium, house.ready.editor);
  });
  after(async () => {
    await chromium.close();
    await house.end();
  });

  it("is found in the list of actions", async () => {
    await editor.page.keyboard.press("Control+Shift+P");
    await editor.page.locator("#red-ui-actionList input").fill("portero");
    await editor.page.locator("#red-ui-actionList").getByText("Portero: import a dial plan of Asterisk").click();
    const dialog = new ImportDialog(editor);
    await dialog.tray.waitFor();
    await dialog.tray.locator("#portero-import-cancel").click();
    await dialog.tray.waitFor({ state: "detached" });
  });

  it("stands in the main menu behind Export", async () => {
    await editor.page.locator("#red-ui-header-button-sidemenu").click();
    const items = await editor.page
      .locator("#red-ui-header-button-sidemenu-submenu > li > a")
      .evaluateAll((all) => all.map(({ id }) => id));
    assert.equal(items.indexOf("menu-item-portero-import"), items.indexOf("menu-item-export") + 1);
    await editor.page.keyboard.press("Escape");
    await editor.page.mouse.click(700, 400);
  });

  it("says what it understands while it is pasted, and what not, line by line", async () => {
    const dialog = await ImportDialog.fromMenu(editor);
    assert.ok(await dialog.ok.isDisabled());
    await dialog.tray.locator("#portero-import-text").fill("hello");
    await dialog.tray.locator("#portero-import-result", { hasText: "Line 1: hello" }).waitFor();
    assert.ok(await dialog.ok.isDisabled());
    const summary = await dialog.paste((await plan("redial")) + "\nexten => h,1,AGI(x)", /redial/);
    assert.match(
      summary,
      /1 bell, 2 phones, 1 number that a bell dials, a redial loop of 60 tries, 1 line not understood/,
    );
    const result = (await dialog.tray.locator("#portero-import-result").textContent()) ?? "";
    assert.match(result, /makes 59 tries/);
    assert.match(result, /AGI\(x\)/);
    assert.doesNotMatch(await dialog.tray.innerText(), /@portero|sip-endpoint\.|__\w+__/);
    await dialog.tray.locator("#portero-import-cancel").click();
    await dialog.tray.waitFor({ state: "detached" });
    assert.equal(await editor.tabs.count(), 1);
  });

  it("H1, H10: makes a flow that is deployed, with the passwords in the credentials and in no export", async () => {
    const dialog = await ImportDialog.fromMenu(editor);
    // The certificate of the dial plan is not here.
    const devices = (await plan("device")).replace(/\[transport-tls\][^[]*/, "").replace("0.0.0.0:5060", "0.0.0.0:0");
    await dialog.paste(devices + (await plan("redial")).replace("exten", "[default]\nexten"), /redial/);
    await dialog.import();
    await editor.tabs.nth(1).waitFor();
    await editor.page.locator(".red-ui-flow-node-label", { hasText: /6001, 100/ }).waitFor();
    await editor.deploy();
    const [door, registrar] = [await house.idOf("door"), await house.idOf("sip-registrar")];
    assert.deepEqual(await house.admin("GET", `credentials/door/${door}`), {
      ...{ has_password: true, has_code: false, has_relayCodes: false, cameraUsername: "", has_cameraPassword: false },
    });
    assert.deepEqual(await house.admin("GET", `portero/registrar/${registrar}`), {
      passwords: { "100": "of-all-phones", "6001": "of-all-phones" },
    });
    assert.doesNotMatch(await editor.exportAll(), /very-secret|of-all-phones/);
    assert.deepEqual(await editor.errorNotifications(), []);
  });

  it("H20: the same again hangs on the endpoint that is there, has ids of its own, and names whose the numbers are", async () => {
    const dialog = await ImportDialog.fromMenu(editor);
    await dialog.paste(await plan("device"), /bell/);
    const result = (await dialog.tray.locator("#portero-import-result").textContent()) ?? "";
    assert.match(result, /The number 8000 is claimed by door "Doorbell" and by the door "Doorbell"/);
    assert.match(await dialog.tray.locator("#portero-import-endpoint option:checked").innerText(), /SIP endpoint/);
    const before = await editor.tabs.count();
    await dialog.import();
    await editor.tabs.nth(before).waitFor();
    assert.deepEqual(editor.troubles, []);
  });
});
