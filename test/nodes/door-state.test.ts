// door-state: what messages say of a door, and what is told of it; and doorbell-in, which tells of states where it is asked to.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { reportIn, type Sensor } from "../../nodes/door-state/report.ts";
import type { Message } from "../../nodes/red.d.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { endpoint, Flow, frontdoor, sink } from "./flow.ts";

const contact: Sensor = { part: "contact", inverted: false };

describe("What a message says of a door", () => {
  const state = (payload: unknown, sensor: Partial<Sensor> = {}) => {
    const report = reportIn(payload, { ...contact, ...sensor });
    return report.kind === "state" ? report.state : report;
  };

  it("a bare value is of the sensor's part, in whatever words there are for it", () => {
    for (const yes of [true, 1, "1", "true", "ON", " open "]) assert.deepEqual(state(yes), { contact: "open" });
    for (const no of [false, 0, "0", "OFF", "closed"]) assert.deepEqual(state(no), { contact: "closed" });
    assert.deepEqual(state("ON", { part: "relay" }), { relay: "on" });
    assert.deepEqual(state("UNLOCKED", { part: "lock" }), { lock: "unlocked" });
    assert.deepEqual(state(false, { part: "lock" }), { lock: "locked" });
  });

  it("a sensor that says true for closed is turned round, and its words are not", () => {
    assert.deepEqual(state(true, { inverted: true }), { contact: "closed" });
    assert.deepEqual(state({ contact: false, battery: 80 }, { inverted: true }), { contact: "open" });
    assert.deepEqual(state("open", { inverted: true }), { contact: "open" });
  });

  it("an object tells several, and a word is what a hook's path would be", () => {
    assert.deepEqual(state({ contact: "open", relay: true, lock: "locked" }), {
      ...{ contact: "open", relay: "on", lock: "locked" },
    });
    assert.deepEqual(state("press/201"), { kind: "press", button: "201" });
    assert.deepEqual(state("lock/unlocked"), { lock: "unlocked" });
  });

  it("is refused with a sentence where it says nothing", () => {
    assert.throws(
      () => state("ajar"),
      /"ajar" says nothing of a contact: send open, closed, true, false, or one of press/,
    );
    assert.throws(() => state(undefined), /a payload that is missing says nothing/);
    assert.throws(() => state({ window: 1 }), /msg.payload has none of contact, relay, lock/);
    assert.throws(() => state({ contact: { open: true } }), /says nothing of a contact/);
    assert.throws(() => state(Buffer.from("open")), /says nothing/);
  });
});

describe("door-state in a flow", () => {
  let flow: Flow | undefined;
  afterEach(async () => {
    await flow?.close();
    flow = undefined;
  });

  it("takes reports and tells what is new; doorbell-in tells it where it is asked to, and only there", async () => {
    const f = await Flow.load([
      endpoint,
      { ...frontdoor, heldOpenSeconds: "60" },
      { id: "state", type: "door-state", door: "door1", wires: [["told"]] },
      { id: "in", type: "doorbell-in", door: "door1", states: true, wires: [["ring"], [], [], ["other"]] },
      { id: "old", type: "doorbell-in", door: "door1", wires: [[], [], [], ["nothing"]] },
      ...["told", "ring", "other", "nothing"].map(sink),
    ]);
    flow = f;
    const nothing: Message[] = [];
    f.node("nothing").on("input", (msg: Message) => nothing.push(msg));
    assert.match((await f.status("state", () => true)).text ?? "", /unknown/);
    const heard = Promise.all([f.message("told"), f.message("other")]);
    f.node("state").receive({ payload: true });
    for (const msg of await heard) {
      const { event, door, topic } = msg;
      assert.deepEqual([event, door, topic], ["state", "front-door", "front-door/state"]);
      const { contact: is, changed, by } = msg.payload as Record<string, unknown>;
      assert.deepEqual([is, changed, by], ["open", ["contact"], "flow"]);
    }
    assert.equal((await f.status("state", ({ text }) => text === "open")).fill, "yellow");
    const late = f.message("other", (msg) => msg["late"] === true);
    f.node("in").receive({ payload: "what is going on?" });
    assert.deepEqual((await late).payload, { contact: "open" });
    const rings = f.message("ring");
    f.node("state").receive({ payload: "press" });
    assert.deepEqual((await rings).payload, { from: "503", button: "1", by: "flow" });
    f.node("state").receive({ payload: "ajar", door: "Front door" });
    await f.status("state", ({ text }) => /"ajar" says nothing/.test(text ?? ""));
    assert.equal(f.node<EndpointNode>("ep").switchboard.doorState("front-door").contact, "open");
    assert.ok(
      nothing.every((msg) => msg["visit"] !== undefined),
      "an older flow hears of visits alone",
    );
  });

  it("a door that does not tell what happens is red at the nodes that follow it", async () => {
    const device = createServer((_request, response) => response.writeHead(403).end());
    device.listen(0, "127.0.0.1");
    await once(device, "listening");
    const { port } = device.address() as AddressInfo;
    const own = {
      poll: "own",
      pollUrl: `http://127.0.0.1:${port}/status`,
      pollRules: [{ word: "press", when: "ring" }],
    };
    flow = await Flow.load([endpoint, { ...frontdoor, ...own }, { id: "state", type: "door-state", door: "door1" }]);
    const { text } = await flow.status("state", ({ fill }) => fill === "red");
    assert.match(text ?? "", /the device refuses to tell what happens \(HTTP 403\): check its account's rights/);
    device.closeAllConnections();
    device.close();
  });
});
