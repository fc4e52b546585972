// Live view in a browser: the pictures say which they are and the camera knows when each left, so what is seen, and how late,
// is measured. Node-RED is the real one, with a login.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { WebSocket } from "ws";
import { beepHertz, ClockCamera } from "../camera/clock-camera.ts";
import { perSecond, pictures } from "../camera/clock-film.ts";
import { rtspServer } from "../peers/rtsp-server.ts";
import { until } from "../support/patience.ts";
import { without } from "../support/peers.ts";
import { Chromium, type Opened } from "./browser.ts";
import { ClosedHouse, login } from "./closed-house.ts";
import { heardIn, listen, putEar, type Heard } from "./listen.ts";
import { flowWith } from "./live-flow.ts";
import { look, turns } from "./look.ts";

const httpCredentials = login;
const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

describe("Live view", { skip: without("chromium-headless-shell", "ffmpeg", "python3") }, () => {
  const ends: (() => unknown)[] = [];
  let camera: ClockCamera;
  let house: ClosedHouse;
  let chromium: Chromium;
  before(async () => {
    const later = { after: (end: unknown) => void ends.push(end as () => unknown) };
    const [clock, bFrames, other] = await Promise.all([
      ClockCamera.start(later),
      ClockCamera.start(later, [], true),
      rtspServer(later),
    ]);
    camera = clock;
    [house, chromium] = await Promise.all([ClosedHouse.start(flowWith(camera, bFrames, other.url)), Chromium.start()]);
  });
  after(async () => {
    await chromium.close();
    await house.end();
    for (const end of ends) await end();
  });

  const address = (path: string) => `${house.url}portero/${path}`;
  const element = (page: Page) => page.locator("portero-camera");
  const playing = (page: Page, way = "") =>
    page.locator(`portero-camera[state=playing]${way === "" ? "" : `[way=${way}]`}`).waitFor();
  const message = (page: Page) => element(page).locator(".message");
  const frames = (page: Page) =>
    element(page).evaluate((camera) => (camera as HTMLElement & { frames: number }).frames);
  const change = (page: Page, attributes: Readonly<Record<string, string>>) =>
    element(page).evaluate((camera, all) => {
      for (const [name, value] of Object.entries(all)) camera.setAttribute(name, value);
    }, attributes);

  /** Opens the page of a door, and closes it with its test. */
  async function visit(t: { after(end: () => unknown): void }, door: string, options: object = {}): Promise<Opened> {
    const opened = await chromium.open({ httpCredentials, viewport: { width: 500, height: 700 }, ...options });
    t.after(() => opened.page.context().close());
    await putEar(opened.page);
    await opened.page.goto(address(`door/${door}/`));
    return opened;
  }

  /**
   * Looks for a second: pictures one after the other, none of them late. A busy machine has several tries, and so much
   * less is asked of it as the page had fewer turns than the camera has pictures.
   */
  async function staysInTime(page: Page, least: number, latest: number): Promise<number> {
    let [count, delay, share] = [0, NaN, 1];
    await until(
      `${least} pictures in a second, at most ${latest} ms late`,
      async () => {
        const [seen, had] = await Promise.all([look(page, 1_000), turns(page, 1_000)]);
        share = Math.min(1, had / perSecond);
        assert.ok(
          seen.every(({ index }) => index >= 0),
          "each is one of the camera's pictures",
        );
        [count, delay] = [seen.length, median(seen.map((one) => camera.delay(one)))];
        return count >= least * share && delay >= 0 && delay < latest / share;
      },
      () => `There were ${count}, ${Math.round(delay)} ms late; ${Math.round(share * 100)} % of that was asked.`,
    );
    return delay;
  }

  it("P10 WebCodecs by itself, MSE when told: every picture is shown, and none is late", async (t) => {
    const { page, troubles } = await visit(t, "front");
    await playing(page, "webcodecs");
    for (const [kind, latest] of [
      ["webcodecs", 250],
      ["mse", 400],
    ] as const) {
      await change(page, { kind });
      await playing(page, kind);
      await camera.passes(10);
      const before = await frames(page);
      t.diagnostic(`${kind}: ${Math.round(await staysInTime(page, 15, latest))} ms late`);
      assert.ok((await frames(page)) - before >= 15, "the element counts them");
    }
    await change(page, { kind: "mjpeg" });
    await message(page)
      .getByText(/cannot do “mjpeg”/)
      .waitFor();
    assert.deepEqual(troubles, []);
  });

  it("P10 B-frames, which are sent in another order than shown, are shown in order", async (t) => {
    const { page, troubles } = await visit(t, "hedge");
    for (const kind of ["webcodecs", "mse"]) {
      await change(page, { kind });
      await playing(page, kind);
      await camera.passes(10);
      let numbers: number[] = [];
      await until(
        `${kind} to show a second of pictures`,
        async () => {
          const [seen, had] = await Promise.all([look(page, 1_000), turns(page, 1_000)]);
          numbers = seen.map(({ index }) => index);
          const share = Math.min(1, had / perSecond);
          const steps = numbers.slice(1).map((number, n) => (number - (numbers[n] ?? 0) + pictures) % pictures);
          assert.ok(
            steps.every((step) => step > 0 && step < pictures / 2),
            `${kind}: ${numbers.join()}`,
          );
          return numbers.length >= 12 * share && steps.every((step) => step < 10 / share);
        },
        () => numbers.join(),
      );
      t.diagnostic(`${kind}: ${numbers.join()}`);
    }
    assert.deepEqual(troubles, []);
  });

  it("P10 jsmpeg when told, where it is installed: transcoded, in pictures that can be read, and in time", async (t) => {
    const { page, troubles } = await visit(t, "front");
    await change(page, { kind: "jsmpeg" });
    await playing(page, "jsmpeg");
    await camera.passes(25);
    const before = await frames(page);
    t.diagnostic(`jsmpeg: ${Math.round(await staysInTime(page, 10, 700))} ms late`);
    assert.ok((await frames(page)) - before >= 10, "the element counts them");
    // By itself where the browser knows nothing else.
    await page.addInitScript(() => {
      for (const name of ["VideoDecoder", "MediaSource", "ManagedMediaSource"])
        Reflect.deleteProperty(globalThis, name);
    });
    await page.reload();
    await playing(page, "jsmpeg");
    assert.deepEqual(troubles, []);
  });

  it("P10 Motion JPEG as it came; single pictures, with their time, when told", async (t) => {
    const { page, troubles } = await visit(t, "garden");
    await playing(page, "mjpeg");
    await camera.passes(10);
    t.diagnostic(`${Math.round(await staysInTime(page, 15, 250))} ms late`);
    await change(page, { kind: "still" });
    await playing(page, "still");
    await element(page)
      .locator(".label", { hasText: /^Picture of \d/ })
      .waitFor();
    assert.deepEqual(troubles, []);
  });

  it("four viewers at once have one connection to the camera, and stay in time", async (t) => {
    const pages = await Promise.all(
      ["mse", "webcodecs", "mse", "webcodecs"].map(async (kind) => {
        const { page } = await visit(t, "front");
        await change(page, { kind });
        await playing(page, kind);
        return page;
      }),
    );
    await camera.passes(25);
    assert.equal(camera.rtspViewers, 1);
    await Promise.all(pages.map((page) => staysInTime(page, 8, 600)));
  });

  it("the camera goes away: a sentence; it comes back: the film, in time", async (t) => {
    const { page } = await visit(t, "front");
    await playing(page);
    t.after(() => camera.comeBack());
    camera.goAway();
    await page.locator("portero-camera[state=trouble]").waitFor();
    assert.match((await message(page).textContent()) ?? "", /^[A-Z].*\w{3}/);
    camera.comeBack();
    await playing(page);
    await camera.passes(10);
    await staysInTime(page, 15, 400);
    assert.equal(await message(page).isVisible(), false);
  });

  it("a hidden tab asks for nothing; a tab that slept is in time at once", async (t) => {
    const { page } = await visit(t, "front");
    await playing(page);
    const see = (state: string) =>
      page.evaluate((visibilityState) => {
        Object.defineProperty(document, "visibilityState", { value: visibilityState, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await see("hidden");
    await page.locator("portero-camera[state=paused]").waitFor();
    const before = await frames(page);
    await camera.passes(15);
    assert.equal(await frames(page), before);
    await see("visible");
    await playing(page);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    await camera.passes(40);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await playing(page);
    await camera.passes(5);
    await staysInTime(page, 15, 400);
  });

  it("P12 who has not logged in sees nothing: no page, no ticket, no picture, no film", async () => {
    for (const path of ["door/front/", "door/front/ticket", "door/front/picture.jpg", "door/front/events", "camera.js"])
      assert.equal((await fetch(address(path))).status, 401, path);
    for (const ticket of ["", "made-up"]) assert.match(await upgraded({ ticket }), /closed: This page has waited/);
  });

  /** What becomes of a WebSocket to the front door's film: "film", or why not. */
  async function upgraded({ ticket = "", origin = new URL(house.url).origin, door = "front" }): Promise<string> {
    const place = `door/${door}/live?ticket=${ticket}&kind=mse`;
    const socket = new WebSocket(address(place).replace("http", "ws"), { origin });
    const became = await new Promise<string>((resolve) => {
      socket.on("message", () => resolve("film"));
      socket.on("close", (_code, reason) => resolve(`closed: ${reason.toString()}`));
      socket.on("unexpected-response", (_request, { statusCode }) => resolve(`refused with ${statusCode ?? 0}`));
      socket.on("error", ({ message }) => resolve(message));
    });
    socket.terminate();
    return became;
  }

  const ticketFor = async (door: string): Promise<string> => {
    const answer = await fetch(address(`door/${door}/ticket`), { headers: { authorization } });
    return ((await answer.json()) as { ticket: string }).ticket;
  };

  it("P12 a ticket is for one page of ours, one door and one time", async () => {
    const evil = await upgraded({ ticket: await ticketFor("front"), origin: "http://evil.example" });
    assert.equal(evil, "refused with 403");
    assert.match(await upgraded({ ticket: await ticketFor("garden") }), /closed: This page has waited/);
    const ticket = await ticketFor("front");
    assert.equal(await upgraded({ ticket }), "film");
    assert.match(await upgraded({ ticket }), /closed: This page has waited/);
  });

  it("a page of somebody else cannot make a browser open that is logged in", async () => {
    const headers = { authorization, origin: "http://evil.example" };
    const answer = await fetch(address("door/front/open"), { method: "POST", headers });
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /asked by a page that is not Node-RED's/);
  });

  it("a wrong door, one that is not shown, and one with masks are told in sentences", async (t) => {
    const { page } = await visit(t, "masked");
    await message(page).getByText("The masked has parts that nobody may see").waitFor();
    await page.locator(".picture canvas").waitFor();
    assert.equal(await element(page).getAttribute("way"), "still");
    const numbers = await until("a picture to be seen", async () => {
      const seen = await look(page, 300);
      return seen.length > 0 && seen.map(({ index }) => index);
    });
    assert.deepEqual([...new Set(numbers)], [-1], "its number is black");
    await change(page, { door: "nowhere" });
    await message(page).getByText('There is no door "nowhere"').waitFor();
    await change(page, { door: "closed" });
    await message(page).getByText("is not shown to browsers").waitFor();
    await change(page, { door: "" });
    await message(page).getByText("Which door?").waitFor();
  });

  const press = (page: Page, name: string) => element(page).getByRole("button", { name }).click();

  it("X3 G.711: silent until it is switched on, then heard with the pictures, also after the way has changed", async (t) => {
    const { page, troubles } = await visit(t, "law");
    await playing(page, "webcodecs");
    await element(page).getByRole("button", { name: "Sound on" }).waitFor();
    assert.deepEqual(await listen(page, 100), [], "nothing is played");
    await press(page, "Sound on");
    for (const kind of ["webcodecs", "mse"]) {
      await change(page, { kind });
      await playing(page, kind);
      await camera.passes(8);
      let words = "";
      const isHeard = async () => {
        const [seen, heard] = await Promise.all([look(page, 1_600), listen(page, 1_600)]);
        const beeps = heard.filter(({ level }) => level > 0.2);
        const clear = beeps.filter(({ hertz }) => Math.abs(hertz - beepHertz) < 70);
        const silent = heard.filter(({ level }) => level < 0.01);
        const onsets = heard.slice(1).filter(({ level }, n) => level > 0.1 && (heard[n]?.level ?? 1) < 0.1);
        // By each picture it is known when that of the beep was, or would have been.
        const begins = seen.map(({ index, at }) => at - (index % perSecond) * (1_000 / perSecond));
        const nearest = ({ at }: Heard) =>
          begins.map((begin) => at - begin).toSorted((x, y) => Math.abs(x) - Math.abs(y))[0] ?? NaN;
        const apart = onsets.map(nearest);
        words = `${clear.length} of ${beeps.length} beeps, ${silent.length} of ${heard.length} silent, ${apart.map(Math.round).join(", ")} ms after the picture`;
        // A machine at work for others makes it wait for more before it is played, and the page has fewer turns to look and to hear.
        const share = Math.min(1, heard.length / (1.6 * perSecond));
        const isInTime = median(apart) > -100 / share && median(apart) < 300 / share;
        return (
          beeps.length > 3 * share && clear.length === beeps.length && silent.length > heard.length / 2 && isInTime
        );
      };
      await until(`${kind} to be heard: the beep with its picture, and silence between`, isHeard, () => words);
      t.diagnostic(`${kind}: ${words}`);
    }
    await element(page).focus();
    await page.keyboard.press("m");
    await element(page).getByRole("button", { name: "Sound on" }).waitFor();
    assert.deepEqual(await listen(page, 100), [], "nothing is played");
    assert.deepEqual(troubles, []);
  });

  it("X3 AAC by AudioDecoder, and by an <audio> where there is none: the camera's tone", async (t) => {
    const { page, troubles } = await visit(t, "aac");
    await playing(page);
    await press(page, "Sound on");
    for (const kind of ["webcodecs", "mse"]) {
      await change(page, { kind });
      await playing(page, kind);
      await heardIn(page);
      let words = "";
      await until(
        `${kind} to be heard`,
        async () => {
          const heard = await listen(page, 500);
          const clear = heard.filter(({ hertz, level }) => Math.abs(hertz - 1_000) < 70 && level > 0.2);
          words = `${clear.length} of ${heard.length} are the tone.`;
          return heard.length > 0 && clear.length > 0.7 * heard.length;
        },
        () => words,
      );
      // The next time.
      await page.evaluate(() => Reflect.deleteProperty(globalThis, "AudioDecoder"));
    }
    assert.deepEqual(troubles, []);
  });

  it("P9 the page says who rings, opens when its button is held and not when it is touched, and ends the visit", async (t) => {
    const { page, troubles } = await visit(t, "front");
    await page.getByText("Nobody is at the door").waitFor();
    await house.inject("press", "press");
    await page.getByText(/ rings$/).waitFor();
    assert.match(await page.title(), / rings$/);
    const open = page.getByRole("button", { name: "Hold to open" });
    await open.click();
    await page.getByText("Not opened: keep the button held until it is full.").waitFor();
    await open.hover();
    await page.mouse.down();
    await page.getByText("The door was opened.").waitFor();
    await page.mouse.up();
    await page.getByRole("button", { name: /^(Stop ringing|End the call)$/ }).click();
    await page.getByText("Nobody is at the door").waitFor();
    assert.deepEqual(troubles, []);
  });

  it("who may only see is offered no button; pause and full screen by button and key; a deploy is survived", async (t) => {
    const { page } = await visit(t, "garden");
    await page.getByRole("heading", { name: "The garden" }).waitFor();
    await playing(page, "mjpeg");
    assert.equal(await page.getByRole("button", { name: "Hold to open" }).count(), 0);
    await element(page).getByRole("button", { name: "Pause" }).click();
    await page.locator("portero-camera[state=paused]").waitFor();
    await element(page).focus();
    await page.keyboard.press("k");
    await playing(page);
    await page.keyboard.press("f");
    await element(page).getByRole("button", { name: "Leave full screen" }).waitFor();
    await house.deploy();
    await page.locator("portero-camera[state=trouble]").waitFor();
    await playing(page, "mjpeg");
    await page.getByText("Nobody is at the door").waitFor();
  });
});
