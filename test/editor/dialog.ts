// A node's dialog in Node-RED's editor: its fields by their names in the flow file, and what the dialog says about them.
import type { Locator, Page } from "playwright-core";

type Kind = "node" | "node-config";

export class Dialog {
  readonly page: Page;
  /** Of several that lie on each other, Node-RED has only the topmost in the page. */
  readonly tray: Locator;
  readonly #kind: Kind;

  private constructor(page: Page, kind: Kind) {
    this.page = page;
    this.tray = page.locator("#red-ui-editor-stack .red-ui-tray").filter({ has: page.locator(`#${kind}-dialog-ok`) });
    this.#kind = kind;
  }

  /** The dialog that has just been opened. */
  static async opened(page: Page, kind: Kind): Promise<Dialog> {
    const dialog = new Dialog(page, kind);
    await dialog.tray.locator(".red-ui-tray-body form").first().waitFor();
    return dialog;
  }

  /** A field by the name of its setting. */
  field(name: string): Locator {
    return this.tray.locator(`#${this.#kind === "node" ? "node-input" : "node-config-input"}-${name}`);
  }

  /** A field that Node-RED draws as a value with its type. */
  typedField(name: string): Locator {
    return this.field(name).locator("xpath=following-sibling::*[1]").locator("input.red-ui-typedInput-input");
  }

  /** Opens the config node that is chosen in a field, by the pencil beside it; a new one, where none is chosen. */
  async editConfig(name: string): Promise<Dialog> {
    const prefix = this.#kind === "node" ? "node-input" : "node-config-input";
    const button = (does: string) => this.tray.locator(`#${prefix}-btn-${name}-${does}`);
    await button("edit").waitFor();
    const isChosen = await button("edit").evaluate((element) => !element.classList.contains("disabled"));
    await this.#untilGone(() => button(isChosen ? "edit" : "add").click());
    return Dialog.opened(this.page, "node-config");
  }

  /** Waits until this dialog makes way: to one above it, or because it closes. */
  async #untilGone(act: () => Promise<void>): Promise<void> {
    const tray = await this.tray.evaluateHandle((element) => element);
    await act();
    await this.page.waitForFunction((element) => !element.isConnected, tray);
  }

  /** Types into a field and leaves it; what the editor then says about it when the pointer rests on it. */
  async complaint(name: string, wrong: string): Promise<string> {
    const field = this.field(name);
    const tab = await field.evaluate((element) => element.closest("section")?.dataset["tab"]);
    // A tab may have one, too.
    const bubble = this.page.locator(".red-ui-popover:visible").first();
    const leave = async () => {
      await this.tray.locator(".red-ui-tray-header").hover();
      await bubble.waitFor({ state: "hidden" });
    };
    if (tab !== undefined) await this.tab(tab);
    await leave();
    await field.fill(wrong);
    await field.blur();
    await field.and(this.tray.locator(".input-error")).waitFor();
    await field.hover();
    await bubble.waitFor();
    const text = await bubble.innerText();
    await leave();
    return text;
  }

  /** Opens one of the dialog's own tabs. */
  async tab(name: string): Promise<void> {
    await this.tray.locator(`.red-ui-tab a[href="#${name}"]`).click();
  }

  /** Calls `look` with each of the dialog's own tabs open. */
  async eachTab(look: () => Promise<void>): Promise<void> {
    for (const tab of await this.tray.locator(".red-ui-tray-body form .red-ui-tab").all()) {
      await tab.click();
      await look();
    }
  }

  /** Every word that a user can read in the dialog: labels, options, placeholders, tips, titles. */
  words(): Promise<string[]> {
    return this.tray.locator(".red-ui-tray-body").evaluate((body) => {
      const isShown = (element: Element) => element.checkVisibility();
      const texts = [...body.querySelectorAll("label, h4, option, .form-tips, span, button, div")]
        .filter(isShown)
        .flatMap((element) => [...element.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE))
        .map((child) => child.textContent ?? "");
      const hints = [...body.querySelectorAll("[placeholder], [title]")]
        .filter(isShown)
        .flatMap((element) => [element.getAttribute("placeholder") ?? "", element.getAttribute("title") ?? ""]);
      return [...texts, ...hints].map((text) => text.trim()).filter((text) => text !== "");
    });
  }

  /** Fields whose label has no words, and fields that stick out of the dialog. */
  ugly(): Promise<string[]> {
    return this.tray.locator(".red-ui-tray-body-wrapper").evaluate((body) => {
      const { right } = body.getBoundingClientRect();
      const fields = [...body.querySelectorAll("input, select, button")].filter((field) => field.checkVisibility());
      const out = fields.filter((field) => field.getBoundingClientRect().right > right + 1);
      const mute = [...body.querySelectorAll("label")]
        .filter((label) => label.checkVisibility() && label.querySelector("span, i") !== null)
        .filter((label) => label.textContent.trim() === "");
      return [...out, ...mute].map((element) => element.outerHTML.slice(0, 120));
    });
  }

  /** Hints in empty fields, and choices, that are longer than the field. */
  cut(): Promise<string[]> {
    return this.tray.locator(".red-ui-tray-body").evaluate((body) => {
      const pen = document.createElement("canvas").getContext("2d");
      // At the end of a select stands its arrow; half of it is lenience.
      const arrow = 9;
      const textsIn = (field: HTMLInputElement | HTMLSelectElement) =>
        field instanceof HTMLSelectElement
          ? [...field.options].map(({ text }) => text)
          : field.value === ""
            ? [field.placeholder]
            : [];
      return [...body.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")].flatMap((field) => {
        if (!pen || !field.checkVisibility()) return [];
        const { font, paddingLeft, paddingRight } = getComputedStyle(field);
        pen.font = font;
        const taken =
          parseFloat(paddingLeft) + parseFloat(paddingRight) + (field instanceof HTMLSelectElement ? arrow : 0);
        return textsIn(field).filter((text) => pen.measureText(text).width > field.clientWidth - taken + 1);
      });
    });
  }

  async save(): Promise<void> {
    await this.#untilGone(() => this.page.locator(`#${this.#kind}-dialog-ok`).click());
  }

  async cancel(): Promise<void> {
    await this.#untilGone(() => this.page.locator(`#${this.#kind}-dialog-cancel`).click());
  }
}
