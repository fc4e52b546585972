// A door's contact, relay and lock: who tells them, what is told of them, and what they prove.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DoorState } from "../../../src/door-states.ts";
import { DoorStates, provesMs, type DoorReport } from "../../../src/visit/presses/door-state.ts";
import { FakeClock } from "../../support/clock.ts";

function watched(heldOpenSeconds?: number) {
  const clock = new FakeClock();
  const told: DoorReport[] = [];
  const states = new DoorStates({ clock, tell: (_event, report) => void told.push(report) });
  const front = { id: "front", ...(heldOpenSeconds === undefined ? {} : { heldOpenSeconds }) };
  const set = (state: DoorState, by = "hook") => states.set(front, state, by);
  return { clock, told, states, set };
}

describe("The state of a door", () => {
  it("is what was told last of each part, and only news is told", () => {
    const { clock, told, states, set } = watched();
    set({ contact: "closed", lock: "locked" });
    set({ contact: "closed" }, "poll");
    set({ relay: "on" }, "poll");
    const ts = clock.now();
    assert.deepEqual(told, [
      {
        ...{ door: "front", event: "state", changed: ["contact", "lock"] },
        ...{ contact: "closed", lock: "locked", by: "hook", ts },
      },
      {
        ...{ door: "front", event: "state", changed: ["relay"] },
        ...{ contact: "closed", lock: "locked", relay: "on", by: "poll", ts },
      },
    ]);
    assert.deepEqual(states.of("front"), { contact: "closed", lock: "locked", relay: "on" });
    assert.deepEqual(states.of("back"), {});
  });

  it("is refused with a sentence where it is none", () => {
    const { told, set } = watched();
    assert.throws(() => set({ contact: "ajar" } as never), /contact must be one of open, closed \(it is "ajar"\)/);
    assert.throws(() => set({ window: "open" } as never), /window is not known here/);
    assert.throws(() => set({}), /door state: it must NOT have fewer than 1 properties/);
    assert.deepEqual(told, []);
  });

  it("a contact that stays open is told of once, after its time, and not if it closes before", async () => {
    const { clock, told, set } = watched(30);
    const held = () =>
      told.filter(({ event }) => event === "held-open").map(({ seconds, contact }) => [seconds, contact]);
    set({ contact: "open" });
    await clock.advance(29_000);
    set({ contact: "closed" });
    await clock.advance(60_000);
    assert.deepEqual(held(), []);
    set({ contact: "open" });
    await clock.advance(10_000);
    set({ contact: "open", lock: "unlocked" });
    await clock.advance(19_999);
    assert.deepEqual(held(), []);
    await clock.advance(1);
    assert.deepEqual(held(), [[30, "open"]]);
    await clock.advance(300_000);
    assert.equal(held().length, 1);
  });

  it("a door that moves soon after an opening proves it, once; one that failed proves nothing", async () => {
    const { clock, told, states, set } = watched();
    const proved = () => told.map(({ event, opening }) => [event, opening]);
    set({ contact: "closed" });
    const opened = states.begun("front", "o1");
    await clock.advance(500);
    opened({ ok: true, ts: clock.now() });
    await clock.advance(3_000);
    set({ contact: "open" });
    states.opened("front", "hook");
    set({ contact: "closed" });
    states.begun("front", "o2")({ ok: false, ts: clock.now() });
    set({ contact: "open" });
    set({ contact: "closed" });
    states.begun("front", "o3")({ ok: true, ts: clock.now() });
    await clock.advance(provesMs + 1);
    states.opened("front", "hook");
    assert.deepEqual(proved(), [
      ["state", undefined],
      ["state", "o1"],
      ["device-opened", undefined],
      ["state", undefined],
      ["state", undefined],
      ["state", undefined],
      ["device-opened", undefined],
    ]);
  });

  it("an ask that is refused takes no proof from the opening before it", () => {
    const { clock, told, states, set } = watched();
    states.begun("front", "o1")({ ok: true, ts: clock.now() });
    states.begun("front", "o2")({ ok: false, ts: clock.now() });
    set({ contact: "open" });
    assert.equal(told.at(-1)?.opening, "o1");
  });

  it("an opening that was asked for twice by the same id proves nothing the second time", async () => {
    const { clock, told, states } = watched();
    const first = clock.now();
    states.begun("front", "o1")({ ok: true, ts: first });
    await clock.advance(60_000);
    states.begun("front", "o1")({ ok: true, ts: first });
    states.opened("front", "hook");
    assert.equal(told[0]?.opening, undefined);
  });

  it("is forgotten with its door, and nobody is told of it later", async () => {
    const { clock, told, states, set } = watched(5);
    set({ contact: "open" });
    states.forget("front");
    await clock.advance(60_000);
    assert.equal(told.length, 1);
    assert.deepEqual(states.of("front"), {});
  });
});
