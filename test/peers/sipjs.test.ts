// SIP.js in Chromium by WS and WSS (RFC 7118): registers, is rung by the connection that it opened, answers, hangs up.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { makeCertificate } from "../../src/certificate.ts";
import { Secret } from "../../src/secret.ts";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { SipResponse } from "../../src/sip/message/message.ts";
import { readTraced } from "../../src/sip/trace/text.ts";
import { SimBell } from "../../src/sim/sim.ts";
import type { DeviceOptions } from "../../src/visit/numbers/devices.ts";
import { Chromium } from "../editor/browser.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import type { Phone, PhoneOptions } from "./sipjs-page.ts";

const password = "correct-horse";
/** Its microphone beeps. */
const microphone = [
  ...["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection"],
];

/** What the bundle leaves in the page. */
interface Bundle {
  sipjs: { Phone: new (options: PhoneOptions) => Phone };
  phone: Phone;
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(import.meta.dirname, "sipjs-page.ts")], bundle: true, write: false, format: "iife" },
    ...{ globalName: "sipjs", target: "es2022" },
  });
  return outputFiles[0]?.text ?? "";
}

/** An empty page: what a browser may connect to depends on where its page came from. */
async function origin(t: TestContext): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><link rel=icon href=data:,>");
  });
  t.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("SIP.js in a browser", { skip: without("chromium-headless-shell") }, () => {
  let chromium: Chromium;
  let script: string;
  before(async () => {
    [chromium, script] = await Promise.all([Chromium.start(microphone), bundle()]);
  });
  after(() => chromium.close());

  async function house(t: TestContext, transport: "ws" | "wss", device: DeviceOptions = {}) {
    const lines: Record<string, unknown>[] = [];
    const { certificate, key } = makeCertificate(["127.0.0.1"], Date.now());
    const secure = transport === "wss" ? { certificate, key: key.reveal() } : {};
    const at = { address: "127.0.0.1", port: 0 };
    const server = await startServer(
      checkConfig({
        sip: {
          listeners: [
            { transport: "udp", ...at },
            { transport, ...at, ...secure },
          ],
        },
        media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
        // Its description is a telephone's, where the test says nothing else.
        extensions: [{ extension: "6001", password, webrtc: "off", ...device }],
        doors: [
          {
            ...{ id: "front", name: "Front door", extension: "8000", password },
            strategy: { strategy: "ring-all", targets: ["6001"], seconds: 20 },
          },
        ],
      }),
      (line) => lines.push(line),
    );
    t.after(() => server.close());
    const [udp, ws] = server.switchboard.addresses;
    const { page, troubles } = await chromium.open({ ignoreHTTPSErrors: true });
    t.after(() => page.close());
    let alive = 0;
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => {
        if (String(payload) === "\r\n") alive += 1;
      });
    });
    await page.goto(await origin(t));
    await page.addScriptTag({ content: script });
    const url = `${transport}://127.0.0.1:${ws?.port ?? 0}`;
    await page.evaluate(
      (options) => {
        const here = window as unknown as Bundle;
        here.phone = new here.sipjs.Phone(options);
        return here.phone.start();
      },
      { server: url, extension: "6001", password, talks: device.webrtc === "auto" },
    );
    const bell = new SimBell({
      ...{ server: { host: "127.0.0.1", port: udp?.port ?? 0 }, extension: "8000", password: new Secret(password) },
    });
    t.after(() => bell.close());
    const registered = new Promise<void>((resolve) => {
      bell.on("event", ({ event }) => {
        if (event === "registered") resolve();
      });
    });
    await bell.start();
    await registered;
    return { server, lines, page, troubles, bell, keptAlive: () => alive };
  }

  it("X8 talks by WebRTC with a bell that knows nothing of it, and opens with its door code (RFC 4733)", async (t) => {
    const { lines, page, bell, server, troubles } = await house(t, "ws", { webrtc: "auto" });
    await seen(page, "Registered");
    const relay = new Promise<void>((resolve) => {
      bell.on("event", ({ event }) => {
        if (event === "relay") resolve();
      });
    });
    const loud = new Promise<void>((resolve) => {
      bell.on("event", (told) => {
        if (told.event === "audio" && told.frequency > 0) resolve();
      });
    });
    await bell.press();
    await seen(page, "rung by 8000");
    await page.evaluate(() => (window as unknown as Bundle).phone.answer());
    await seen(page, "Established");
    await loud;
    await page.waitForFunction(async () => (await (window as unknown as Bundle).phone.heard()) > 25);
    assert.equal(await page.evaluate(() => (window as unknown as Bundle).phone.press("1234")), true);
    await relay;
    await page.evaluate(() => (window as unknown as Bundle).phone.hangUp());
    const { payload } = (await told(lines, "ended")) as { payload: { media: Record<string, { encrypted?: string }> } };
    assert.match(JSON.stringify(payload.media), /"encrypted":"AEAD_AES_128_GCM"/);
    assert.deepEqual(troubles, []);
    assert.equal(server.switchboard.registrations().length, 2);
  });

  const seen = async (page: Page, event: string) => {
    await page.waitForFunction((wanted) => (window as unknown as Bundle).phone.events.includes(wanted), event);
  };
  const told = (lines: readonly Record<string, unknown>[], event: string) =>
    until(
      `"${event}"`,
      () => lines.find((one) => one["event"] === event),
      () => JSON.stringify(lines),
    );

  for (const transport of ["ws", "wss"] as const) {
    it(`registers by ${transport.toUpperCase()}, is rung, answers and hangs up`, async (t) => {
      const { lines, page, troubles, bell, server, keptAlive } = await house(t, transport);
      await seen(page, "Registered");
      const contact = server.switchboard.registrations().find(({ extension }) => extension === "6001");
      assert.match(String(contact?.contact), /\.invalid;transport=ws/);
      await bell.press();
      await seen(page, "rung by 8000");
      await page.evaluate(() => (window as unknown as Bundle).phone.answer());
      await told(lines, "answered");
      await seen(page, "Established");
      // It would leave if they had no answer.
      const before = keptAlive();
      await until("two keep-alives of SIP.js to be answered", () => keptAlive() >= before + 2);
      await page.evaluate(() => (window as unknown as Bundle).phone.hangUp());
      await seen(page, "Terminated");
      const ended = await told(lines, "ended");
      assert.equal((ended["payload"] as { outcome: string }).outcome, "answered");
      const status = await page.evaluate(() => (window as unknown as Bundle).phone.message("hello"));
      assert.ok(status >= 200, "a MESSAGE has an answer");
      await page.evaluate(() => (window as unknown as Bundle).phone.stop());
      await seen(page, "Unregistered");
      assert.deepEqual(troubles, []);
    });

    it(`is asked whether it is there, and asks us, by ${transport.toUpperCase()} (OPTIONS, RFC 3261 §11)`, async (t) => {
      const { lines, page, server, troubles } = await house(t, transport, { qualifySeconds: 1, qualifyDropAfter: 1 });
      await seen(page, "Registered");
      const contact = () => server.switchboard.registrations().find(({ extension }) => extension === "6001");
      const answered = (after: number) =>
        server.switchboard.endpoint.trace.entries(after).find((entry) => {
          const message = entry.direction === "in" ? readTraced(entry) : undefined;
          return message instanceof SipResponse && /OPTIONS$/.test(message.get("cseq") ?? "") && message.status === 200;
        });
      // The second one says that the first was taken for an answer.
      const next = (after: number) =>
        until(
          "SIP.js to answer an OPTIONS",
          () => answered(after),
          () => JSON.stringify(lines),
        );
      await next((await next(0)).seq);
      assert.equal(contact()?.reachable, true);
      const { status, allow } = await page.evaluate(() => (window as unknown as Bundle).phone.options());
      assert.equal(status, 200);
      for (const method of ["INVITE", "OPTIONS", "MESSAGE"]) assert.match(allow, new RegExp(`\\b${method}\\b`));
      assert.deepEqual(troubles, []);
    });

    it(`is gone with its page by ${transport.toUpperCase()}: nobody rings a connection that is closed`, async (t) => {
      const { lines, page, server } = await house(t, transport);
      await seen(page, "Registered");
      await page.close();
      assert.equal((await told(lines, "unregistered"))["reason"], "connection closed");
      assert.deepEqual(
        server.switchboard.registrations().map(({ extension }) => extension),
        ["8000"],
      );
    });

    it(`is told when the caller gives up by ${transport.toUpperCase()}`, async (t) => {
      const { page, bell } = await house(t, transport);
      await seen(page, "Registered");
      await bell.press();
      await seen(page, "rung by 8000");
      await bell.hangUp();
      await seen(page, "Terminated");
    });
  }
});
