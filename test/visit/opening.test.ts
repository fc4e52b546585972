import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../src/clock.ts";
import { checkPreset, presetOf } from "../../src/door/door.ts";
import { Secret } from "../../src/secret.ts";
import { SimOpener } from "../../src/sim/devices/opener.ts";
import type { VisitEnd } from "../../src/visit/messages.ts";
import type { DoorReport } from "../../src/visit/presses/door-state.ts";
import { House } from "./house.ts";
import { ringAll } from "./ring-all.ts";

describe("opening a door", () => {
  let house: House;
  beforeEach(async () => {
    house = await House.open();
  });
  afterEach(() => house.close());

  it("P11, X5 sends the code into the call, and the bell's relay answers for it", async () => {
    const { bell, seen } = await house.bell();
    await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await visit.answerBy(ringAll("6001"));
    const opening = await house.switchboard.open({ door: "front", by: "dashboard" });
    assert.deepEqual([opening.ok, opening.method, opening.visit], [true, "dtmf-info", visit.id]);
    await seen.next("relay", (e) => "state" in e && e.state === "on");
    const told = await house.event("opened");
    assert.equal((told.payload as { by: string }).by, "dashboard");
    assert.deepEqual(
      house.openings.map((o) => o.ok),
      [true],
    );
    assert.ok(!JSON.stringify([house.events.all, house.logged]).includes("1234"), "the code is told to nobody");
  });

  it("N5 a digit pressed by the answerer reaches the bell, and the flow", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await visit.answerBy(ringAll("6001"));
    await hall.seen.next("answered");
    await hall.phone.digits("1234");
    await seen.next("relay", (e) => "state" in e && e.state === "on");
    const digits = house.events.all
      .filter((e) => e.event === "dtmf")
      .map((e) => (e.payload as { digit: string }).digit);
    assert.deepEqual(digits, ["1", "2", "3", "4"]);
  });

  it("falls back to the bare digit where the bell refuses dtmf-relay", async () => {
    const { bell, seen } = await house.bell({ infoKinds: ["dtmf"] });
    await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await visit.answerBy(ringAll("6001"));
    assert.equal((await house.switchboard.open({ door: "front", by: "test" })).ok, true);
    await seen.next("relay");
  });

  it("opens for a visitor whom nobody has answered yet: the phones stop, the visit ends", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(ringAll("6001"));
    await hall.seen.next("ringing");
    const opening = await house.switchboard.open({ door: "front", by: "dashboard" });
    assert.equal(opening.ok, true);
    await seen.next("relay");
    const lost = await hall.seen.next("ended");
    assert.ok("elsewhere" in lost && lost.elsewhere);
    assert.equal((await outcome).result, "stopped");
    const { outcome: how, answeredBy, openings } = (await house.event("ended")).payload as VisitEnd;
    assert.deepEqual([how, answeredBy, openings], ["opened", "dashboard", 1]);
  });

  it("X5, X11 a preset of a user's own opens by HTTP before anybody answers, and the phones go on ringing", async () => {
    await house.close();
    const owner = { login: "app", password: new Secret("a password") };
    const device = await SimOpener.open({ make: "doorbird", owner, clock: systemClock });
    try {
      const own = JSON.stringify({ ...presetOf("doorbird"), id: "own" });
      const make = checkPreset(JSON.parse(own.replaceAll("http://{address}", `http://{address}:${device.port}`)));
      house = await House.open({ make, code: "" });
      const { bell } = await house.bell();
      const hall = await house.phone("6001");
      const visit = await house.pressed(bell);
      void visit.answerBy(ringAll("6001"));
      await hall.seen.next("ringing");
      const { ok, method, reason } = await house.switchboard.open({ door: "front", by: "dashboard" });
      assert.deepEqual([ok, method, device.moved], [true, "http", ["1"]], reason);
      device.lockedOut = true;
      const locked = await house.switchboard.open({ door: "front", by: "dashboard" });
      assert.match(locked.reason, /locked after too many wrong codes/);
      assert.equal(hall.seen.names().includes("ended"), false);
    } finally {
      await device.close();
    }
  });

  it("says why it cannot: no call, no such door", async () => {
    const without = await house.switchboard.open({ door: "front", by: "test" });
    assert.equal(without.ok, false);
    assert.match(without.reason, /no call with the door is up/);
    const unknown = await house.switchboard.open({ door: "back", by: "test" });
    assert.match(unknown.reason, /there is no door "back"/);
    assert.equal(house.openings.length, 2, "refusals are recorded too");
  });

  it("N7 a phone that calls a door which cannot be called is told so at once", async () => {
    await house.close();
    house = await House.open({ preset: "paxton" });
    const { seen: bell } = await house.bell();
    const { phone, seen } = await house.phone("6001");
    await phone.dial("8000");
    const end = await seen.next("ended");
    assert.deepEqual([end.event === "ended" && end.status, bell.names().includes("ringing")], [403, false]);
  });

  it("a phone that calls the door opens it by its digits", async () => {
    const { seen } = await house.bell();
    const hall = await house.phone("6001");
    await hall.phone.dial("8000");
    await hall.seen.next("answered");
    await hall.phone.digits("1234");
    await seen.next("relay", (e) => "state" in e && e.state === "on");
    const opening = await house.switchboard.open({ door: "front", by: "dashboard" });
    assert.equal(opening.ok, true, "the dashboard may use the phone's call");
  });
});

describe("a door's contact", () => {
  it("proves an opening, and stands in the view of its door", async () => {
    const house = await House.open();
    try {
      const { switchboard } = house;
      const told: DoorReport[] = [];
      switchboard.on("door-state", (report) => told.push(report));
      const { bell } = await house.bell();
      await house.phone("6001", { answerAfterMs: 0 });
      switchboard.setDoorState("front", { contact: "closed" }, "sensor");
      const visit = await house.pressed(bell);
      await visit.answerBy(ringAll("6001"));
      const { ok, id } = await switchboard.open({ door: "front", by: "dashboard" });
      switchboard.setDoorState("front", { contact: "open" }, "sensor");
      assert.deepEqual([ok, told.map(({ opening }) => opening)], [true, [undefined, id]]);
      assert.equal(switchboard.doors()[0]?.contact, "open");
      assert.throws(() => switchboard.setDoorState("back", { contact: "open" }, "sensor"), /there is no door "back"/);
    } finally {
      await house.close();
    }
  });
});
