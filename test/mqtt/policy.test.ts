import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CommandPolicy } from "../../src/mqtt/policy.ts";
import type { Verdict } from "../../src/mqtt/verdict.ts";
import { FakeClock } from "../support/clock.ts";

const front = { door: "front" };
const fresh = { retained: false, duplicate: false };
const ringing = { id: "v1", active: true };
const code = (verdict: Verdict) => (verdict.ok ? "ok" : verdict.code);

async function settled(rule: "off" | "visit" | "always") {
  const clock = new FakeClock();
  const policy = new CommandPolicy(rule, clock);
  policy.connected();
  await clock.advance(2_000);
  const press = (visit?: { id: string; active: boolean; endedAt?: number }) => code(policy.judgePress(front, visit));
  return { clock, policy, press };
}

describe("X6 which commands from MQTT are carried out", () => {
  it("none that was retained, whatever else is true (rule 1)", async () => {
    const { policy } = await settled("always");
    assert.equal(code(policy.judge({ ...fresh, retained: true }, "signed")), "retained");
    assert.equal(code(policy.judge({ ...fresh, retained: true })), "retained");
  });

  it("none within 2 s after connecting, nor while there is no connection (rule 2)", async () => {
    const clock = new FakeClock();
    const policy = new CommandPolicy("always", clock);
    assert.equal(code(policy.judge(fresh)), "just-connected");
    policy.connected();
    await clock.advance(1_999);
    assert.equal(code(policy.judge(fresh, "signed")), "just-connected");
    await clock.advance(1);
    assert.equal(code(policy.judge(fresh)), "ok");
    policy.lost();
    assert.equal(code(policy.judge(fresh)), "just-connected");
    policy.connected();
    policy.connected();
    policy.lost();
    await clock.advance(5_000);
    assert.equal(code(policy.judge(fresh)), "just-connected");
    assert.equal(clock.pending, 0);
  });

  it("no PRESS of an hour later, and each of its own time, where the clock was set back by an hour (rule 3)", async () => {
    const { clock, press } = await settled("visit");
    const over = { id: "v", active: false, endedAt: clock.now() };
    assert.equal(press(over), "ok");
    clock.set(clock.now() - 3_600_000);
    assert.equal(press(over), "no-visit");
    await clock.advance(60_000);
    assert.notEqual(press(ringing), "duplicate");
  });

  it("a PRESS during a visit, and until 120 s after its end (rule 3)", async () => {
    const { clock, policy, press } = await settled("visit");
    assert.equal(press(undefined), "no-visit");
    assert.equal(press({ id: "v", active: false, endedAt: clock.now() - 120_001 }), "no-visit");
    assert.equal(press({ id: "v", active: false }), "no-visit");
    assert.equal(press({ id: "v", active: false, endedAt: clock.now() - 120_000 }), "ok");
    policy.opened(front);
    await clock.advance(3_000);
    assert.equal(press(ringing), "ok");
  });

  it("a PRESS at any time where the settings allow it, and never where they switch it off (rules 3 and 7)", async () => {
    assert.equal((await settled("always")).press(undefined), "ok");
    const { policy } = await settled("off");
    const verdict = policy.judge(fresh);
    assert.match(verdict.ok ? "" : verdict.reason, /switched off: sign it, or allow them in the mqtt-bridge node/);
    assert.equal(code(policy.judge(fresh, "signed")), "ok");
  });

  it("no duplicate: neither by its flag nor a second PRESS within 2 s", async () => {
    const { clock, policy, press } = await settled("visit");
    assert.equal(code(policy.judge({ ...fresh, duplicate: true })), "duplicate");
    assert.equal(press(ringing), "ok");
    policy.opened(front);
    await clock.advance(1_999);
    assert.equal(press(ringing), "duplicate");
    await clock.advance(1);
    assert.equal(press(ringing), "ok");
  });

  it("one opening at a time and door (rule 5)", async () => {
    const { clock, policy, press } = await settled("visit");
    assert.equal(press(ringing), "ok");
    await clock.advance(5_000);
    assert.equal(press(ringing), "busy");
    assert.equal(code(policy.judgePress({ door: "back" }, ringing)), "ok");
    policy.opened(front);
    assert.equal(press(ringing), "ok");
  });

  it("three a minute for each relay and asker, counting only what was allowed (rule 5)", async () => {
    const { clock, policy, press } = await settled("visit");
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) {
      seen.push(press(ringing));
      policy.opened(front);
      await clock.advance(10_000);
    }
    assert.deepEqual(seen, ["ok", "ok", "ok", "too-many", "too-many", "too-many"]);
    assert.equal(press(ringing), "ok");
  });

  it("what plain PRESSes have used up is not missing to a key, nor that of one relay or key to another", async () => {
    const { clock, policy } = await settled("visit");
    const asks = [
      front,
      { ...front, relay: "gate" },
      { ...front, key: "anna" },
      { ...front, relay: "gate", key: "anna" },
    ];
    for (let round = 0; round < 4; round++) {
      for (const [at, ask] of asks.entries()) {
        const id = `${round} ${at}`;
        const verdict = "key" in ask ? policy.judgeSigned(ask, id) : policy.judgePress(ask, ringing);
        assert.equal(code(verdict), round < 3 ? "ok" : "too-many", id);
        if ("key" in ask)
          assert.equal(code(policy.judgeSigned({ ...front, key: "bert" }, `bert's ${id}`)), round < 3 ? "busy" : "ok");
        policy.opened(front);
      }
      await clock.advance(3_000);
    }
  });

  it("a signed request once by its id, at its door, for ten minutes; one that was not carried out again", async () => {
    const { clock, policy } = await settled("off");
    const ask = (id: string, door = "front") => code(policy.judgeSigned({ door, key: "anna" }, id));
    assert.deepEqual([ask("1"), ask("2"), ask("1", "back")], ["ok", "busy", "ok"]);
    policy.opened(front);
    assert.deepEqual([ask("1"), ask("2")], ["duplicate", "ok"]);
    policy.opened(front);
    await clock.advance(599_999);
    assert.deepEqual([ask("1"), ask("2")], ["duplicate", "duplicate"]);
    await clock.advance(1);
    assert.equal(ask("1"), "ok");
  });

  it("what the door refuses uses up nothing", async () => {
    const { clock, policy, press } = await settled("visit");
    for (let i = 0; i < 12; i++) {
      assert.equal(press(ringing), "ok");
      policy.opened(front, true);
      await clock.advance(1_000);
    }
  });

  it("thirty asks a minute, whatever comes of them; of the rest one is told each minute", async () => {
    const { clock, policy } = await settled("visit");
    const ask = () => policy.judgePress(front, undefined);
    for (let i = 0; i < 30; i++) assert.equal(code(ask()), "no-visit");
    await clock.advance(20_000);
    const beyond = Array.from({ length: 100 }, ask);
    const told = beyond.filter((verdict) => !verdict.ok && !verdict.again);
    assert.deepEqual(
      told.map((verdict) => (verdict.ok ? "" : verdict.reason)),
      ["asked 30 times within a minute already: try again in 40 s"],
    );
    assert.equal(code(policy.judgeSigned({ ...front, key: "anna" }, "1")), "ok", "nobody else is held up");
    await clock.advance(40_000);
    assert.equal(code(ask()), "no-visit");
  });
});
