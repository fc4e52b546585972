// Ring groups in the registrar's dialog.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

describe("ring groups", () => {
  let flow: Flow | undefined;
  afterEach(async () => {
    await flow?.close();
    flow = undefined;
  });
  const registrar = (groups: object[]): FlowNode => ({
    ...{ id: "reg", type: "sip-registrar", name: "Phones", endpoint: "ep", wires: [["list"], [], [], []] },
    extensions: [{ number: "6001" }, { number: "6002" }],
    groups,
  });

  it("H5 are a target of dial-strategy, and stand in the address list", async () => {
    flow = await Flow.load([
      ...[endpoint, frontdoor, registrar([{ number: "600", name: "House", members: "6001, 6002" }])],
      { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [[]] },
      { id: "in", type: "doorbell-in", door: "door1", wires: [["dial"], [], [], []] },
      { id: "dial", type: "dial-strategy", targets: ["600"], wires: [["done"], [], []] },
      {
        ...{ id: "phone", type: "doorbell-sim", role: "phone", endpoint: "ep", extension: "6002" },
        ...{ autoAnswer: true, answerAfter: "0" },
      },
      ...["done", "list"].map(sink),
    ]);
    for (const device of ["bell", "phone"]) await flow.status(device, ({ fill }) => fill === "green");
    const done = flow.message("done");
    await flow.node<SimNode>("bell").press();
    const { by, parties } = (await done).payload as { by: string; parties: { target: string; result: string }[] };
    assert.equal(by, "6002");
    assert.deepEqual(
      parties.map(({ target, result }) => [target, result]),
      [
        ["6001", "unregistered"],
        ["6002", "answered"],
      ],
    );
    const list = flow.message("list");
    flow.node("reg").receive({ payload: { action: "list", format: "json" } });
    const numbers = (await list).payload as { number: string; kind: string; contacts: number }[];
    assert.deepEqual(
      numbers.find(({ number }) => number === "600"),
      { number: "600", name: "House", kind: "group", registered: true, contacts: 1 },
    );
  });

  const wrong: [title: string, groups: object[], says: RegExp][] = [
    [
      "whose number another one has",
      [{ number: "6001", members: "6002" }],
      /^number 6001 is claimed by registrar "Phones" and by ring group 6001 of registrar "Phones"/,
    ],
    [
      "that would ring themselves by way of others",
      [
        { number: "600", members: "601" },
        { number: "601", name: "All", members: "6001 600" },
      ],
      /^ring group 601 would ring itself \(601 → 600 → 601\): take one of them out of its members$/,
    ],
    ["without members", [{ number: "600", members: " , " }], /^ring group: members must NOT have fewer than 1 items/],
    ["without a number", [{ members: "6001" }], /^ring group: number has the wrong form \(it is ""\)/],
  ];
  for (const [title, groups, says] of wrong)
    it(`H20 ${title} are left out, and the status says why`, async () => {
      flow = await Flow.load([endpoint, registrar(groups), sink("list")]);
      const { text } = await flow.status("reg", ({ fill }) => fill === "red");
      assert.match(String(text), says);
    });
});
