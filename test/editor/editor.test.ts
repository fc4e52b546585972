// The examples, imported from the editor's menu as a user does: they deploy, work, and live beside each other.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../../scripts/repository.ts";
import { without } from "../support/peers.ts";
import { Chromium } from "./browser.ts";
import { Editor } from "./editor.ts";
import { House } from "./house.ts";

const opening = "open-the-door-by-mqtt";
const first = "press-notify-with-snapshot";
const examples = readdirSync(join(root, "examples"))
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length))
  .filter((name) => name !== first && name !== opening);

describe("The examples in the editor", { skip: without("chromium") }, () => {
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

  it("import, deploy, press, and the message stands in the debug sidebar", async () => {
    await editor.importExample(first);
    const since = house.comms.now;
    await editor.deploy();
    await bellsRegistered(since);
    await editor.pressButton(await house.idOf("inject", "press"));
    const ring = editor.debug("notify").filter({ hasText: "frontdoor/ring" });
    await ring.first().waitFor();
    assert.match(await ring.first().innerText(), /Somebody is at Frontdoor/);
    await editor.debug("notify with the picture").first().waitFor();
    assert.deepEqual(await editor.errorNotifications(), []);
  });

  it("the button on the simulated bell presses it, too", async () => {
    const rings = editor.debug("notify").filter({ hasText: "frontdoor/ring" });
    const before = await rings.count();
    await house.admin("POST", `inject/${await house.idOf("inject", "press")}`, {
      __user_inject_props__: [{ p: "payload", v: "hang up", vt: "str" }],
    });
    await editor.status(await house.idOf("doorbell-sim"), /registered as 503/);
    await editor.pressButton(await house.idOf("doorbell-sim"));
    await rings.nth(before).waitFor();
    await editor.notifications.filter({ hasText: /pressed/i }).waitFor();
  });

  /** Of the flow as it is: one house for all the examples, in which nothing is red or in the way. */
  const liveTogether = async (since: number) => {
    await bellsRegistered(since);
    const flows = await house.flows();
    const doors = flows.filter((node) => node.type === "door");
    const numbers = doors.map((door) => door["extension"]);
    assert.equal(new Set(numbers).size, numbers.length, `no door is there twice: ${numbers.join(", ")}`);
    // An endpoint without a door is a simulated provider.
    const endpoints = flows.filter(
      ({ id, type }) => type === "sip-endpoint" && doors.some((d) => d["endpoint"] === id),
    );
    assert.equal(endpoints.length, 1, "one endpoint for all");
    const ours = new Set(flows.map((node) => node.id));
    const red = [...house.comms.statuses(since)].filter(([id, { fill }]) => fill === "red" && ours.has(id));
    assert.deepEqual(red, []);
    assert.deepEqual(await editor.errorNotifications(), []);
  };

  it(`${opening}: press, then PRESS, both by their buttons, and the bell's relay stands in the debug sidebar`, async () => {
    await editor.importExample(opening);
    await setBroker();
    const deployed = house.comms.now;
    await editor.deploy();
    await liveTogether(deployed);
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

  it("all the others, imported one after the other and deployed at once, share the endpoint and their doors", async () => {
    for (const name of examples) await editor.importExample(name);
    const since = house.comms.now;
    await editor.deploy();
    await liveTogether(since);
  });

  /** What the example asks the user to do: set the broker. */
  const setBroker = async () => {
    const dialog = await editor.edit(await editor.idOf("mqtt in"));
    const broker = await dialog.editConfig("broker");
    await broker.field("port").fill(new URL(house.ready.mqtt).port);
    await broker.save();
    await dialog.save();
  };
});
