// Node-RED's editor as a user has it: what is clicked, typed and read. Its own script (`RED`) is asked only where a user
// would look for something by eye, such as a node in a large flow.
import assert from "node:assert/strict";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import type { Chromium, Troubles } from "./browser.ts";
import { Dialog } from "./dialog.ts";

/** What we ask of the editor's script. */
interface EditorScript {
  view: { reveal(id: string, flash?: boolean): void };
  history: { depth(): number };
  nodes: { dirty(): boolean; filterNodes(filter: { type: string }): { id: string }[] };
  actions: { invoke(name: string): void };
}
declare const RED: EditorScript;
declare const $: { fx: { off: boolean } };

/** Runs in the page: what the editor puts off, such as its tips by three quarters of a second, costs time and shows nothing. */
function hurry(): void {
  const setTimeout = window.setTimeout.bind(window);
  const soon = (ms = 0) => (ms >= 100 && ms <= 750 ? 5 : ms);
  window.setTimeout = ((run: TimerHandler, ms?: number, ...more: unknown[]) =>
    setTimeout(run, soon(ms), ...more)) as typeof setTimeout;
}

/**
 * Node-RED (5.0) shows a tip a second after it began to load, and throws if the place for it is not there by then, because
 * its keys take so long to come.
 */
async function withoutTips(url: string): Promise<void> {
  const { ok, status } = await fetch(new URL("settings/user", url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ editor: { view: { "view-show-tips": false } } }),
  });
  assert.ok(ok, `Node-RED takes a setting of its user: ${status}`);
}

export class Editor {
  readonly page: Page;
  readonly troubles: Troubles;

  private constructor(page: Page, troubles: Troubles) {
    this.page = page;
    this.troubles = troubles;
  }

  static async open(chromium: Chromium, url: string, options: BrowserContextOptions = {}): Promise<Editor> {
    await withoutTips(url);
    const { page, troubles } = await chromium.open(options);
    const editor = new Editor(page, troubles);
    await page.addInitScript(hurry);
    await page.goto(url);
    await editor.#ready();
    return editor;
  }

  async #ready(): Promise<void> {
    await this.page.locator(".red-ui-palette-node").first().waitFor();
    await this.page.locator("#red-ui-loading-progress").waitFor({ state: "hidden" });
    // What slides and fades costs a third of the time and shows nothing.
    await this.page.addStyleTag({ content: "* { transition: none !important; animation: none !important }" });
    await this.page.evaluate(() => ($.fx.off = true));
  }

  async reload(): Promise<void> {
    // Unsaved changes would be asked about.
    this.page.once("dialog", (dialog) => void dialog.accept());
    await this.page.reload();
    await this.#ready();
  }

  /** Takes back what was saved and is not deployed: in a hundredth of the time that loading the editor anew takes. */
  async undo(): Promise<void> {
    const isLeft = await this.page.evaluate(() => {
      while (RED.nodes.dirty() && RED.history.depth() > 0) RED.actions.invoke("core:undo");
      return RED.nodes.dirty();
    });
    assert.equal(isLeft, false, "the editor has what is deployed");
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** Imports an example as a user does: main menu, Import, Examples. Gives the names of those that are offered there. */
  async importExample(name: string): Promise<string[]> {
    const { page } = this;
    await page.locator("#red-ui-header-button-sidemenu").click();
    await page.locator("#menu-item-import").click();
    const dialog = page.locator("#red-ui-clipboard-dialog");
    await dialog.locator("#red-ui-tab-red-ui-clipboard-dialog-import-tab-examples").click();
    const entry = (label: string) => dialog.locator(".red-ui-treeList-label:visible", { hasText: label });
    await entry("@portero/node-red").click();
    await entry(name).waitFor();
    const offered = await dialog.locator(".red-ui-treeList-label:visible").allInnerTexts();
    await entry(name).click();
    await this.#imported(() => page.locator("#red-ui-clipboard-dialog-ok").click());
    return offered.map((label) => label.trim());
  }

  /** The same by a file that is dropped on the workspace: in a tenth of the time. */
  async drop(flow: string): Promise<void> {
    await this.#imported(() =>
      this.page.locator("#red-ui-drop-target").evaluate((target, text) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.setData("text/plain", text);
        target.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
      }, flow),
    );
  }

  async #imported(act: () => Promise<void>): Promise<void> {
    const tabs = await this.tabs.count();
    const copy = this.page.locator(".red-ui-notification button", { hasText: "Import copy" });
    await act();
    // Where the shared config nodes are here already, Node-RED asks; of a copy it takes those that are the same.
    await this.tabs.nth(tabs).or(copy).first().waitFor();
    if (await copy.isVisible()) await copy.click();
    await this.tabs.nth(tabs).waitFor();
  }

  get tabs(): Locator {
    return this.page.locator("#red-ui-workspace-tabs > li.red-ui-tab");
  }

  /** Deploys by the button; resolves when Node-RED has taken it. */
  async deploy(): Promise<void> {
    const answer = this.page.waitForResponse((r) => r.url().endsWith("/flows") && r.request().method() === "POST");
    await this.page.locator("#red-ui-header-button-deploy").click();
    assert.ok((await answer).ok(), "Node-RED takes the deploy");
    await this.page.waitForFunction(() => !RED.nodes.dirty());
  }

  async deployType(type: "full" | "flow" | "node"): Promise<void> {
    await this.page.locator("#red-ui-header-button-deploy-options").click();
    await this.page.locator(`#deploymenu-item-${type}`).click();
  }

  get notifications(): Locator {
    return this.page.locator("#red-ui-notifications .red-ui-notification");
  }

  async errorNotifications(): Promise<string[]> {
    return this.page.locator(".red-ui-notification-error, .red-ui-notification-warning").allInnerTexts();
  }

  /** The id of the first node of `type`, also of one that is not deployed yet. */
  async idOf(type: string): Promise<string> {
    const id = await this.page.evaluate((wanted) => RED.nodes.filterNodes({ type: wanted })[0]?.id, type);
    if (id === undefined) throw new Error(`the editor has no ${type}`);
    return id;
  }

  /** A node in the workspace, brought to where it can be seen. */
  async node(id: string): Promise<Locator> {
    await this.page.evaluate((wanted) => RED.view.reveal(wanted, false), id);
    const node = this.page.locator(`[id="${id}"]`);
    await node.waitFor();
    return node;
  }

  /** Clicks the button that some nodes have at their side. */
  async pressButton(id: string): Promise<void> {
    await (await this.node(id)).locator(".red-ui-flow-node-button-button").click();
  }

  /** The text under a node, once it has one that matches. */
  async status(id: string, wanted: RegExp): Promise<string> {
    const label = (await this.node(id)).locator(".red-ui-flow-node-status-label");
    await label.filter({ hasText: wanted }).waitFor({ state: "attached" });
    return (await label.textContent()) ?? "";
  }

  /** Opens a node's dialog by a double click. */
  async edit(id: string): Promise<Dialog> {
    await (await this.node(id)).locator(".red-ui-flow-node").dblclick();
    return Dialog.opened(this.page, "node");
  }

  /** What the red triangle at a node says that has wrong settings. */
  async mark(id: string): Promise<string> {
    await (await this.node(id)).locator(".red-ui-flow-node-error").first().hover();
    const bubble = this.page.locator(".red-ui-flow-port-tooltip");
    await bubble.waitFor();
    return (await bubble.textContent()) ?? "";
  }

  /** Leaves every dialog that is open, without saving. */
  async cancelDialogs(): Promise<void> {
    const cancel = this.page.locator("#node-dialog-cancel, #node-config-dialog-cancel");
    while ((await cancel.count()) > 0) {
      const tray = await this.page.locator("#red-ui-editor-stack .red-ui-tray").evaluateHandle((element) => element);
      await cancel.first().click();
      await this.page.waitForFunction((element) => !element.isConnected, tray);
    }
  }

  /** The help text of a node, in the sidebar. */
  async help(id: string): Promise<string> {
    await (await this.node(id)).locator(".red-ui-flow-node").click();
    await this.page.evaluate(() => RED.actions.invoke("core:show-help-tab"));
    const help = this.page.locator(".red-ui-sidebar-help-content .red-ui-help, .red-ui-help").last();
    await help.waitFor();
    return help.innerText();
  }

  /** All flows as the export dialog gives them. */
  async exportAll(): Promise<string> {
    const { page } = this;
    await page.locator("#red-ui-header-button-sidemenu").click();
    await page.locator("#menu-item-export").click();
    await page.locator("#red-ui-clipboard-dialog-export-rng-full").click();
    await page.locator("#red-ui-tab-red-ui-clipboard-dialog-export-tab-clipboard-json").click();
    const text = page.locator("#red-ui-clipboard-dialog-export-text");
    await text.waitFor();
    const exported = await text.inputValue();
    await page.locator("#red-ui-clipboard-dialog-cancel").click();
    return exported;
  }

  /** What a copy button has left in the clipboard. */
  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Light or dark, as a user chooses it in the editor's settings; loads the editor anew. */
  async theme(scheme: "light" | "dark"): Promise<void> {
    await this.page.evaluate((wanted) => localStorage.setItem("view-dark-theme", wanted), scheme);
    await this.reload();
  }

  /** Opens one category of the palette and closes the others. */
  async showCategory(name: string): Promise<void> {
    await this.page.getByRole("button", { name: "Collapse all categories" }).click();
    await this.page.locator(`#red-ui-palette-header-${name}`).click();
    await this.page.locator(`#red-ui-palette-container-${name} .red-ui-palette-node`).first().waitFor();
  }

  /** Takes the tips away, which change by themselves; Node-RED remembers it. */
  async hideTips(): Promise<void> {
    const button = this.page.getByLabel("Hide tips");
    if (await button.isVisible()) await button.click();
  }

  /** Zooms so that the whole flow can be seen. */
  async showAll(): Promise<void> {
    await this.page.evaluate(() => RED.actions.invoke("core:zoom-fit"));
    await this.page.mouse.move(700, 5);
  }

  /** A message in the debug sidebar, by the name of its debug node. */
  debug(name: string): Locator {
    return this.page
      .locator(".red-ui-debug-msg")
      .filter({ has: this.page.locator(".red-ui-debug-msg-name", { hasText: name }) });
  }
}
