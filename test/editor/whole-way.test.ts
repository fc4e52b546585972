// `npm start` from its first line to the end of a visit, without a browser: what the README promises to somebody who has just
// cloned the project, seen by an MQTT client and by whoever looks at Node-RED.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { without } from "../support/peers.ts";
import { House } from "./house.ts";

const events = "doorbell/frontdoor/event";
const is = (event: string) => (payload: { [name: string]: unknown }) => payload["event_type"] === event;
/** The first of the debug messages of the simulated devices that says this. */
const saw =
  (event: string, extra: { [name: string]: unknown } = {}) =>
  (value: unknown) => {
    const told = value as { [name: string]: unknown };
    return told["event"] === event && Object.entries(extra).every(([name, wanted]) => told[name] === wanted);
  };

describe("npm start, from READY to the end of the first visit", { skip: without("mosquitto_pub") }, () => {
  let userDir: string;
  before(async () => {
    userDir = await mkdtemp(join(tmpdir(), "portero-user-"));
  });
  after(() => rm(userDir, { recursive: true, force: true }));

  it("X1, H1: a bell rings by itself, a phone answers, both hear each other, MQTT opens, and it ends", async () => {
    await using house = await House.start({ userDir });
    const { mqtt, comms, ready } = house;
    const devices = await house.idOf("debug", "what they see and hear");
    await house.admin("POST", `debug/${devices}/enable`);
    const readyAt = Date.now();

    const ring = await mqtt.json(events, is("ring"));
    assert.ok(Number(ring["ts"]) - readyAt < 30_000, "the first ring comes within seconds after READY");
    const { visit } = ring;
    const ours = (event: string) => (p: { [name: string]: unknown }) => is(event)(p) && p["visit"] === visit;
    assert.equal(ring["from"], ready.bell?.extension);
    assert.equal(await mqtt.hear("doorbell/frontdoor/call", (state) => state === "ringing"), "ringing");
    // On a busy machine the first picture of a simulated camera may come too late.
    const isPictured = (p: { [name: string]: unknown }) => /^snapshot(-failed)?$/.test(String(p["event_type"]));
    await mqtt.json(events, isPictured);
    await mqtt.json(events, ours("answered"));
    assert.equal(await mqtt.hear("doorbell/frontdoor/call", (state) => state === "talking"), "talking");

    // Both ways: bell and phone each send a tone of their own, and each is heard by the other.
    const hears = (value: unknown) => saw("audio")(value) && (value as { frequency: number }).frequency > 0;
    const first = (await comms.debug(devices, hears)) as { frequency: number };
    const second = (await comms.debug(
      devices,
      (v) => hears(v) && (v as { frequency: number }).frequency !== first.frequency,
    )) as { frequency: number };
    assert.notEqual(first.frequency, second.frequency);

    await house.publish("doorbell/frontdoor/door/open", "PRESS");
    const result = await mqtt.json("doorbell/frontdoor/door/result");
    assert.deepEqual([result["ok"], result["method"]], [true, "dtmf-info"]);
    await mqtt.json(events, ours("opened"));
    await comms.debug(devices, saw("relay", { state: "on" }));
    await comms.debug(devices, saw("relay", { state: "off" }));

    const press = async (payload: string) =>
      house.admin("POST", `inject/${await house.idOf("inject", "press")}`, {
        __user_inject_props__: [{ p: "payload", v: payload, vt: "str" }],
      });
    await press("hang up");
    await mqtt.json(events, ours("ended"));
    await mqtt.hear("doorbell/frontdoor/call", (state) => state === "idle", { since: 1 });
    const pictures = () => mqtt.said("doorbell/frontdoor/snapshot");
    while (pictures().length === 0) {
      const since = mqtt.now;
      await press("press");
      await mqtt.json(events, isPictured, { since });
      await press("hang up");
      await mqtt.json(events, is("ended"), { since });
    }
    assert.deepEqual([...(pictures()[0]?.subarray(0, 3) ?? [])], [0xff, 0xd8, 0xff]);
  });

  it("P7: a second start with the same folder has the same flow and logins; neither flow nor log holds a password", async () => {
    const flow = await readFile(join(userDir, "flows.json"), "utf8");
    const secret = await readFile(join(userDir, "portero", "secret"), "utf8");
    await using house = await House.start({ userDir });
    await house.mqtt.json(events, is("ring"));
    assert.equal(await readFile(join(userDir, "flows.json"), "utf8"), flow);
    assert.equal(await readFile(join(userDir, "portero", "secret"), "utf8"), secret);
    const { bell, phones } = house.ready;
    for (const password of [bell?.password, ...phones.map((phone) => phone.password)]) {
      assert.ok(password && password.length >= 16);
      const log = house.child.lines.filter((line) => !line.startsWith("READY "));
      assert.ok(![flow, ...log].some((text) => text.includes(password)));
    }
    // After the end every port is free again.
    const { port } = new URL(house.ready.editor);
    assert.equal(await house.end(), 0);
    for (const taken of [Number(port), house.ready.sip?.port ?? 0]) {
      const server = createServer().listen(taken);
      await once(server, "listening");
      server.close();
    }
  });
});
