// A redial that is drawn with a delay node and one that is built in, side by side.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { VisitEnd, VisitView } from "../../src/visit/messages.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

const dial = { id: "dial", type: "dial-strategy", targets: ["6001", "6002"], seconds: "1" };
const drawn: FlowNode[] = [
  { ...dial, strategy: "ring-all", wires: [[], ["again", "vain"], []] },
  {
    ...{ id: "again", type: "delay", z: "f", x: 100, y: 100, wires: [["dial"]] },
    ...{ pauseType: "delay", timeout: "0.5", timeoutUnits: "seconds" },
  },
];
const built: FlowNode[] = [
  { ...dial, strategy: "redial", tries: "3", waitSeconds: "0.5", stopCauses: "", wires: [[], ["vain"], []] },
];

/** Three vain tries, then the visit is stopped: its end. */
async function ended(nodes: FlowNode[]): Promise<VisitEnd> {
  flow = await Flow.load([
    ...[endpoint, frontdoor, ...nodes],
    { id: "reg", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }, { number: "6002" }] },
    { id: "in", type: "doorbell-in", door: "door1", wires: [["dial"], [], ["ended"], []] },
    { id: "bell", type: "doorbell-sim", role: "bell", door: "door1" },
    { id: "phone", type: "doorbell-sim", role: "phone", endpoint: "ep", extension: "6001" },
    ...["vain", "ended"].map(sink),
  ]);
  for (const device of ["bell", "phone"]) await flow.status(device, ({ fill }) => fill === "green");
  const vain = flow.message("vain", (msg) => (msg["visit"] as VisitView).attempt === 3);
  const end = flow.message("ended");
  await flow.node<SimNode>("bell").press();
  flow.node("dial").receive({ ...(await vain), payload: "stop" });
  const { payload } = await end;
  await flow.close();
  flow = undefined;
  return payload as VisitEnd;
}

/** Without what is another moment each time. */
const record = ({ strategy: _, parties, ringSeconds: __, ...end }: VisitEnd) => ({
  ...end,
  parties: parties
    .map(({ rangAt, seconds, ...party }) => ({ ...party, rang: rangAt !== undefined && seconds !== undefined }))
    .sort((a, b) => a.try - b.try || a.target.localeCompare(b.target)),
});

describe("a redial", () => {
  it("H10 leaves the same record whether it is drawn with a delay node or built in", async () => {
    const [one, other] = [await ended(drawn), await ended(built)];
    assert.deepEqual([one.strategy, other.strategy], ["ring-all", "redial"]);
    assert.deepEqual(record(one), record(other));
    assert.equal(one.tries, 3);
    assert.deepEqual(
      record(one).parties.map((party) => [party.try, party.target, party.result, party.cause]),
      [1, 2, 3].flatMap((nth) => [
        [nth, "6001", "no-answer", 19],
        [nth, "6002", "unregistered", 20],
      ]),
    );
  });
});
