// Which door a message speaks of, where two endpoints have one of the same short name: two houses in one Node-RED.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message, Red } from "../../nodes/red.d.ts";
import { doorOf } from "../../nodes/found.ts";

const house = (id: string, visits: string[]) => ({
  ...{ id, type: "sip-endpoint" },
  switchboard: {
    ...{ house: id, doors: () => [{ id: "front", name: "Front door" }] },
    visit: (visit: string) => (visits.includes(visit) ? { door: { id: "front" } } : undefined),
  },
});
const houses = [house("north", ["n1"]), house("south", ["s1"])];
const red = {
  nodes: {
    eachNode: (tell: (config: object) => void) => houses.forEach(tell),
    getNode: (id: string) => houses.find((one) => one.id === id) ?? null,
  },
} as unknown as Red;
const found = (msg: Message) => {
  const { door, switchboard } = doorOf(red, msg);
  return [door, (switchboard as unknown as { house: string }).house];
};

describe("The door of a message", () => {
  it("is that of the endpoint at which the visit is, whoever else has a door of that name", () => {
    assert.deepEqual(found({ visit: { id: "s1", door: "front" } }), ["front", "south"]);
    assert.deepEqual(found({ visit: { id: "n1", door: "front" } }), ["front", "north"]);
    assert.deepEqual(found({ visit: "s1" }), ["front", "south"], "its id alone says as much");
  });

  it("is that of its name where the visit is forgotten; what the message names itself goes before", () => {
    assert.deepEqual(found({ visit: { id: "gone", door: "front" } }), ["front", "north"]);
    assert.deepEqual(found({ visit: { id: "s1", door: "front" }, door: "Front door" }), ["front", "south"]);
    assert.throws(() => found({ visit: { id: "s1", door: "front" }, door: "back" }), /there is no door "back"/);
    assert.throws(() => found({}), /no door: choose one/);
  });
});
