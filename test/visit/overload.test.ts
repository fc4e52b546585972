import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { PorteroError } from "../../src/errors.ts";
import { callsFor } from "../../src/visit/settings.ts";
import { House } from "./house.ts";

describe("a house in which as many phones talk as may", () => {
  it("tells a further phone to come later, and serves the door", async (t) => {
    const house = await House.open({}, undefined, { maxCalls: 1 });
    t.after(() => house.close());
    const hall = await house.phone("6001");
    const kitchen = await house.phone("6002", { answerAfterMs: 0 });
    const attic = await house.phone("6003");
    await hall.phone.dial("6002");
    await hall.seen.next("answered");
    const trouble = once(house.switchboard, "trouble") as Promise<[PorteroError]>;
    await attic.phone.dial("6002");
    await attic.seen.next("ended");
    const [{ code, message }] = await trouble;
    assert.equal(code, "overloaded");
    assert.match(message, /1 so far: 1 are under way, the most that are allowed/);
    const { bell } = await house.bell();
    assert.equal((await house.pressed(bell)).state, "ringing");
    await hall.phone.hangUp();
    await kitchen.seen.next("ended");
    await attic.phone.dial("6002");
    await attic.seen.next("answered");
  });

  it("has room for as many calls as the media ports, and for doors beside them", () => {
    assert.equal(callsFor({ ports: [30_000, 30_999] }), 125);
    assert.equal(callsFor({ ports: [30_000, 30_003] }), 1);
    assert.equal(callsFor({ ports: [0, 0] }), 1000);
  });
});
