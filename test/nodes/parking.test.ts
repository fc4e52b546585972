// The parking place as a node: its form, its numbers beside those of others, and its example.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, describe, it } from "node:test";
import { parkingForm } from "../../nodes/parking-place/parking-place.ts";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { checkParking } from "../../src/visit/places/parking-settings.ts";
import { endpoint, Flow, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const place: FlowNode = { id: "place", type: "parking-place", name: "Hall", endpoint: "ep" };

describe("parking-place's settings", () => {
  it("blank means the default", () => {
    const blank = { firstSlot: "", lastSlot: " ", parkNumber: "", fetchNumber: "", seconds: "", then: "", music: "" };
    assert.deepEqual(checkParking(parkingForm({ ...place, ...blank })), checkParking({ name: "Hall" }));
    assert.equal(parkingForm({ ...place, name: "" }).name, "Parking");
  });

  it("are as the dialog has them", () => {
    const form = { parkNumber: "44", fetchNumber: "55", firstSlot: "1", lastSlot: "9", then: "message" };
    assert.deepEqual(
      parkingForm({ ...place, ...form, seconds: "90", music: "https://nas.local/wait.wav", answerFirst: false }),
      { name: "Hall", ...form, seconds: 90, music: { url: "https://nas.local/wait.wav" }, answerFirst: false },
    );
  });

  it("H20: a number that somebody has is refused, both named, and given back when the flow is deployed anew", async () => {
    const phones = {
      ...{ id: "phones", type: "sip-registrar", name: "phones", endpoint: "ep", extensions: [{ number: "702" }] },
    };
    flow = await Flow.load([endpoint, place, { ...place, id: "second", name: "Yard" }]);
    const { plan } = flow.node<EndpointNode>("ep").switchboard;
    assert.ok(
      flow.logged().some((line) => /number 444 is claimed by parking place "Hall" and by .* "Yard"/.test(line)),
    );
    await flow.deploy([endpoint, { ...place, parkNumber: "445" }, phones], "nodes");
    assert.equal(plan.owner("445"), 'parking place "Hall"');
    assert.ok(flow.logged().some((line) => /number 702 is claimed by parking place "Hall" and by /.test(line)));
  });

  it("without an endpoint it says so", async () => {
    flow = await Flow.load([{ ...place, endpoint: "" }]);
    assert.ok(flow.logged().some((line) => /the parking place "Hall" has no SIP endpoint: choose one/.test(line)));
  });
});

describe("the example of parking", () => {
  it("H7, H8: the visitor waits, the kitchen fetches it by 555, the study by 701; a door that dials 444 is parked, too", async () => {
    const file = new URL("../../examples/park-and-fetch.json", import.meta.url);
    const example = JSON.parse(await readFile(file, "utf8")) as FlowNode[];
    const here = (node: FlowNode): FlowNode => {
      if (node.type === "sip-endpoint") return { ...node, ...endpoint, id: node.id };
      return node.type === "debug" ? { ...node, type: "helper" } : node;
    };
    const runs = example.filter(({ type }) => !["tab", "comment", "inject", "switch"].includes(type)).map(here);
    // The runtime here has no switch nodes.
    const parked = example.find(({ type }) => type === "switch") ?? assert.fail();
    flow = await Flow.load([...runs, { ...parked, type: "helper" }]);
    const f = flow;
    const id = (type: string, fits: (node: FlowNode) => boolean = () => true) =>
      example.find((node) => node.type === type && fits(node))?.id ?? assert.fail(type);
    const named = (name: string) => id("debug", (node) => node["name"] === name);
    const device = (extension: string) => id("doorbell-sim", (node) => node["extension"] === extension);
    const inject = (name: string) => {
      const node = example.find((one) => one["name"] === name) ?? assert.fail(name);
      const { payload, payloadType, wires } = node as unknown as Record<string, string> & { wires: [[string]] };
      f.node(wires[0][0]).receive({ payload: payloadType === "json" ? JSON.parse(payload ?? "") : payload });
    };
    for (const one of ["", "6041", "6042"]) await f.status(device(one), (look) => look.fill === "green");

    const waits = f.message(parked.id, (msg) => msg["event"] === "parked");
    await f.node<SimNode>(device("")).press();
    assert.deepEqual((await waits).payload, { slot: "701", place: "Parking", seconds: 60 });
    await f.status(id("dial-strategy"), (look) => look.text === "dial-strategy.status.parked");
    const fetched = f.message(named("fetched"));
    inject("kitchen dials 555");
    assert.equal(((await fetched).payload as { by: string }).by, "6041");
    await f.status(device("6041"), (look) => look.text === "doorbell-sim.status.talking");
    // The kitchen parks it again, and the study fetches it.
    const moved = f.message(parked.id, (msg) => msg["event"] === "parked");
    inject("kitchen transfers to 444");
    await moved;
    const talks = f.message(parked.id, (msg) => msg["event"] === "transferred");
    inject("study dials 701");
    assert.deepEqual((await talks).payload, { from: "6041", to: "6042" });
    await f.status(device("6042"), (look) => look.text === "doorbell-sim.status.talking");
    const ended = f.message(named("ended"));
    inject("study hangs up");
    assert.equal(((await ended).payload as { answeredBy: string }).answeredBy, "6042");

    // The door parks itself, and the flow's strategy parks it in its place.
    let times = 0;
    const twice = f.message(parked.id, (msg) => msg["event"] === "parked" && ++times === 2);
    inject("press, dials 444");
    await twice;
    const over = f.message(named("ended"));
    const taken = f.message(named("fetched"));
    inject("kitchen dials 555");
    await taken;
    inject("kitchen hangs up");
    assert.equal(((await over).payload as { answeredBy: string }).answeredBy, "6041");
  });
});
