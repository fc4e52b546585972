// H9, H20: a conference room in a flow: its dialog's form, the example, collisions when it is deployed, and what a deploy does
// to calls in it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, describe, it } from "node:test";
import { roomForm } from "../../nodes/conference-room/conference-room.ts";
import type { PlaceNode } from "../../nodes/place.ts";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { Message } from "../../nodes/red.d.ts";
import type { Outcome, VisitEnd, VisitView } from "../../src/visit/messages.ts";
import { checkConference } from "../../src/visit/places/rooms.ts";
import { endpoint, Flow, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const room: FlowNode = {
  ...{ id: "room", type: "conference-room", name: "Hall", endpoint: "ep", visitorNumber: "777", memberNumber: "888" },
};
const isRegistered = (look: { fill?: string }) => look.fill === "green";
const config = { id: "room", type: "conference-room" };

describe("the form of a conference room", () => {
  it("means the defaults where its fields are blank or missing, and no number where that is blank", () => {
    assert.deepEqual(checkConference(roomForm(config)), {
      ...{ name: "Conference", most: 10, tones: false, stay: false, mayOpen: [] },
    });
    const blank = { name: " ", visitorNumber: "", memberNumber: "", most: "", music: "", mayOpen: "" };
    assert.deepEqual(roomForm({ ...config, ...blank }), roomForm(config));
  });

  it("takes lists with commas or spaces, and a file or a URL for the music", () => {
    assert.deepEqual(roomForm({ ...config, mayOpen: "6001, 6002 6003" }).mayOpen, ["6001", "6002", "6003"]);
    assert.deepEqual(roomForm({ ...config, music: "/data/wait.wav" }).music, { file: "/data/wait.wav" });
    assert.deepEqual(roomForm({ ...config, music: "http://h/wait.wav" }).music, { url: "http://h/wait.wav" });
  });

  it("says what is wrong", () => {
    assert.throws(() => checkConference(roomForm({ ...config, most: "1" })), /most must be >= 2 \(it is 1\)/);
    assert.throws(
      () => checkConference(roomForm({ ...config, memberNumber: "8 8" })),
      /memberNumber has the wrong form/,
    );
  });
});

describe("H20 numbers of rooms", () => {
  it("that two nodes claim are refused when the flow is deployed, both named", async () => {
    const phones = { id: "registrar", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "888" }] };
    flow = await Flow.load([endpoint, room, { ...room, id: "other", name: "Attic", memberNumber: "889" }, phones]);
    const both =
      /number 777 is claimed by conference room "Hall" and by conference room "Attic": give one of them another/;
    assert.match(flow.node<PlaceNode>("other").health.trouble ?? "", both);
    assert.equal(flow.node<PlaceNode>("room").health.trouble, undefined);
    const look = await flow.status("registrar", ({ text = "" }) => text.includes("888"));
    assert.match(look.text ?? "", /number 888 is claimed by conference room "Hall" and by /);
  });
});

describe("the example of a conference", () => {
  const example = JSON.parse(
    readFileSync(new URL("../../examples/conference.json", import.meta.url), "utf8"),
  ) as FlowNode[];
  const idOf = (type: string, fits: (node: FlowNode) => boolean = () => true) =>
    example.find((node) => node.type === type && fits(node))?.id ?? assert.fail(`no ${type}`);
  const simulated = (extension: string) => idOf("doorbell-sim", (node) => node["extension"] === extension);

  /** The example, on free ports, with sinks in the places of its debug nodes. */
  const nodesOf = () =>
    example
      .filter(({ type }) => type !== "tab" && type !== "comment" && type !== "inject")
      .map((node) =>
        node.type === "debug"
          ? sink(node.id)
          : node.type === "sip-endpoint"
            ? { ...endpoint, id: node.id }
            : node.z === undefined
              ? node
              : { ...node, z: "f" },
      );

  async function load(): Promise<Flow> {
    const loaded = await Flow.load(nodesOf());
    flow = loaded;
    for (const device of [
      idOf("doorbell-sim", (node) => node["role"] === "bell"),
      simulated("6031"),
      simulated("6032"),
    ])
      await loaded.status(device, isRegistered);
    return loaded;
  }
  const debug = (name: string) => idOf("debug", (node) => node["name"] === name);
  const viewIn = (msg: Message) => msg["visit"] as VisitView;

  it("H9 lets a visitor wait, two take it by dialling, and go with the last of them", async () => {
    const f = await load();
    const [kitchen, study] = [f.node<SimNode>(simulated("6031")), f.node<SimNode>(simulated("6032"))];
    const answered = f.message(debug("answered"));
    const bell = f.node<SimNode>(idOf("doorbell-sim", (node) => node["role"] === "bell"));
    const waits = f.status(bell.id, (look) => look.fill === "blue" && look.shape === "ring");
    await bell.press();
    await waits;
    kitchen.receive({ payload: { dial: "888" } });
    const outcome = await answered;
    assert.deepEqual([(outcome.payload as Outcome).by, viewIn(outcome).state], ["6031", "talking"]);
    const joined = f.message(debug("joined, left, keys"), (msg) => msg["event"] === "joined");
    const talks = f.status(study.id, (look) => look.fill === "blue" && look.shape === "ring");
    study.receive({ payload: { dial: "888" } });
    await talks;
    assert.deepEqual((await joined).payload, { by: "6032", members: ["6031", "6032"] });
    const key = f.message(debug("joined, left, keys"), (msg) => msg["event"] === "dtmf");
    study.receive({ payload: { digits: "1" } });
    const { digit, member } = (await key).payload as { digit: string; member: string };
    assert.deepEqual([digit, member], ["1", "6032"]);
    const left = f.message(debug("joined, left, keys"), (msg) => msg["event"] === "left");
    kitchen.receive({ payload: "hang up" });
    assert.deepEqual((await left).payload, { by: "6031", members: ["6032"] });
    const ended = f.message(debug("ended"));
    study.receive({ payload: "hang up" });
    const end = (await ended).payload as VisitEnd;
    assert.deepEqual([end.outcome, end.answeredBy], ["answered", "6031"]);
  });

  it("H9 a deploy that takes the room away ends the calls in it, and tells why", async () => {
    const f = await load();
    const kitchen = f.node<SimNode>(simulated("6031"));
    const answered = f.message(debug("answered"));
    const bell = idOf("doorbell-sim", (node) => node["role"] === "bell");
    const waits = f.status(bell, (look) => look.fill === "blue" && look.shape === "ring");
    await f.node<SimNode>(bell).press();
    await waits;
    kitchen.receive({ payload: { dial: "888" } });
    await answered;
    const ended = f.message(debug("ended"));
    const without = nodesOf().map((node) =>
      node.type === "conference-room" ? { ...node, memberNumber: "889" } : node,
    );
    await f.deploy(without, "nodes");
    assert.equal(((await ended).payload as VisitEnd).text, "the conference room was taken out of the flow");
  });
});
