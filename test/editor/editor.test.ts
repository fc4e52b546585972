// The examples, imported from the editor's menu as a user does: they deploy, work, and live beside each other.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../../scripts/repository.ts";
import { without } from "../support/peers.ts";
import { Chromium } from "./browser.ts";
import type { Status } from "./comms.ts";
import { Editor } from "./editor.ts";
import { House } from "./house.ts";

const opening = "open-the-door-by-mqtt";
const first = "press-notify-with-snapshot";
const examples = readdirSync(join(root, "examples"))
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length));

describe("The examples in the editor", { skip: without("chromium-headless-shell") }, () => {
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

  /** The simulated bells of the flows have registered, so everything before them works. */
  const bellsRegistered = async (since: number) => {
    const bells = (await house.flows()).filter((n) => n.type === "doorbell-sim" && n["role"] === "bell");
    assert.ok(bells.length > 0);
    for (const { id } of bells) await house.comms.status(id, (status) => status.fill === "green", { since });
  };

  const hangUp = async () => {
    await house.admin("POST", `inject/${await house.idOf("inject", "press")}`, {
      __user_inject_props__: [{ p: "payload", v: "hang up", vt: "str" }],
    });
    await editor.status(await house.idOf("doorbell-sim"), /registered as 503/);
  };

  it("import, deploy, press, and the message stands in the debug sidebar", async () => {
    const offered = await editor.importExample(first);
    assert.deepEqual(
      examples.filter((name) => !offered.includes(name)),
      [],
      "the menu offers every example",
    );
    const since = house.comms.now;
    await editor.deploy();
    await bellsRegistered(since);
    const press = await house.idOf("inject", "press");
    const pressed = () => editor.pressButton(press);
    await house.pressForPicture(await house.idOf("camera-snapshot"), pressed, hangUp);
    const ring = editor.debug("notify").filter({ hasText: "frontdoor/ring" });
    await ring.first().waitFor();
    assert.match(await ring.first().innerText(), /Somebody is at Frontdoor/);
    await editor.debug("notify with the picture").first().waitFor();
    assert.deepEqual(await editor.errorNotifications(), []);
  });

  it("the button on the simulated bell presses it, too", async () => {
    const rings = editor.debug("notify").filter({ hasText: "frontdoor/ring" });
    const before = await rings.count();
    await hangUp();
    await editor.pressButton(await house.idOf("doorbell-sim"));
    await rings.nth(before).waitFor();
    await editor.notifications.filter({ hasText: /pressed/i }).waitFor();
  });

  /** What the example asks the user to do. */
  const setBroker = async () => {
    const dialog = await editor.edit(await editor.idOf("mqtt in"));
    const broker = await dialog.editConfig("broker");
    await broker.field("port").fill(new URL(house.ready.mqtt).port);
    await broker.save();
    await dialog.save();
  };

  it(`${opening}: press, then PRESS, both by their buttons, and the bell's relay stands in the debug sidebar`, async () => {
    await editor.importExample(opening);
    await setBroker();
    const deployed = house.comms.now;
    await editor.deploy();
    await bellsRegistered(deployed);
    const { z } = (await house.flows()).find((node) => node.type === "mqtt-bridge") ?? {};
    const button = async (wanted: string) => {
      const mine = (await house.flows()).find((n) => n.type === "inject" && n.z === z && n["name"] === wanted);
      await editor.pressButton(mine?.id ?? "");
    };
    await button("press");
    await editor.debug("what MQTT hears").filter({ hasText: "home/frontdoor/event" }).first().waitFor();
    for (let result; result?.["ok"] !== true;) {
      const since = house.mqtt.now;
      await button("PRESS");
      result = await house.mqtt.json("home/frontdoor/door/result", () => true, { since });
      // In its first two seconds the bridge ignores commands, and says so.
      assert.ok(result["ok"] === true || /send it again/.test(String(result["reason"])), String(result["reason"]));
    }
    await editor.debug("the bell's relay").first().waitFor();
  });
});

describe("All examples beside each other", { skip: without("chromium-headless-shell") }, () => {
  it("have one endpoint, share their doors, and nothing complains", async () => {
    // All the simulated people at the doors at once would only be in each other's way.
    const house = await House.start({ flow: [], args: ["--no-sim"] });
    const chromium = await Chromium.start();
    try {
      const editor = await Editor.open(chromium, house.ready.editor);
      for (const name of examples) await editor.drop(await readFile(join(root, "examples", `${name}.json`), "utf8"));
      const since = house.comms.now;
      await editor.deploy();
      const flows = await house.flows();
      const of = (type: string) => flows.filter((node) => node.type === type);
      for (const { id } of of("sip-registrar"))
        await house.comms.status(id, ({ text = "" }) => /registered/.test(text), { since });
      const numbers = of("door").map((door) => door["extension"]);
      assert.equal(new Set(numbers).size, numbers.length, `no door is there twice: ${numbers.join(", ")}`);
      // An endpoint without a door is a simulated provider.
      const used = new Set(of("door").map((door) => door["endpoint"]));
      assert.equal(used.size, 1, "one endpoint for all");
      const ours = new Set(flows.map((node) => node.id));
      // The broker that they name, on port 1883, is not here.
      const isWrong = ({ fill, text = "" }: Status) =>
        fill === "red" && !text.startsWith("broker away: connection refused");
      const wrong = [...house.comms.statuses(since)].filter(([id, status]) => ours.has(id) && isWrong(status));
      assert.deepEqual(wrong, []);
      assert.deepEqual(await editor.errorNotifications(), []);
    } finally {
      await chromium.close();
      await house.end();
    }
  });
});
