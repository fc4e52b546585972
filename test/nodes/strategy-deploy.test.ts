// A visit that rings while the flow is edited and deployed: “Modified nodes”, with simulated devices on real sockets.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { EndpointNode } from "../../nodes/sip-endpoint/node.ts";
import type { VisitView } from "../../src/visit/messages.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const base: FlowNode[] = [
  endpoint,
  frontdoor,
  { id: "registrar", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }] },
  { id: "in", type: "doorbell-in", door: "door1", wires: [["dial"], [], ["ended"]] },
  { id: "bell", type: "doorbell-sim", role: "bell", door: "door1" },
  { id: "phone", type: "doorbell-sim", role: "phone", endpoint: "ep", extension: "6001", wires: [["saw"]] },
  ...["saw", "ended", "answered", "unanswered", "progress"].map(sink),
];
const dial: FlowNode = {
  ...{ id: "dial", type: "dial-strategy", strategy: "until-answered", targets: ["6001"], seconds: "60" },
  wires: [[], [], ["progress"]],
};

/** The phone rings. */
async function rung(): Promise<Flow> {
  flow = await Flow.load([...base, dial]);
  for (const device of ["bell", "phone"]) await flow.status(device, ({ fill }) => fill === "green");
  const rings = flow.message("saw", ({ event }) => event === "ringing");
  await flow.node<SimNode>("bell").press();
  await rings;
  return flow;
}

describe("X1 a visit that rings when its dial-strategy is deployed", () => {
  it("rings on, and the new node tells of it", async () => {
    const f = await rung();
    const saw: unknown[] = [];
    f.node("saw").on("input", ({ event }) => saw.push(event));
    const wires = [["answered"], ["unanswered"], ["progress"]];
    await f.deploy([...base, { ...dial, seconds: "50", wires }], "nodes");
    assert.match((await f.status("dial", ({ fill }) => fill === "blue")).text ?? "", /ringing/);
    await f.deploy([...base, { ...dial, seconds: "40", wires }], "nodes");
    const answered = f.message("answered");
    f.node("phone").receive({ payload: "answer" });
    const { payload, visit } = await answered;
    assert.deepEqual([(payload as { by: string }).by, (visit as VisitView).state], ["6001", "talking"]);
    assert.ok(!saw.includes("ended"), "the phone has rung on");
    await f.status("dial", ({ fill }) => fill === "green");
  });

  it("can be stopped at the new node, and is stopped where the node is taken away or disabled", async () => {
    for (const last of [undefined, { ...dial, d: true }]) {
      const f = await rung();
      await f.deploy([...base, { ...dial, seconds: "50" }], "nodes");
      const { switchboard } = f.node<EndpointNode>("ep");
      const stopped = f.message("saw", ({ event }) => event === "ended");
      if (last) {
        f.node("dial").receive({ payload: "stop" });
        assert.equal(((await f.message("ended")).payload as { outcome: string }).outcome, "stopped");
      } else await f.deploy(base, "nodes");
      await stopped;
      assert.equal(switchboard.lastVisit("front-door")?.state, last ? "ended" : "ringing");
      await f.close();
      flow = undefined;
    }
    const f = await rung();
    const stopped = f.message("saw", ({ event }) => event === "ended");
    await f.deploy([...base, { ...dial, d: true }], "nodes");
    await stopped;
  });

  it("is over with its endpoint, and nothing is told of it by a node that comes afterwards", async () => {
    const f = await rung();
    await f.deploy([...base, dial], "full");
    const told: unknown[] = [];
    for (const id of ["answered", "unanswered", "progress"]) f.node(id).on("input", ({ event }) => told.push(event));
    await f.status("phone", ({ fill }) => fill === "green");
    const trying = f.message("progress");
    for (const device of ["bell", "phone"]) await f.status(device, ({ fill }) => fill === "green");
    await f.node<SimNode>("bell").press();
    await trying;
    assert.deepEqual(told, ["trying"]);
  });
});
