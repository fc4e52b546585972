// What is wrong outside shows as a clear sentence in a node's status and in the log, and the house goes on.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { afterEach, describe, it } from "node:test";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import { endpoint, Flow, frontdoor, sink } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const registrar = { id: "registrar", type: "sip-registrar", endpoint: "ep", wires: [[], [], []] };
const isRed = (look: { fill?: string }) => look.fill === "red";

describe("trouble outside", () => {
  it("malformed SIP: who sent it, in the registrar's status and in the log; devices register afterwards", async () => {
    flow = await Flow.load([endpoint, frontdoor, registrar]);
    const { port } = await reachable(flow);
    const socket = createSocket("udp4");
    socket.send("INVITE without any sense\r\n\r\n", port, "127.0.0.1");
    const { text } = await flow.status("registrar", (look) => look.fill === "yellow");
    socket.close();
    assert.match(text ?? "", /127\.0\.0\.1:\d+ sent something that is not proper SIP: the first line is not SIP/);
    assert.ok(flow.logged().some((line) => /is not proper SIP/.test(line)));
    const bell = { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [[]] };
    await flow.deploy([endpoint, frontdoor, registrar, bell], "nodes");
    await flow.status("bell", (look) => look.fill === "green");
  });

  it("a port that another endpoint of the flows has: whose it is, and that another one will do", async () => {
    const house = { ...endpoint, name: "House" };
    flow = await Flow.load([house, frontdoor, registrar]);
    const { port } = await reachable(flow);
    const imported = { ...endpoint, id: "ep2", name: "SIP endpoint", port: String(port) };
    const second = { ...registrar, id: "second", endpoint: "ep2" };
    await flow.deploy([house, frontdoor, registrar, imported, second], "nodes");
    const { text } = await flow.status("second", isRed);
    assert.equal(
      text,
      `port ${port} is taken by the SIP endpoint "House" of these flows: choose another Port here, such as 5062`,
    );
    assert.ok(flow.logged().includes(text));
  });

  it("X10 unknown extension: which login, in the registrar's status and in the log", async () => {
    const stranger = { id: "stranger", type: "doorbell-sim", role: "phone", endpoint: "ep", extension: "4711" };
    flow = await Flow.load([endpoint, frontdoor, registrar, { ...stranger, wires: [[]] }]);
    const { text } = await flow.status("registrar", isRed);
    assert.match(text ?? "", /REGISTER from 127\.0\.0\.1:\d+ refused: no extension here has the login "4711"/);
    assert.ok(flow.logged().some((line) => /has the login "4711"/.test(line)));
  });

  it("unreachable camera: where and what to look at, in the snapshot's status and by its second output", async () => {
    const door = { ...frontdoor, preset: "generic", imageUrl: "http://127.0.0.1:9/image.jpg" };
    const snapshot = { id: "snap", type: "camera-snapshot", door: "door1", wires: [[], ["failed"]] };
    flow = await Flow.load([endpoint, door, snapshot, sink("failed")]);
    const failed = flow.message("failed");
    flow.node("snap").receive({ payload: "now" });
    const { text } = await flow.status("snap", isRed);
    assert.match(text ?? "", /camera at http:\/\/127\.0\.0\.1:9\/image\.jpg refused the connection/i);
    assert.match(JSON.stringify(await failed), /refused the connection/);
  });

  it("broker away: which one and what it does about it, in the bridge's status", async () => {
    const bridge = { id: "bridge", type: "mqtt-bridge", endpoint: "ep", url: "mqtt://127.0.0.1:9", wires: [[]] };
    flow = await Flow.load([endpoint, frontdoor, bridge]);
    const { text } = await flow.status("bridge", isRed);
    assert.match(text ?? "", /^broker away: connection refused, trying again in \d+ s$/);
  });
});

async function reachable(loaded: Flow) {
  const node = loaded.node<EndpointNode>("ep");
  await node.listening();
  return node.reachable();
}
