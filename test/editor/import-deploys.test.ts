// The flows of dial plans in a real Node-RED: deployed without a complaint, and rung by a simulated bell that dials the number
// of the plan.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { importDialPlan } from "../../src/import/import.ts";
import { House, type FlowNode } from "./house.ts";

const folder = new URL("../import/plans/", import.meta.url);
const files = readdirSync(folder);

/** As the editor imports it: with the passwords. Ports and certificates are this machine's. */
function flowOf(file: string, more = ""): FlowNode[] {
  const { nodes, credentials } = importDialPlan(readFileSync(new URL(file, folder), "utf8") + more);
  return nodes.map((node) => ({
    ...node,
    ...(node.type === "sip-endpoint" && { ...{ bind: "127.0.0.1", port: "0", rtpFrom: "0", rtpTo: "0" }, tls: false }),
    ...(credentials[node.id] && { credentials: credentials[node.id] }),
  }));
}

const one = (flow: readonly FlowNode[], type: string, name = ""): FlowNode =>
  flow.find((node) => node.type === type && String(node["name"]).startsWith(name)) ?? assert.fail(`no ${type} ${name}`);

/** Whom the simulated phones are, and whether they pick up. */
type Phones = Record<string, boolean>;

/** A simulated bell with a button, and phones, in the flow of a plan; their ids are of this flow only. */
function withDevices(flow: readonly FlowNode[], dials: string, phones: Phones): FlowNode[] {
  const tab = one(flow, "tab").id;
  const sim = { type: "doorbell-sim", z: tab, x: 1000, y: 40, wires: [[]] };
  const press = { props: [{ p: "payload" }], payload: JSON.stringify({ dial: dials }), payloadType: "json" };
  return [
    ...flow.map((node) => (node.type === "door" ? { ...node, preset: "simulated" } : node)),
    { id: `${tab}-bell`, ...sim, role: "bell", door: one(flow, "door").id },
    { id: `${tab}-press`, ...sim, type: "inject", ...press, wires: [[`${tab}-bell`]] },
    {
      id: `${tab}-call`,
      ...sim,
      type: "inject",
      ...press,
      wires: [Object.keys(phones).map((phone) => `${tab}-${phone}`)],
    },
    ...Object.entries(phones).map(([extension, autoAnswer]) => ({
      ...{ id: `${tab}-${extension}`, ...sim, role: "phone", endpoint: one(flow, "sip-endpoint").id, extension },
      ...{ autoAnswer, answerAfter: "0.2" },
    })),
  ];
}

describe("Imported dial plans in Node-RED", () => {
  let house: House;
  let types: Set<string>;
  before(async () => {
    house = await House.start({ flow: [] });
    const list = (await house.admin("GET", "nodes", undefined, { Accept: "application/json" })) as {
      types: string[];
    }[];
    types = new Set([...list.flatMap((set) => set.types), "tab"]);
  });
  after(() => house.end());

  /** Deploys a plan with devices, and waits until all are registered. @returns the moment */
  const ready = async (flow: readonly FlowNode[], dials: string, phones: Phones): Promise<number> => {
    // Devices of the test before may have the same ids, and talk still: theirs is a green status, too.
    await house.deploy([]);
    const since = house.comms.now;
    await house.deploy(withDevices(flow, dials, phones));
    for (const device of ["bell", ...Object.keys(phones)])
      await house.comms.status(`${one(flow, "tab").id}-${device}`, ({ text }) => /^registered as/.test(String(text)), {
        since,
      });
    return house.comms.now;
  };

  /** Presses, and gives what the strategy then shows in green. */
  const pressed = async (
    flow: readonly FlowNode[],
    dials: string,
    phones: Phones,
    strategy: string,
  ): Promise<string> => {
    const since = await ready(flow, dials, phones);
    await house.inject(`${one(flow, "tab").id}-press`);
    return String((await house.comms.status(strategy, ({ fill }) => fill === "green", { since })).text);
  };

  /** The same with the phone 100, which calls when the strategy says that the visitor waits. */
  const called = async (flow: readonly FlowNode[], dials: string, calls: string, strategy: string): Promise<string> => {
    const tab = one(flow, "tab").id;
    const since = await ready(flow, dials, { 100: false });
    await house.inject(`${tab}-press`);
    await house.comms.status(strategy, ({ fill }) => fill === "blue", { since });
    await house.admin("POST", `inject/${tab}-call`, {
      __user_inject_props__: [{ p: "payload", v: JSON.stringify({ dial: calls }), vt: "json" }],
    });
    return String((await house.comms.status(strategy, ({ fill }) => fill === "green", { since })).text);
  };

  for (const file of files)
    it(`${file}: Node-RED takes it, and no node complains`, async () => {
      const flow = flowOf(file);
      assert.deepEqual(
        flow.map(({ type }) => type).filter((type) => !types.has(type)),
        [],
      );
      const [line, since] = [house.child.lines.length, house.comms.now];
      await house.deploy(flow);
      for (const { id, type } of flow)
        if (type === "doorbell-in") await house.comms.status(id, ({ text }) => text !== undefined, { since });
      const complaints = house.child.lines.slice(line).filter((said) => /\[(error|warn)\]/.test(said));
      assert.deepEqual(complaints, []);
      const red = [...house.comms.statuses(since)].filter(([, { fill }]) => fill === "red");
      assert.deepEqual(red, []);
    });

  it("H5: a number of a plan rings its group, and the first to pick up is shown", async () => {
    const flow = flowOf("dial.conf");
    const said = await pressed(flow, "9901", { 100: true, 6001: false }, one(flow, "dial-strategy", "9901").id);
    assert.match(said, /100/);
  });

  it("H4: any other number rings what was dialled", async () => {
    const flow = flowOf("dial.conf");
    const strategy = flow.find((node) => node.type === "dial-strategy" && node["name"] === "");
    assert.match(await pressed(flow, "6001", { 6001: true }, strategy?.id ?? ""), /6001/);
  });

  it("H10: the redial loop goes on until somebody answers", async () => {
    const flow = flowOf("redial.conf");
    assert.match(await pressed(flow, "8001", { 6001: true }, one(flow, "dial-strategy").id), /6001/);
  });

  it("H7, H8: a bell that dials 444 is fetched by a phone that dials 555", async () => {
    const flow = flowOf("parking.conf", "\n[100]\ntype=endpoint\n");
    const strategy = one(flow, "dial-strategy", "444").id;
    assert.match(await called(flow, "444", "555", strategy), /100/);
  });

  it("H9: a bell that dials 777 waits for the phone that dials 888", async () => {
    const flow = flowOf("conference.conf", "\n[100]\ntype=endpoint\n");
    assert.match(await called(flow, "777", "888", one(flow, "dial-strategy").id), /100/);
  });

  it("H15: RetryDial rings its one target", async () => {
    const flow = flowOf("retry-dial.conf");
    assert.match(await pressed(flow, "777", { 100: true }, one(flow, "dial-strategy").id), /100/);
  });
});
