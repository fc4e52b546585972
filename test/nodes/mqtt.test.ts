// The mqtt-bridge node with a real broker: what happens goes out, PRESS opens during a visit.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import { Aedes } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import { brokerOf } from "../../nodes/mqtt-bridge/settings.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { sign } from "../mqtt/sign.ts";
import { Secret } from "../../src/secret.ts";
import { endpoint, Flow, frontdoor, sink } from "./flow.ts";

/** A house with a bridge, and another one for the same topics. */
const flowOf = (url: string) => [
  endpoint,
  frontdoor,
  {
    id: "bridge",
    type: "mqtt-bridge",
    endpoint: "ep",
    url,
    commands: "visit",
    keys: [{ name: "phone", id: "k1" }],
    messages: [{ on: "event", only: "ring", topic: "doorbell/chime/{door}", payload: "{from}" }],
    snapshots: true,
    base64: true,
    wires: [["commands"]],
  },
  {
    id: "twin",
    type: "mqtt-bridge",
    endpoint: "ep",
    url,
    commands: "visit",
    snapshots: true,
    wires: [[]],
  },
  { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [["saw"]] },
  ...["commands", "saw"].map(sink),
];

describe("mqtt-bridge", () => {
  const server = createServer();
  let broker: Aedes;
  let client: MqttClient;
  let flow: Flow;
  const heard: { topic: string; text: string }[] = [];

  before(async () => {
    broker = await Aedes.createBroker();
    server.on("connection", (socket) => broker.handle(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = await connectAsync(url);
    client.on("message", (topic, payload) => void heard.push({ topic, text: payload.toString("latin1") }));
    await client.subscribeAsync("doorbell/#");
    flow = await Flow.load(flowOf(url));
    await flow.status("bell", (s) => s.fill === "green");
    await flow.status("bridge", (s) => s.fill === "green");
  });

  it("announces the door to Home Assistant and Homie, and takes all of it back when the node is deleted", async () => {
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const announced = new Map<string, string>();
    const listener = await connectAsync(url);
    const changed = new EventEmitter();
    listener.on("message", (topic, payload) => {
      announced.set(topic, payload.toString());
      changed.emit("change");
    });
    await listener.subscribeAsync(["homeassistant/#", "homie/#"]);
    const until = async (wanted: () => boolean) => {
      while (!wanted()) await once(changed, "change");
    };
    const [config, state] = [
      "homeassistant/device/portero_ha_front-door/config",
      "homie/5/portero-ha--front-door/$state",
    ];
    const nodes = flowOf(url);
    const more = { id: "ha", type: "mqtt-bridge", endpoint: "ep", url, base: "ha", discovery: "both", wires: [[]] };
    await flow.deploy([...nodes, more], "nodes");
    await until(() => announced.has(config) && announced.get(state) === "ready");
    const { device, components } = JSON.parse(announced.get(config) ?? "") as {
      device: { name: string };
      components: object;
    };
    assert.equal(device.name, "Front door");
    assert.deepEqual(Object.keys(components), ["bell", "call", "registered", "opening"]);
    await flow.deploy(nodes, "nodes");
    await until(() => [...announced.values()].every((payload) => payload === ""));
    await listener.endAsync();
  });

  it("X6: refuses a second bridge at the same place, which would act on every command once more", async () => {
    const { text } = await flow.status("twin", (s) => s.fill === "red");
    assert.match(text ?? "", /serves the base topic doorbell on mqtt:.* already: give one of the two another/);
  });

  after(async () => {
    await flow.close();
    await client.endAsync();
    broker.close();
    server.close();
  });

  const said = async (topic: string, wanted: (text: string) => boolean) => {
    for (;;) {
      const found = heard.find((one) => one.topic === topic && wanted(one.text));
      if (found) return found.text;
      await new Promise((resolve) => void client.once("message", resolve));
    }
  };

  it("X6: tells of bell and visit, refuses PRESS without a visit, opens with one, and keeps both in the audit", async () => {
    await said("doorbell/front-door/availability", (text) => text === "online");
    const refused = flow.message("commands");
    await client.publishAsync("doorbell/front-door/door/open", "PRESS");
    assert.equal((await refused)["event"], "refused");
    await said("doorbell/front-door/door/result", (text) => text.includes('"ok":false'));

    // By a key, with nobody at the door: the policy lets it through, and only the bell, which has no relay, is in the way.
    const { body, headers } = await flow.admin.get("/portero/mqtt-key/bridge/k1");
    assert.equal(headers["cache-control"], "no-store");
    const key = { name: "phone", secret: new Secret((body as { secret: string }).secret) };
    const wish = () => sign({ door: "front-door", action: "open", ts: Date.now(), id: "by-key" }, key);
    // In the first two seconds of a connection it is refused, and under an id of the bridge's own. Not at once
    // again: of a flood only sums are told.
    for (let id = ""; id !== "by-key";) {
      const told = flow.message("commands");
      await client.publishAsync("doorbell/front-door/door/open", JSON.stringify(wish()));
      ({ id } = (await told).payload as { id: string });
      await pause(100);
    }
    const byKey = await said("doorbell/front-door/door/result", (text) => text.includes("by-key"));
    assert.equal((JSON.parse(byKey) as { refused: string }).refused, "no-means");

    await flow.node<SimNode>("bell").press();
    await said("doorbell/chime/front-door", (text) => text === "503");
    await said("doorbell/front-door/snapshot/base64", (text) => text.startsWith("/9j/"));
    const ring = JSON.parse(await said("doorbell/front-door/event", (text) => text.includes('"ring"'))) as {
      from: string;
    };
    assert.equal(ring.from, "503");
    await said("doorbell/front-door/call", (text) => text === "ringing");
    await said("doorbell/front-door/snapshot", (text) => text.startsWith("\xff\xd8"));
    const relay = flow.message("saw", (msg) => msg["event"] === "relay");
    const opened = async () => {
      // Commands count for nothing in the first two seconds of a connection.
      for (;;) {
        const told = flow.message("commands");
        await client.publishAsync("doorbell/front-door/door/open", "PRESS");
        const msg = await told;
        if (msg["event"] === "command") return;
        await pause(100);
      }
    };
    // What was opened is over soon.
    const over = flow.message("saw", (msg) => msg["event"] === "ended");
    await opened();
    await relay;
    await said("doorbell/front-door/door/result", (text) => text.includes('"ok":true'));

    const { switchboard } = flow.node<EndpointNode>("ep");
    switchboard.setDoorState("front-door", { contact: "open" }, "sensor");
    await said("doorbell/front-door/contact", (text) => text === "open");
    const proof = JSON.parse(await said("doorbell/front-door/event", (text) => text.includes('"confirmed"'))) as object;
    const result = await said("doorbell/front-door/door/result", (text) => text.includes('"ok":true'));
    assert.ok("opening" in proof && result.includes(String(proof.opening)), "the opening that moved the door");
    const first = switchboard.lastVisit("front-door");
    await over;
    await said("doorbell/front-door/event", (text) => text.includes('"ended"'));
    const ringing = once(switchboard, "visit");
    await flow.node<SimNode>("bell").press();
    await ringing;
    first?.tell("snapshot-failed", { reason: "too late" });
    await said("doorbell/front-door/event", (text) => text.includes('"snapshot-failed"'));
    switchboard.lastVisit("front-door")?.tell("dtmf", {});
    await said("doorbell/front-door/event", (text) => text.includes('"dtmf"'));
    const calls = heard.filter(({ topic }) => topic === "doorbell/front-door/call").map(({ text }) => text);
    assert.deepEqual(calls.slice(calls.lastIndexOf("talking") + 1), ["idle", "ringing"], "a late picture ends no call");

    await flow.deploy([], "full");
    const folder = join(flow.userDir, "portero", "audit", "ep");
    const files = (await readdir(folder)).filter((name) => name.endsWith(".jsonl"));
    const lines = (await readFile(join(folder, files[0] ?? ""), "utf8")).trim().split("\n");
    const entries = lines.map((line) => JSON.parse(line) as { kind: string; by: string; picture?: string });
    assert.ok(entries.some(({ kind, by }) => kind === "refused" && by === "mqtt:phone"));
    assert.ok(entries.some((entry) => entry.kind === "refused"));
    assert.ok(entries.some((entry) => entry.kind === "opening" && entry.picture !== undefined));
  });
});

describe("the broker that is used", () => {
  const config = { id: "n", type: "mqtt-bridge" };
  it("is the user's broker node, else the form, else the environment, else this machine", () => {
    const node = {
      brokerurl: "mqtts://b:8883",
      options: { rejectUnauthorized: true, keepalive: 1 },
      credentials: { user: "u", password: "p" },
    };
    const given = brokerOf({ ...config, url: "mqtt://form" }, {}, node as never, { PORTERO_MQTT_URL: "mqtt://env" });
    assert.equal(given.url, "mqtts://b:8883");
    assert.equal(given.username, "u");
    assert.deepEqual(given.tls, { rejectUnauthorized: true });
    assert.equal(
      brokerOf({ ...config, url: "mqtt://form" }, {}, undefined, { PORTERO_MQTT_URL: "mqtt://env" }).url,
      "mqtt://form",
    );
    assert.equal(brokerOf(config, {}, undefined, { PORTERO_MQTT_URL: "mqtt://env" }).url, "mqtt://env");
    assert.equal(brokerOf(config, {}, undefined, {}).url, "mqtt://127.0.0.1:1883");
  });
});
