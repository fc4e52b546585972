// States that others on the broker report, without a wire: a flood of them fills neither the log nor the door's memory.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Reports } from "../../src/mqtt/reports.ts";
import { FakeClock } from "../support/clock.ts";
import { House } from "./house.ts";

describe("X6 states from the broker", () => {
  it("are taken thirty times in ten seconds, those that are wrong counted with them, unknown doors together", async () => {
    const clock = new FakeClock();
    const warned: string[] = [];
    const told: string[] = [];
    const log = { debug() {}, info() {}, warn: (text: string) => void warned.push(text), error() {} };
    const report = (door: string, state: object) => void told.push(`${door} ${JSON.stringify(state)}`);
    const reports = new Reports("doorbell", Object.assign(new House(), { report }), { clock, log });
    const send = (door: string, word: string) => reports.received(`doorbell/${door}/contact/set`, Buffer.from(word));
    for (let n = 0; n < 100; n++) {
      assert.ok(send(`door-${n}`, "open"));
      send("front", "ajar");
    }
    assert.equal(warned.filter((line) => line.includes("no such door")).length, 30);
    assert.equal(warned.filter((line) => line.includes("takes open or closed")).length, 30);
    send("front", "open");
    assert.deepEqual(told, []);
    await clock.advance(10_000);
    send("front", "open");
    assert.deepEqual(told, ['front {"contact":"open"}']);
  });
});
