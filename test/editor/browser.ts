// Chromium for one test file, and pages that remember what went wrong in them.
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { patienceMs } from "../support/patience.ts";
import { thePeer } from "../support/peers.ts";

const args = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  // Nothing leaves the machine, even where there is a network.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** A microphone that beeps, and is allowed to every page. */
export const microphone = [
  ...["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  "--allow-loopback-in-peer-connection",
];

/** Errors in a page's console, exceptions, failed answers, and addresses outside of this machine that it asked. */
export type Troubles = string[];

export interface Opened {
  page: Page;
  troubles: Troubles;
}

export class Chromium {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** `more`: further switches, such as a microphone that is none. */
  static async start(more: readonly string[] = []): Promise<Chromium> {
    return new Chromium(
      await chromium.launch({
        executablePath: thePeer("chromium-headless-shell"),
        args: [...args, ...more],
        timeout: patienceMs,
      }),
    );
  }

  async open(options: BrowserContextOptions = {}): Promise<Opened> {
    const context = await this.#browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
    context.setDefaultTimeout(patienceMs);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const troubles: Troubles = [];
    const page = await context.newPage();
    // Not by a route: with one Chromium keeps nothing of what it has loaded, and each load of the editor takes twice as long.
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol.startsWith("http") && hostname !== "127.0.0.1") troubles.push(`asked ${request.url()}`);
    });
    page.on("pageerror", (error) => troubles.push(`threw ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") troubles.push(`${message.text()} (${message.location().url})`);
    });
    return { page, troubles };
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
