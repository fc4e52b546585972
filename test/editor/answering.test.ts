// A page that answers the bell (X8), in Chromium: rung through Node-RED's own web server, behind its login, like any phone.
// Who gets in, without a browser: test/nodes/answering.test.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { flow } from "./answering-flow.ts";
import { Chromium, microphone, type Opened } from "./browser.ts";
import { ClosedHouse, login } from "./closed-house.ts";
import { panel, pressPanel } from "./panel.ts";

interface Watched {
  tones: number;
  readonly sockets: WebSocket[];
  readonly connections: RTCPeerConnection[];
  readonly notices: string[];
}

describe("X8 a page that answers", { skip: without("chromium-headless-shell") }, () => {
  let house: ClosedHouse;
  let chromium: Chromium;
  before(async () => {
    [house, chromium] = await Promise.all([
      ClosedHouse.start(flow, { "door-panel": { password: panel.password } }),
      Chromium.start(microphone),
    ]);
  });
  after(async () => {
    await chromium.close();
    await house.end();
  });

  /** Opens a door's page as somebody who has logged in. */
  async function visit(t: TestContext, door = "front"): Promise<Opened> {
    const opened = await chromium.open({ httpCredentials: login, viewport: { width: 500, height: 800 } });
    t.after(() => opened.page.context().close());
    await opened.page.addInitScript(watch);
    await opened.page.goto(`${house.url}portero/door/${door}/`);
    return opened;
  }

  /** What one can neither see nor hear of a page. */
  function watch(): void {
    const seen: Watched = { tones: 0, sockets: [], connections: [], notices: [] };
    window.Notification = class extends EventTarget {
      static readonly permission = "granted";
      constructor(title: string) {
        super();
        seen.notices.push(title);
      }
      close(): void {}
    } as unknown as typeof Notification;
    Object.assign(window, { seen });
    // Whoever asks a page by the debugger's protocol has touched it.
    let touched = false;
    addEventListener("pointerdown", () => (touched = true), true);
    Object.defineProperty(navigator, "userActivation", { get: () => ({ hasBeenActive: touched }) });
    window.AudioContext = class extends AudioContext {
      override createOscillator(): OscillatorNode {
        seen.tones += 1;
        return super.createOscillator();
      }
    };
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(how?: RTCConfiguration) {
        super(how);
        seen.connections.push(this);
      }
    };
    window.WebSocket = class extends WebSocket {
      constructor(...how: ConstructorParameters<typeof WebSocket>) {
        super(...how);
        if (how[1] === "sip") seen.sockets.push(this);
      }
    };
  }

  afterEach(() => house.inject("press", "hangup"));

  // The first picture of a simulated camera takes its time on a busy machine, longer than a camera is waited for.
  const noTrouble = (troubles: readonly string[]) =>
    assert.deepEqual(
      troubles.filter((text) => !/status of 503 .*picture\.jpg/.test(text)),
      [],
    );
  const phone = (page: Page, state: string) =>
    page.waitForFunction(
      (wanted) => (document.querySelector("portero-door") as HTMLElement & { phone: string }).phone === wanted,
      state,
    );
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const says = (page: Page, text: string | RegExp) => page.getByText(text).waitFor();
  const press = () => house.inject("press", "press");
  const idle = (page: Page) => says(page, "Nobody is at the door");
  const tones = (page: Page) => page.evaluate(() => (window as unknown as { seen: Watched }).seen.tones);

  /** How much of the other side's sound has come. */
  const received = (page: Page) =>
    page.evaluate(async () => {
      let energy = 0;
      for (const connection of (window as unknown as { seen: Watched }).seen.connections)
        (await connection.getStats()).forEach((one: { type: string; totalAudioEnergy?: number }) => {
          if (one.type === "inbound-rtp") energy += one.totalAudioEnergy ?? 0;
        });
      return energy;
    });

  /** The bell is heard in the page. */
  const isHeard = (page: Page) => until("the bell to be heard", async () => (await received(page)) > 0);

  /** Waits until the bell hears, from now on, what is louder or quieter than that. */
  async function bellHears(wanted: (level: number) => boolean): Promise<void> {
    const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    const fetched = async () => {
      const text = await (await fetch(`${house.url}heard`, { headers: { authorization } })).text();
      return text.startsWith("{") ? (JSON.parse(text) as { level: number }).level : undefined;
    };
    await fetched();
    let level: number | undefined;
    await until(
      "the bell to hear something like it",
      async () => (level = await fetched()) !== undefined && wanted(level),
      () => `It hears ${level}.`,
    );
  }

  it("rings, aloud once it was touched, until somebody else answers, whom it names (X4)", async (t) => {
    const [{ page, troubles }, { page: garden }] = await Promise.all([visit(t), visit(t, "garden")]);
    await Promise.all([phone(page, "ready"), phone(garden, "ready")]);
    await says(page, "Touch this page once");
    await press();
    await phone(page, "rung");
    assert.match(await page.title(), / rings$/);
    assert.equal(await tones(page), 0);
    await page.getByRole("heading").click();
    await page.waitForFunction(() => (window as unknown as { seen: Watched }).seen.tones >= 2);
    await button(page, "Answer").waitFor();
    assert.equal(await button(page, "Stop ringing").count(), 0);
    await house.inject("kitchen", "answer");
    await says(page, "Answered at 6001.");
    await phone(page, "ready");
    await says(page, /talks with 6001$/);
    assert.equal(await button(page, "Answer").count(), 0);
    // The garden's page answers as the same extension, but for its own door.
    await idle(garden);
    assert.equal(
      await garden.evaluate(() => (document.querySelector("portero-door") as HTMLElement & { phone: string }).phone),
      "ready",
    );
    await button(page, "End the call").click();
    await idle(page);
    noTrouble(troubles);
  });

  it("X1/H12 opened while it rings is rung at once; declines for itself alone", async (t) => {
    await press();
    const { page } = await visit(t);
    await phone(page, "rung");
    await button(page, "Decline").click();
    await phone(page, "ready");
    await button(page, "Stop ringing").waitFor();
    await page.reload();
    await phone(page, "rung");
    await button(page, "Decline").click();
    await button(page, "Stop ringing").click();
    await idle(page);
  });

  it("notifies who looks elsewhere; is rung anew where its connection was lost while it rang, and after a deploy", async (t) => {
    const { page } = await visit(t);
    await phone(page, "ready");
    await page.evaluate(() => Object.defineProperty(document, "hidden", { get: () => true }));
    await press();
    await phone(page, "rung");
    const { notices } = await page.evaluate(() => (window as unknown as { seen: Watched }).seen);
    assert.deepEqual(notices, ["The front calls"]);
    await page.evaluate(() => (window as unknown as { seen: Watched }).seen.sockets.at(-1)?.close());
    await page.waitForFunction(() => (window as unknown as { seen: Watched }).seen.sockets.length === 2);
    await phone(page, "rung");
    await house.deploy();
    await phone(page, "ready");
    await idle(page);
    await press();
    await phone(page, "rung");
    await house.inject("press", "hangup");
    await phone(page, "ready");
  });

  it("answers: hears the bell and is heard, mutes, opens and hangs up, all in the page", async (t) => {
    const { page, troubles } = await visit(t);
    await phone(page, "ready");
    await press();
    await phone(page, "rung");
    await button(page, "Answer").click();
    await phone(page, "talking");
    await says(page, "You talk with the visitor");
    await Promise.all([isHeard(page), bellHears((level) => level > -55)]);
    // A bell that sends video.
    await page.evaluate(() => {
      const canvas = document.createElement("canvas");
      setInterval(() => canvas.getContext("2d")?.fillRect(0, 0, Math.random() * 100, 100), 50);
      const [track] = canvas.captureStream().getVideoTracks();
      const { connections } = (window as unknown as { seen: Watched }).seen;
      connections.at(-1)?.dispatchEvent(Object.assign(new Event("track"), { track }));
    });
    await page.locator("video.visitor.seen").waitFor();
    await button(page, "Mute").click();
    await bellHears((level) => level < -60);
    await button(page, "Unmute").waitFor();
    const open = button(page, "Hold to open");
    await open.hover();
    await page.mouse.down();
    await says(page, "The door was opened.");
    await page.mouse.up();
    await button(page, "Hang up").click();
    await phone(page, "ready");
    assert.equal(await page.locator("video.visitor.seen").count(), 0);
    await idle(page);
    noTrouble(troubles);
  });

  it("without a microphone sees and hears, and says why: refused, or no https", async (t) => {
    const { page } = await visit(t);
    const without = (why: "refused" | "no https") =>
      page.evaluate((reason) => {
        const refuse = () => Promise.reject(new DOMException("no", "NotAllowedError"));
        const none = reason === "refused" ? { getUserMedia: refuse } : undefined;
        Object.defineProperty(navigator, "mediaDevices", { get: () => none, configurable: true });
        Object.defineProperty(window, "isSecureContext", { get: () => reason === "refused", configurable: true });
      }, why);
    await without("no https");
    await phone(page, "ready");
    await press();
    await says(page, /You see and hear, but are not heard: .* only by https/);
    await without("refused");
    await button(page, "Answer").click();
    await phone(page, "talking");
    await says(page, /You see and hear, but are not heard: the microphone is not allowed/);
    assert.equal(await button(page, "Mute").count(), 0);
    await isHeard(page);
    await house.inject("press", "hangup");
    await phone(page, "ready");
  });

  it("without WebRTC rings and opens, and says that it cannot answer", async (t) => {
    const { page } = await visit(t);
    await page.evaluate(() => Reflect.deleteProperty(window, "RTCPeerConnection"));
    await phone(page, "ready");
    await press();
    await phone(page, "rung");
    await says(page, "This browser cannot answer: it has no WebRTC");
    assert.equal(await button(page, "Answer").count(), 0);
    await button(page, "Hold to open").hover();
    await page.mouse.down();
    await says(page, "The door was opened.");
    await page.mouse.up();
  });

  /** The way to the house is gone. */
  const fails = (page: Page) =>
    page.evaluate(() => {
      const connection = (window as unknown as { seen: Watched }).seen.connections.at(-1);
      Object.defineProperty(connection, "connectionState", { get: () => "failed" });
      connection?.dispatchEvent(new Event("connectionstatechange"));
    });

  it("says why a call is over: ended by somebody, cut off, or no way between this browser and the house", async (t) => {
    const { page } = await visit(t);
    await phone(page, "ready");
    const answer = async () => {
      await press();
      await phone(page, "rung");
      await button(page, "Answer").click();
      await phone(page, "talking");
    };
    await answer();
    await page.evaluate(() => fetch("stop", { method: "POST" }));
    await says(page, /^The call has ended: stopped by page \(anna\)\.$/);
    await idle(page);
    await answer();
    await isHeard(page);
    await fails(page);
    await says(page, "The call was cut off");
    await idle(page);
    // Nothing of the house can be reached.
    await page.evaluate(() => {
      type How = Readonly<Record<"type" | "sdp", string>>;
      const known = RTCPeerConnection.prototype as unknown as { setRemoteDescription: (how: How) => Promise<void> };
      const take = known.setRemoteDescription;
      known.setRemoteDescription = function ({ type, sdp }: How) {
        return take.call(this, { type, sdp: sdp.replace(/^a=candidate.*\r\n/gm, "") });
      };
    });
    await answer();
    await fails(page);
    await says(page, "its sound does not get through between this browser and Node-RED");
  });

  /** The SIP port of the house, which each deploy changes. */
  const sipPort = () =>
    Number(/reach it at \S+:(\d+)/.exec(house.child.lines.findLast((line) => line.includes("reach it at")) ?? "")?.[1]);
  const isSeen = (page: Page) => page.locator("video.visitor.seen").waitFor();

  it("X7 shows while it rings a visitor whom only the bell's call shows; who answers sees on, hears and is heard", async (t) => {
    const { page } = await visit(t, "panel");
    await phone(page, "ready");
    const { call, hears } = await pressPanel(t, sipPort());
    await Promise.all([phone(page, "rung"), isSeen(page)]);
    assert.equal(call.state, "early");
    assert.equal(await received(page), 0, "nobody is heard before the answer");
    await button(page, "Answer").click();
    await phone(page, "talking");
    await Promise.all([isHeard(page), hears(), isSeen(page)]);
    assert.equal(await page.evaluate(() => (window as unknown as { seen: Watched }).seen.connections.length), 1);
    await button(page, "Hang up").click();
    await phone(page, "ready");
    assert.equal(await page.locator("video.visitor.seen").count(), 0);
  });

  it("X7 rings anew without a picture where none comes through, and goes on ringing", async (t) => {
    const { page } = await visit(t, "panel");
    await phone(page, "ready");
    await pressPanel(t, sipPort());
    await Promise.all([phone(page, "rung"), isSeen(page)]);
    await fails(page);
    await page.waitForFunction(() => (window as unknown as { seen: Watched }).seen.sockets.length === 2);
    await phone(page, "rung");
    assert.equal(await page.locator("video.visitor.seen").count(), 0);
    await button(page, "Answer").click();
    await phone(page, "talking");
    await isSeen(page);
  });

  it("P12 who has not logged in is no phone: no ticket, and no socket without one", async () => {
    assert.equal((await fetch(`${house.url}portero/door/front/phone`)).status, 401);
    const socket = new WebSocket(`${house.url.replace("http", "ws")}portero/door/front/sip?ticket=made-up`, "sip");
    const [opened, failed] = ["open", "error"].map((event) => once(socket, event).then(() => event));
    assert.equal(await Promise.race([opened, failed]), "error");
  });
});
