// Node-RED's editor as a user has it: what is clicked, typed and read. Its own script (`RED`) is asked only where a user
// would look for something by eye, such as a node in a large flow.
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import type { Chromium, Troubles } from "./browser.ts";

/** What we ask of the editor's script. */
interface EditorScript {
  view: { reveal(id: string, flash?: boolean): void };
  nodes: { dirty(): boolean };
}
declare const RED: EditorScript;

export class Editor {
  readonly page: Page;
  readonly troubles: Troubles;

  private constructor(page: Page, troubles: Troubles) {
    this.page = page;
    this.troubles = troubles;
  }

  static async open(chromium: Chromium, url: string): Promise<Editor> {
    const { page, troubles } = await chromium.open();
    const editor = new Editor(page, troubles);
    await page.goto(url);
    await editor.#ready();
    return editor;
  }

  async #ready(): Promise<void> {
    await this.page.locator(".red-ui-palette-node").first().waitFor();
    await this.page.locator("#red-ui-loading-progress").waitFor({ state: "hidden" });
  }

  async reload(): Promise<void> {
    // Unsaved changes would be asked about.
    this.page.once("dialog", (dialog) => void dialog.accept());
    await this.page.reload();
    await this.#ready();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** Imports an example as a user does: main menu, Import, Examples. */
  async importExample(name: string): Promise<void> {
    const { page } = this;
    await page.locator("#red-ui-header-button-sidemenu").click();
    await page.locator("#menu-item-import").click();
    const dialog = page.locator("#red-ui-clipboard-dialog");
    await dialog.locator("#red-ui-tab-red-ui-clipboard-dialog-import-tab-examples").click();
    const entry = (label: string) => dialog.locator(".red-ui-treeList-label:visible", { hasText: label });
    await entry("@portero/node-red").click();
    await entry(name).click();
    const tabs = await this.tabs.count();
    await page.locator("#red-ui-clipboard-dialog-ok").click();
    // The shared config nodes are here already: Node-RED asks once, and takes those that are the same.
    const copy = page.locator(".red-ui-notification button", { hasText: "Import copy" });
    await page.waitForFunction(
      ([before]) =>
        document.querySelectorAll(".red-ui-workspaces-tab-bar, #red-ui-workspace-tabs > li.red-ui-tab").length >
          (before ?? 0) || document.querySelector(".red-ui-notification button"),
      [tabs],
    );
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
    await this.page.locator(`#deploymenttype-menu-item-${type}`).click();
  }

  get notifications(): Locator {
    return this.page.locator("#red-ui-notifications .red-ui-notification");
  }

  async errorNotifications(): Promise<string[]> {
    return this.page.locator(".red-ui-notification-error, .red-ui-notification-warning").allInnerTexts();
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

  /** A message in the debug sidebar, by the name of its debug node. */
  debug(name: string): Locator {
    return this.page
      .locator(".red-ui-debug-msg")
      .filter({ has: this.page.locator(".red-ui-debug-msg-name", { hasText: name }) });
  }
}
