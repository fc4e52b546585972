import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Secret } from "../../src/secret.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import type { VisitEnd } from "../../src/visit/messages.ts";
import { House } from "./house.ts";
import { ringAll } from "./ring-all.ts";

const secret = new Secret("a password");

describe("a visit", () => {
  let house: House;
  beforeEach(async () => {
    house = await House.open();
  });
  afterEach(() => house.close());

  it("H5 is answered by the first phone; the other stops and is told that it was answered elsewhere (X4)", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const kitchen = await house.phone("6002");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(ringAll("6001", "6002"));
    await hall.seen.next("ringing");
    await kitchen.seen.next("ringing");
    await kitchen.phone.answer();
    const { result, by, parties } = await outcome;
    assert.deepEqual([result, by], ["answered", "6002"]);
    assert.deepEqual(parties.map((p) => [p.target, p.result]).sort(), [
      ["6001", "cancelled"],
      ["6002", "answered"],
    ]);
    const lost = await hall.seen.next("ended");
    assert.ok("elsewhere" in lost && lost.elsewhere);
    await seen.next("answered");
    await kitchen.phone.hangUp();
    const ended = await house.event("ended");
    const { outcome: how, answeredBy } = ended.payload as VisitEnd;
    assert.deepEqual([how, answeredBy, ended.visit.state], ["answered", "6002", "ended"]);
    await seen.next("ended");
  });

  it("P9 both hear each other through the relay", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await visit.answerBy(ringAll("6001"));
    const atPhone = await hall.seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - 440) < 20);
    const atBell = await seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - 880) < 20);
    assert.ok("level" in atPhone && atPhone.level > -30);
    assert.ok("level" in atBell && atBell.level > -30);
  });

  it("H4 rings every device of an extension", async () => {
    const { bell } = await house.bell();
    const one = await house.phone("6001");
    const two = await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(ringAll("6001"));
    await Promise.all([one.seen.next("ringing"), two.seen.next("ringing")]);
    await bell.hangUp();
    assert.equal((await outcome).result, "cancelled");
  });

  it("X4 a visitor who gives up cancels without claiming an answer elsewhere", async () => {
    const { bell } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(ringAll("6001"));
    await hall.seen.next("ringing");
    await bell.hangUp();
    const lost = await hall.seen.next("ended");
    assert.ok("elsewhere" in lost && !lost.elsewhere);
    assert.equal((await outcome).result, "cancelled");
    assert.equal(((await house.event("ended")).payload as VisitEnd).outcome, "cancelled");
  });

  it("H6 says at once that a target is not registered", async () => {
    const { bell } = await house.bell();
    house.switchboard.addExtension({ extension: "6001", name: "Hall", password: secret }, "Hall");
    const visit = await house.pressed(bell);
    const outcome = await visit.answerBy(ringAll("6001"));
    assert.equal(outcome.result, "unregistered");
    assert.deepEqual(outcome.parties, [{ target: "6001", try: 1, result: "unregistered", cause: 20 }]);
    assert.equal(visit.state, "ringing", "the flow may try something else");
  });

  it("tells a number that does not exist, a busy phone and one that declines", async () => {
    const { bell } = await house.bell();
    await house.phone("6001", { behaviour: "busy" });
    await house.phone("6002", { behaviour: "decline" });
    const visit = await house.pressed(bell);
    const { result, parties } = await visit.answerBy(ringAll("6001", "6002", "4711"));
    assert.equal(result, "rejected");
    const found = parties.map((p) => `${p.target} ${p.result} ${p.cause}`).sort();
    assert.deepEqual(found, ["4711 unreachable 1", "6001 busy 17", "6002 rejected 21"]);
  });

  it("A5 a phone that does not want to be disturbed counts as busy and does not ring", async () => {
    const { bell } = await house.bell();
    const hall = await house.phone("6001");
    house.switchboard.directory.setDnd("6001", true);
    const visit = await house.pressed(bell);
    assert.equal((await visit.answerBy(ringAll("6001"))).result, "busy");
    assert.ok(!hall.seen.names().includes("ringing"));
  });

  it("A5 a door that is to disturb nobody is heard by the flow, but rings no phone", async () => {
    const { bell } = await house.bell();
    const hall = await house.phone("6001");
    house.switchboard.setQuiet("front", true);
    const visit = await house.pressed(bell);
    assert.equal((await visit.answerBy(ringAll("6001"))).result, "busy");
    assert.ok(!hall.seen.names().includes("ringing"));
    house.switchboard.setQuiet("front", false);
    const outcome = visit.answerBy(ringAll("6001"));
    await hall.seen.next("ringing");
    visit.stop();
    assert.equal((await outcome).result, "stopped");
  });

  it("X1 a phone that registers while another one rings is rung too", async () => {
    const { bell } = await house.bell();
    const hall = await house.phone("6001");
    house.switchboard.addExtension({ extension: "6002", name: "Late", password: secret }, "Late");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(ringAll("6001", "6002"));
    await hall.seen.next("ringing");
    const late = await house.phone("6002", { answerAfterMs: 0 });
    assert.equal((await outcome).by, "6002");
    await late.seen.next("answered");
  });

  it("H12 a redial loop that waits goes on at once when a target registers", async () => {
    const { bell } = await house.bell();
    house.switchboard.addExtension({ extension: "6001", name: "Sleeper", password: secret }, "Sleeper");
    const visit = await house.pressed(bell);
    const strategy = strategyOf({ strategy: "redial", targets: ["6001"], waitSeconds: 3600, maxMinutes: 200 });
    const tries = new EventEmitter();
    const outcome = visit.answerBy(strategy, { onTry: () => tries.emit("over") });
    await once(tries, "over");
    await house.phone("6001", { answerAfterMs: 0 });
    const result = await outcome;
    assert.deepEqual([result.by, result.tries], ["6001", 2]);
  });

  it("H18 ends on an explicit stop from the flow", async () => {
    const { bell, seen } = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    const outcome = visit.answerBy(strategyOf({ strategy: "redial", targets: ["6001"] }));
    await hall.seen.next("ringing");
    visit.stop();
    assert.equal((await outcome).result, "stopped");
    await Promise.all([hall.seen.next("ended"), seen.next("ended")]);
    assert.equal(((await house.event("ended")).payload as VisitEnd).outcome, "stopped");
  });

  it("a strategy that is stopped leaves the visit to the next one", async () => {
    const { bell } = await house.bell();
    const hall = await house.phone("6001");
    await house.phone("6002", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    const stop = new AbortController();
    const first = visit.answerBy(ringAll("6001"), { signal: stop.signal });
    await hall.seen.next("ringing");
    stop.abort();
    assert.equal((await first).result, "stopped");
    assert.equal((await visit.answerBy(ringAll("6002"))).by, "6002");
    assert.equal(visit.view().attempt, 2);
  });

  it("X1 calls that bounce from one press are one visit", async () => {
    const { bell } = await house.bell();
    const again = await house.bell({ port: 0 });
    await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await again.bell.press();
    await again.seen.next("ringing");
    await visit.answerBy(ringAll("6001"));
    await again.seen.next("ended");
    assert.equal(house.events.names().filter((name) => name === "ring").length, 1);
    assert.equal(visit.state, "talking");
  });

  it("X1 goes on with the second call when the bell drops the first", async () => {
    const { bell } = await house.bell();
    const again = await house.bell();
    const hall = await house.phone("6001");
    const visit = await house.pressed(bell);
    await again.bell.press();
    await again.seen.next("ringing");
    const outcome = visit.answerBy(ringAll("6001"));
    await hall.seen.next("ringing");
    await bell.hangUp();
    await hall.phone.answer();
    assert.equal((await outcome).by, "6001");
    await again.seen.next("answered");
    await again.seen.next("audio", (e) => "frequency" in e && Math.abs(e.frequency - 880) < 20);
  });

  it("X3 the ring leaves though the camera never answers", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const other = await House.open({ imageUrl: `http://admin:geheim@127.0.0.1:${port}/snapshot.jpg` });
    try {
      const { bell } = await other.bell();
      await other.phone("6001", { answerAfterMs: 0 });
      const visit = await other.pressed(bell);
      assert.equal((await visit.answerBy(ringAll("6001"))).result, "answered");
      assert.deepEqual(other.events.names(), ["ring", "trying", "answered"]);
      assert.ok(visit.picture, "the picture was asked for");
    } finally {
      await other.close();
      silent.closeAllConnections();
      silent.close();
    }
    assert.ok(!JSON.stringify([other.events.all, other.logged]).includes("geheim"), "P7");
  });

  it("X3 the picture follows with the same visit", async () => {
    const other = await House.open({ preset: "simulated" });
    try {
      const { bell } = await other.bell();
      const visit = await other.pressed(bell);
      const snapshot = await other.events.next("snapshot");
      assert.equal(snapshot.visit.id, visit.id);
      assert.equal((snapshot.payload as { width: number }).width, 640);
      assert.equal(await other.switchboard.snapshot("front").then((p) => p.height), 480);
    } finally {
      await other.close();
    }
  });
});
