import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DoorNames } from "../../../src/visit/presses/door-names.ts";
import { FakeClock } from "../../support/clock.ts";

function names(zone: Record<string, readonly string[] | Promise<readonly string[]>>) {
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = { debug: () => {}, info: () => {}, warn: (text: string) => void logged.push(text), error: () => {} };
  const hostsOf = (name: string) =>
    Promise.resolve(zone[name] ?? Promise.reject(new Error(`the name ${name} is not known`)));
  const doors = [
    ["", "registers"],
    ["10.0.0.5", "by address"],
    ["gate.example", "gate"],
    ["garage.example", "garage"],
  ] as const;
  const of = new DoorNames({ clock, log, endpoint: { hostsOf } });
  return { zone, clock, logged, find: (address: string) => of.find(doors, address) };
}

describe("A1, N3 a door that is known by a name", () => {
  it("is who calls from one of the addresses that the name leads to", async () => {
    const { find } = names({ "gate.example": ["10.0.0.7", "2001:db8::7"], "garage.example": ["10.0.0.8"] });
    assert.equal(await find("10.0.0.7"), "gate");
    assert.equal(await find("2001:db8::7"), "gate");
    assert.equal(await find("10.0.0.8"), "garage");
    assert.equal(await find("10.0.0.9"), undefined);
    assert.equal(await find("10.0.0.5"), undefined);
  });

  it("is followed where it moves, and nobody takes its place at the old address", async () => {
    const { find, zone } = names({ "gate.example": ["10.0.0.7"], "garage.example": [] });
    assert.equal(await find("10.0.0.7"), "gate");
    zone["gate.example"] = ["10.0.0.17"];
    assert.equal(await find("10.0.0.17"), "gate");
    assert.equal(await find("10.0.0.7"), undefined);
  });

  it("stays known while DNS fails, which is told", async () => {
    const { find, zone, logged } = names({ "gate.example": ["10.0.0.7"], "garage.example": [] });
    await find("10.0.0.7");
    delete zone["gate.example"];
    assert.equal(await find("10.0.0.7"), "gate");
    assert.equal(await find("10.0.0.17"), undefined);
    assert.equal(logged[0], "a door's address: the name gate.example is not known");
  });

  it("is not kept waiting for longer than a second by a DNS that says nothing", async () => {
    const { find, zone, clock } = names({ "gate.example": ["10.0.0.7"], "garage.example": [] });
    await find("10.0.0.7");
    zone["gate.example"] = new Promise(() => {});
    const found = find("10.0.0.7");
    await clock.advance(1_000);
    assert.equal(await found, "gate");
    assert.equal(clock.pending, 0);
  });
});
