// A visit's calls in one ladder, with the names that people know.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ladderText } from "../../src/sip/trace/ladder.ts";
import { CallGroups } from "../../src/visit/call-groups.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { House } from "./house.ts";

describe("X10 the ladder of a visit", () => {
  let house: House;
  beforeEach(async () => {
    house = await House.open();
  });
  afterEach(() => house.close());

  it("joins the bell's call and those to all phones, and names who took part", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const kitchen = await house.phone("6002");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001", "6002"] }));
    await hall.seen.next("ringing");
    await kitchen.seen.next("ringing");
    await kitchen.phone.answer();
    await outcome;
    await hall.seen.next("ended");
    await kitchen.phone.hangUp();
    await seen.next("ended");
    const ladder = house.switchboard.tracing.ladder(visit.id);
    assert.deepEqual(
      ladder.participants.map(({ label }) => label),
      ["Front door", "Portero", "6001", "6002"],
    );
    const from = (name: string) => ladder.participants.find(({ label }) => label === name)?.id;
    for (const [name, method] of [
      ["Front door", "INVITE"],
      ["6002", "BYE"],
    ] as const)
      assert.ok(
        ladder.arrows.some((arrow) => arrow.from === from(name) && arrow.label === method),
        ladderText(ladder),
      );
    for (const [name, method] of [
      ["6001", "CANCEL"],
      ["6002", "ACK"],
      ["Front door", "BYE"],
    ] as const)
      assert.ok(
        ladder.arrows.some((arrow) => arrow.to === from(name) && arrow.label === method),
        ladderText(ladder),
      );
    assert.equal(new Set(ladder.arrows.map(({ callId }) => callId)).size, 3);
    // Any of its calls leads to the same ladder.
    assert.deepEqual(house.switchboard.tracing.ladder(ladder.arrows[0]?.callId ?? ""), ladder);
  });

  it("H4 joins both sides of a call between extensions", async () => {
    const { phone } = await house.phone("6001");
    const kitchen = await house.phone("6002", { answerAfterMs: 0 });
    await phone.dial("6002");
    await kitchen.seen.next("answered");
    const [first] = house.switchboard.endpoint.trace
      .entries()
      .flatMap(({ data }) => /^INVITE [^]*?Call-ID: (\S+)/.exec(data.toString())?.[1] ?? []);
    const ladder = house.switchboard.tracing.ladder(first ?? "");
    assert.deepEqual(
      ladder.participants.map(({ label }) => label),
      ["6001", "Portero", "6002"],
    );
  });
});

describe("calls that belong together", () => {
  it("are found by any of them; the oldest of many groups is forgotten", () => {
    const groups = new CallGroups();
    groups.add("visit", "a");
    groups.add("visit", "b");
    assert.deepEqual([...groups.callIds("b")], ["a", "b"]);
    assert.deepEqual([...groups.callIds("alone")], ["alone"]);
    for (let count = 0; count < 500; count++) groups.add(`visit ${count}`, `call ${count}`);
    assert.deepEqual([...groups.callIds("visit")], ["visit"]);
    assert.deepEqual([...groups.callIds("call 499")], ["call 499"]);
  });
});
