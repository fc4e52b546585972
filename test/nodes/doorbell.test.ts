// doorbell-in: which visits it tells of, and what it says to a page that opens late.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { Message } from "../../nodes/red.d.ts";
import type { VisitView } from "../../src/visit/messages.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const backdoor = { ...frontdoor, id: "door2", name: "Back door", extension: "504" };
const bell = (id: string, door: string): FlowNode => ({ id, type: "doorbell-sim", role: "bell", door, wires: [[]] });
const outputs = ["ring", "answered", "ended", "other"];
const wires = (of: string) => outputs.map((name) => [`${of}-${name}`]);
const visitOf = (msg: Message) => msg["visit"] as VisitView;
const isGreen = (look: { fill?: string }) => look.fill === "green";

/** A flow with two doors and their bells, and doorbell-in nodes by their ids; what each has sent, by its id. */
async function load(nodes: Record<string, object>, doors: FlowNode[] = [frontdoor, backdoor]) {
  const ins = Object.entries(nodes).map(([id, more]) => ({ id, type: "doorbell-in", wires: wires(id), ...more }));
  const sinks = ins.flatMap(({ id }) => outputs.map((name) => sink(`${id}-${name}`)));
  const f = await Flow.load([endpoint, ...doors, ...ins, ...sinks, bell("bell1", "door1"), bell("bell2", "door2")]);
  flow = f;
  const told: Record<string, Message[]> = {};
  for (const { id } of ins)
    for (const name of outputs) f.node(`${id}-${name}`).on("input", (msg: Message) => (told[id] ??= []).push(msg));
  for (const id of ["bell1", "bell2"]) await f.status(id, isGreen);
  const events = (id: string) => (told[id] ?? []).map((msg) => String(msg["event"]));
  return { f, told, events };
}

it("A1 a door that calls from a listed address is not missed by doorbell-in and sip-registrar", async () => {
  const quiet = { ...backdoor, address: "192.0.2.7" };
  flow = await Flow.load([
    ...[{ ...endpoint, directFrom: "192.0.2.0/24" }, frontdoor, quiet, bell("bell1", "door1")],
    { id: "one", type: "doorbell-in", door: "door2", wires: [] },
    { id: "all", type: "doorbell-in", endpoint: "ep", wires: [] },
    { id: "reg", type: "sip-registrar", endpoint: "ep", extensions: [], wires: [] },
  ]);
  assert.equal((await flow.status("one", ({ text = "" }) => !/unregistered/.test(text))).fill, "grey");
  for (const id of ["all", "reg"]) await flow.status(id, isGreen);
});

describe("doorbell-in with a filter", () => {
  it("tells nothing of the visits that it does not ask for, and all of those that it asks for", async () => {
    const { f, events, told } = await load({
      all: { endpoint: "ep" },
      both: { endpoint: "ep", doors: ["door2", "door1"] },
      back: { endpoint: "ep", doors: ["door2"] },
      button: { endpoint: "ep", buttons: "1, 7" },
      wrong: { endpoint: "ep", buttons: "7" },
      name: { endpoint: "ep", callers: "*door" },
      number: { door: "door1", callers: "504" },
      rings: { door: "door1", events: "ring,ended" },
    });
    const ended = Promise.all(["all", "both", "button", "name", "rings"].map((id) => f.message(`${id}-ended`)));
    const snapshot = f.message("all-other", (msg) => msg["event"] === "snapshot");
    const ring = f.message("all-ring");
    await f.node<SimNode>("bell1").press();
    await Promise.all([ring, snapshot]);
    f.node("bell1").receive({ payload: "hang up" });
    await ended;
    for (const id of ["all", "both", "button", "name"]) assert.deepEqual(events(id), ["ring", "snapshot", "ended"], id);
    assert.deepEqual(events("rings"), ["ring", "ended"]);
    for (const id of ["back", "wrong", "number"]) assert.deepEqual(events(id), [], id);
    assert.deepEqual(
      told["all"]?.map((msg) => msg["late"]),
      [undefined, undefined, undefined],
    );
    await f.status("back", isGreen);
  });

  it("shows of two doors what its own does", async () => {
    const { f } = await load({ front: { door: "door1" }, back: { endpoint: "ep", doors: ["door2"] } });
    await f.node<SimNode>("bell1").press();
    await f.status("front", (look) => look.fill === "blue");
    assert.equal((await f.status("back", () => true)).fill, "green");
  });

  it("says what is wrong with it, and tells nothing then", async () => {
    const { f } = await load({
      time: { endpoint: "ep", from: "25:00" },
      gone: { endpoint: "ep", doors: ["door9"] },
      some: { endpoint: "ep", doors: ["door1", "door9"] },
    });
    const look = await f.status("time", () => true);
    assert.match(`${look.fill} ${look.text}`, /^red filter: from has the wrong form/);
    for (const id of ["gone", "some"]) assert.match((await f.status(id, () => true)).text ?? "", /no-door/);
    const ring = f.message("some-ring");
    await f.node<SimNode>("bell1").press();
    assert.equal(visitOf(await ring).door, "front-door");
  });
});

describe("H12 doorbell-in, asked what is going on", () => {
  it("tells a page that opens late of each visit that rings, with its picture, and of nothing else", async () => {
    const { f, told, events } = await load({ in: { endpoint: "ep" }, back: { endpoint: "ep", doors: ["door2"] } });
    f.node("in").receive({ payload: "nothing yet" });
    const snapshot = f.message("in-other", (msg) => msg["event"] === "snapshot");
    const rings = f.message("in-ring");
    await f.node<SimNode>("bell1").press();
    const [ring] = await Promise.all([rings, snapshot]);
    const before = told["in"]?.length ?? 0;
    const late = f.message("in-other", (msg) => msg["event"] === "snapshot" && msg["late"] === true);
    for (const id of ["in", "back"]) f.node(id).receive({ payload: "connect", _client: { socketId: "s1" } });
    await late;
    const [again, picture, ...more] = told["in"]?.slice(before) ?? [];
    assert.deepEqual(more, []);
    assert.deepEqual(again?.["late"], true);
    assert.deepEqual([again["event"], again.topic, again.payload], ["ring", "front-door/ring", ring.payload]);
    assert.deepEqual([visitOf(again).id, again["_client"]], [visitOf(ring).id, { socketId: "s1" }]);
    assert.ok(Buffer.isBuffer(picture?.payload));
    assert.deepEqual(events("back"), []);
    // By the output that starts nothing.
    assert.equal(told["in"]?.filter((msg) => msg["event"] === "ring").length, 2);
  });
});
