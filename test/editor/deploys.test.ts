// Deploys: what is wrong is said in the status and in the log and nothing that was set is lost (H20, busy port); a call
// stands through a deploy that does not touch its nodes, and a full one frees the sockets.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { Chromium } from "./browser.ts";
import { Editor } from "./editor.ts";
import { example, House, type FlowNode } from "./house.ts";

const endpointId = "9a0e100000000001";

/** The first flow with a quick phone, no first press, all sensors on, and a second door at the back. */
async function twoDoors(): Promise<FlowNode[]> {
  const flow = (await example("the-whole-way")).map((node) => {
    if (node.type === "inject") return { ...node, once: false };
    if (node.type === "debug") return { ...node, active: true };
    return node["autoAnswer"] === true ? { ...node, answerAfter: "0.2" } : node;
  });
  const z = flow.find((node) => node.type === "tab")?.id ?? "";
  const door = flow.find((node) => node.type === "door");
  return [
    ...flow,
    { ...door, id: "backdoor", type: "door", name: "Backdoor", extension: "504" },
    { id: "back-in", type: "doorbell-in", z, name: "", door: "backdoor", x: 700, y: 100, wires: [[], [], [], []] },
    { id: "back-bell", type: "doorbell-sim", z, role: "bell", door: "backdoor", x: 700, y: 40, wires: [[]] },
  ];
}

describe("Deploys from the editor", { skip: without("chromium-headless-shell") }, () => {
  let chromium: Chromium;
  let house: House;
  let editor: Editor;
  before(async () => {
    chromium = await Chromium.start();
    house = await House.start({ flow: await twoDoors() });
    editor = await Editor.open(chromium, house.ready.editor);
  });
  after(async () => {
    await chromium.close();
    await house.end();
  });

  const isGreen = (status: { fill?: string }) => status.fill === "green";
  const isRed = (status: { fill?: string }) => status.fill === "red";
  const call = (state: string, since: number) =>
    house.mqtt.hear("doorbell/frontdoor/call", (heard) => heard === state, { since });
  const devices = () => house.idOf("debug", "what they see and hear");
  const hears = (value: unknown) => {
    const told = value as { event?: string; packets?: number; level?: number };
    return told.event === "audio" && (told.packets ?? 0) > 20 && (told.level ?? -96) > -60;
  };

  it("“Modified nodes” after a changed comment leaves the call standing; a full deploy ends it and listens again", async () => {
    const before = house.mqtt.now;
    await house.inject(await house.idOf("inject", "press"));
    await call("talking", before);

    await editor.deployType("node");
    const comment = await editor.edit(await house.idOf("comment", "Who is registered"));
    await comment.field("name").fill("Who is here");
    await comment.save();
    const deployed = house.mqtt.now;
    const heard = house.comms.now;
    await editor.deploy();
    assert.equal((await house.flows()).find((node) => node["name"] === "Who is here")?.type, "comment");
    // Two reports of a second each, so that at least one second lies wholly after the deploy.
    await house.comms.debug(await devices(), hears, { since: heard });
    await house.comms.debug(await devices(), hears, { since: house.comms.now });
    assert.deepEqual(house.mqtt.saidSince("doorbell/frontdoor/call", deployed), []);

    await editor.deployType("full");
    const again = await editor.edit(await house.idOf("comment", "Who is here"));
    await again.field("name").fill("Who is registered");
    await again.save();
    const full = house.comms.now;
    await editor.deploy();
    await call("idle", deployed);
    // It turns green when all devices have registered at the endpoint that the deploy has made anew.
    await house.comms.status(await house.idOf("sip-registrar"), isGreen, { since: full });
    const listens = (await house.admin("GET", `portero/endpoint/${endpointId}`)) as { port: number; trouble?: string };
    assert.deepEqual([listens.port, listens.trouble], [house.ready.sip?.port, undefined]);
  });

  it("H20: two doors with one extension: a sentence that names both, under the node; the rest works; nothing is lost", async () => {
    const dialog = await editor.edit("back-in");
    const door = await dialog.editConfig("door");
    await door.field("extension").fill("503");
    await door.save();
    await dialog.save();
    const since = house.comms.now;
    await editor.deploy();
    const sentence = /503(?=.*"Frontdoor")(?=.*"Backdoor")/;
    const text = await editor.status("back-in", sentence);
    assert.match(text, /give one of them another number/);
    await house.child.line(new RegExp(`\\[error\\].*${sentence.source}`));
    // The first door works on: a press at it rings.
    await house.comms.status(await house.idOf("doorbell-in"), isGreen, { since });
    const heard = house.mqtt.now;
    await house.inject(await house.idOf("inject", "press"));
    await house.mqtt.json("doorbell/frontdoor/event", (event) => event["event_type"] === "ring", { since: heard });

    await editor.reload();
    assert.equal(await editor.status("back-in", sentence), text);
    const reopened = await (await editor.edit("back-in")).editConfig("door");
    assert.equal(await reopened.field("extension").inputValue(), "503");
    await reopened.field("extension").fill("504");
    await reopened.save();
    await editor.page.locator("#node-dialog-ok").click();
    const mended = house.comms.now;
    await editor.deploy();
    await house.comms.status("back-in", isGreen, { since: mended });
  });

  it("a wrong value that is deployed all the same: a sentence under the nodes and in the log", async () => {
    const flows = await house.flows();
    const since = house.comms.now;
    await house.deploy(flows.map((node) => (node.id === endpointId ? { ...node, port: "sixty" } : node)));
    const { text } = await house.comms.status(await house.idOf("doorbell-in"), isRed, { since });
    assert.match(text ?? "", /port must be a whole number from 0 to 65535 \(it is sixty\)/);
    await house.child.line(/\[error\] \[sip-endpoint:.*port must be a whole number/);
    await house.deploy(flows);
  });

  it("a busy SIP port: a sentence under the nodes and in the log; when it gets free, all recovers by itself", async () => {
    const [port = 0] = await freePorts(1);
    const other = createSocket("udp4").bind(port, "0.0.0.0");
    await once(other, "listening");
    await editor.reload();
    const dialog = await editor.edit("back-in");
    const door = await dialog.editConfig("door");
    const endpoint = await door.editConfig("endpoint");
    await endpoint.field("port").fill(String(port));
    await endpoint.save();
    await door.save();
    await dialog.save();
    const since = house.comms.now;
    await editor.deploy();
    const sentence = new RegExp(`UDP port ${port}.*taken`);
    await editor.status("back-in", sentence);
    const bell = await house.idOf("doorbell-sim");
    assert.match((await house.comms.status(bell, isRed, { since })).text ?? "", sentence);
    await house.child.line(new RegExp(`\\[error\\] \\[sip-endpoint:.*${sentence.source}`));
    assert.equal(house.child.process.exitCode, null);

    other.close();
    await once(other, "close");
    await house.comms.status(bell, isGreen, { since });
    await house.comms.status("back-in", isGreen, { since });
    await editor.status("back-in", /^registered$/);
    const flows = await house.flows();
    assert.equal(flows.find((node) => node.id === endpointId)?.["port"], String(port));
  });
});
