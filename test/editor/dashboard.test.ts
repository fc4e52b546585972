// The dashboard of the first flow: the picture is really shown, the button really opens, MQTT opens too, a camera is live.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { without } from "../support/peers.ts";
import { Chromium, microphone, type Troubles } from "./browser.ts";
import { example, House } from "./house.ts";

const events = "doorbell/frontdoor/event";
const is = (event: string) => (payload: { [name: string]: unknown }) => payload["event_type"] === event;

/**
 * The first flow, without its own first press, and with a phone that does not keep the test waiting. A page that opens asks
 * what is going on, and is told by a notification, it alone.
 */
async function quickFlow() {
  const flow = await example("the-whole-way");
  const idOf = (type: string) => flow.find((node) => node.type === type)?.id ?? "";
  const on = { z: idOf("tab"), x: 200, y: 1000 };
  const late = [
    { ...on, id: "1a7e000000000001", type: "ui-event", ui: idOf("ui-base"), name: "", wires: [["1a7e000000000002"]] },
    {
      ...{ ...on, id: "1a7e000000000002", type: "doorbell-in", name: "", door: idOf("door"), endpoint: "" },
      ...{ events: "ring,answered", wires: [[], [], [], ["1a7e000000000003"]] },
    },
    {
      ...{ ...on, id: "1a7e000000000003", type: "change", name: "", wires: [["1a7e000000000004"]] },
      rules: [{ t: "set", p: "payload", pt: "msg", to: '"Somebody is at " & visit.caller.name', tot: "jsonata" }],
    },
    {
      ...{ ...on, id: "1a7e000000000004", type: "ui-notification", ui: idOf("ui-base"), name: "", wires: [[]] },
      ...{
        position: "top right",
        displayTime: "30",
        showCountdown: false,
        outputs: 0,
        allowDismiss: false,
        raw: false,
      },
    },
  ];
  const quick = flow.map((node) => {
    if (node.type === "inject") return { ...node, once: false };
    if (node.type === "debug") return { ...node, active: true };
    return node["autoAnswer"] === true ? { ...node, answerAfter: "0.5" } : node;
  });
  // The camera, live, and a door that is answered beside it: what they have in common is there once.
  const more = [...(await example("live-view")), ...(await example("answer-from-the-dashboard"))];
  const [known, fresh] = [new Set(quick.map(({ id }) => id)), new Map(more.map((node) => [node.id, node]))];
  return [...quick, ...late, ...[...fresh.values()].filter(({ id }) => !known.has(id))];
}

/** Width and height of the picture as the browser decoded it, and how many different colours a grid of its pixels has. */
const seen = (page: Page) =>
  page.locator("img[alt='The visitor']").evaluate(async (element) => {
    const image = element as HTMLImageElement;
    await image.decode().catch(() => {}); // What is no picture has no width.
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.drawImage(image, 0, 0);
    const colours = new Set<string>();
    for (let x = 5; x < canvas.width; x += 20)
      for (let y = 5; y < canvas.height; y += 20) colours.add(context.getImageData(x, y, 1, 1).data.join());
    return { width: image.naturalWidth, height: image.naturalHeight, colours: colours.size, source: image.src };
  });

describe("The dashboard", { skip: without("chromium-headless-shell", "mosquitto_pub") }, () => {
  let chromium: Chromium;
  let house: House;
  let page: Page;
  let troubles: Troubles;
  let devices: string;
  let since: number;
  before(async () => {
    chromium = await Chromium.start(microphone);
    house = await House.start({ flow: await quickFlow() });
    ({ page, troubles } = await chromium.open());
    devices = await house.idOf("debug", "what they see and hear");
    await page.goto(house.ready.dashboard ?? "");
  });
  after(async () => {
    await chromium.close();
    await house.end();
  });

  /** The button of the bell that stands in the flow. */
  const press = async () => {
    since = house.comms.now;
    await house.inject(await house.idOf("inject", "press"));
  };
  const hangUp = async () => {
    const before = house.mqtt.now;
    await house.admin("POST", `inject/${await house.idOf("inject", "press")}`, {
      __user_inject_props__: [{ p: "payload", v: "hang up", vt: "str" }],
    });
    await house.mqtt.json(events, is("ended"), { since: before });
    await page.getByText(/Frontdoor: ended/).waitFor();
  };
  const pressForPicture = async () => house.pressForPicture(await house.idOf("camera-snapshot"), press, hangUp);
  const relay = (state: string) =>
    house.comms.debug(
      devices,
      (value) => {
        const told = value as { event: string; state?: string };
        return told.event === "relay" && told.state === state;
      },
      { since },
    );

  it("before the first visit: says so; PRESS by MQTT is refused, with the reason", async () => {
    await page.getByText("Nobody has rung yet.").waitFor();
    const result = await house.pressByMqtt();
    assert.equal(result["ok"], false);
    assert.match(String(result["reason"]), /nobody is at the door/);
  });

  it("X2: a press shows the picture, really, and who is there", async () => {
    await pressForPicture();
    await page.locator("img[alt='The visitor']").waitFor();
    const { width, height, colours } = await seen(page);
    assert.deepEqual([width, height], [640, 480]);
    assert.ok(colours > 10, `a picture, not a plane: ${colours} colours`);
    await page.getByText(/Frontdoor: ring|Frontdoor: answered/).waitFor();
  });

  it("X5: a click on “Open the door” opens: the bell's relay pulses, MQTT and the dashboard say so", async () => {
    await house.mqtt.json(events, is("answered"));
    const before = house.mqtt.now;
    await page.getByRole("button", { name: "Open the door" }).click();
    const result = await house.mqtt.json("doorbell/frontdoor/door/result", () => true, { since: before });
    assert.deepEqual([result["ok"], result["method"]], [true, "dtmf-info"]);
    await relay("on");
    await relay("off");
    await page.getByText(/\d\d:\d\d:\d\d opened/).waitFor();
  });

  it("PRESS by MQTT opens during the visit, too", async () => {
    since = house.comms.now;
    const result = await house.pressByMqtt();
    assert.deepEqual([result["ok"], result["method"]], [true, "dtmf-info"]);
    await relay("on");
    await relay("off");
  });

  it("H12 a page that is opened after the door was opened has the picture, too, and is told that somebody is there", async () => {
    const later = await chromium.open();
    await later.page.goto(house.ready.dashboard ?? "");
    await later.page.locator("img[alt='The visitor']").waitFor();
    const { width, source } = await seen(later.page);
    assert.equal(width, 640, `what is shown: ${source.slice(0, 60)}`);
    assert.ok(source === (await seen(page)).source, "the same picture as on the page that was open");
    await later.page.getByText("Somebody is at Frontdoor").waitFor();
    assert.equal(await page.getByText("Somebody is at Frontdoor").count(), 0, "only the page that opens is told");
    assert.deepEqual(later.troubles, []);
  });

  it("the next press updates the picture", async () => {
    const { source } = await seen(page);
    await hangUp();
    await pressForPicture();
    await page.waitForFunction((old) => {
      const image = document.querySelector<HTMLImageElement>("img[alt='The visitor']");
      return image !== null && image.src !== old;
    }, source);
    const { width, colours } = await seen(page);
    assert.ok(width === 640 && colours > 10);
  });

  it("P9 <portero-camera> in a template shows the side door live, picture after picture", async () => {
    const camera = page.locator("portero-camera[door=side-door]");
    await page.locator("portero-camera[door=side-door][state=playing][way=mjpeg]").waitFor();
    const frames = () => camera.evaluate((element) => (element as HTMLElement & { frames: number }).frames);
    const before = await frames();
    await page.waitForFunction((least) => {
      const element = document.querySelector<HTMLElement & { frames: number }>("portero-camera[door=side-door]");
      return element !== null && element.frames > least;
    }, before + 1);
    const { width, height } = (await camera.boundingBox()) ?? { width: 0, height: 0 };
    assert.ok(Math.abs(width / height - 640 / 480) < 0.1, `as wide as the camera's picture: ${width} × ${height}`);
  });

  it("X8 <portero-door> in a template is a phone: it rings, answers, and hangs up", async () => {
    const door = page.locator("portero-door");
    const phone = (state: string) =>
      page.waitForFunction(
        (wanted) => document.querySelector<HTMLElement & { phone: string }>("portero-door")?.phone === wanted,
        state,
      );
    await phone("ready");
    await house.inject("3f6a1c77e0d24b03");
    await phone("rung");
    assert.match(await page.title(), /Garden door rings$/);
    await door.getByRole("button", { name: "Answer" }).click();
    await phone("talking");
    await door.getByRole("button", { name: "Hang up" }).click();
    await phone("ready");
    await door.getByText("Nobody is at the door").waitFor();
    assert.doesNotMatch(await page.title(), /rings/);
  });

  it("nothing went wrong in the console of the browser", () => {
    // The first picture of a simulated camera takes its time on a busy machine, longer than a camera is waited for.
    const isLate = (text: string) => /status of 503 .*(side|garden)-door\/picture\.jpg/.test(text);
    assert.deepEqual(
      troubles.filter((text) => !isLate(text)),
      [],
    );
  });
});
