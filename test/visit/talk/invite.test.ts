// N1: somebody more in a call that talks. On the network in memory.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Visit } from "../../../src/visit/visit.ts";
import { strategyOf } from "../../../src/visit/strategy.ts";
import { Desk, directionOf, sound, type Media } from "../desk.ts";

let desk: Desk;
beforeEach(async () => {
  desk = await Desk.open();
});
afterEach(() => desk.close());

const wish = (...targets: string[]) => ({ targets, seconds: 30 });
const invites = (visit: Visit, ...targets: string[]) => {
  const joined = visit.invite(wish(...targets));
  joined.catch(() => {});
  return joined;
};

/** A bell that talks with 6001 and 6002. */
async function three(media: Media = {}) {
  const third = await desk.phone("6002");
  const two = await desk.talking(media);
  const joined = invites(two.visit, "6002");
  await third.pickUp({}, "t3");
  return { ...two, third, joined };
}

describe("N1 a third party", () => {
  it("talks with the two as soon as it answers; nothing is asked of them for that", async () => {
    const { bell, phone, visit, joined } = await three();
    assert.equal(await joined, "6002");
    assert.deepEqual(desk.told("joined"), [{ by: "6002", members: ["6001", "6002"] }]);
    assert.deepEqual([visit.state, visit.view().answeredBy], ["talking", "6001"]);
    assert.deepEqual([bell.party.count("INVITE"), phone.party.count("INVITE")], [0, 1], "but for the call itself");
  });

  it("may go again, or stay with the visitor when the first one goes; the visit ends with the last", async () => {
    const { bell, phone, third, joined } = await three();
    await joined;
    await phone.send("BYE");
    assert.deepEqual(desk.told("left"), [{ by: "6001", members: ["6002"] }]);
    assert.deepEqual(desk.told("ended"), []);
    await third.send("BYE");
    await bell.hungUp();
    const { outcome, answeredBy, media } = await desk.ended();
    assert.deepEqual([outcome, answeredBy], ["answered", "6001"]);
    assert.ok(media?.door && media.answerer);
  });

  it("is hung up with the other one when the visitor leaves", async () => {
    const { bell, phone, third, joined } = await three();
    await joined;
    await bell.send("BYE");
    for (const each of [phone, third]) assert.match((await each.hungUp()).get("reason") ?? "", /Q\.850;cause=16/);
    assert.equal((await desk.ended()).outcome, "answered");
  });

  it("is hung up with everybody when the flow stops the visit", async () => {
    const { bell, phone, third, visit, joined } = await three();
    await joined;
    visit.stop();
    for (const each of [bell, phone, third]) await each.hungUp();
    assert.equal((await desk.ended()).outcome, "stopped");
  });

  it("may be followed by a fourth", async () => {
    const fourth = await desk.phone("6003");
    const { visit, joined } = await three();
    await joined;
    const more = invites(visit, "6003");
    await fourth.pickUp({}, "t4");
    assert.equal(await more, "6003");
    assert.deepEqual(desk.told("joined").at(-1), { by: "6003", members: ["6001", "6002", "6003"] });
  });

  for (const [how, status, why] of [
    ["declines", 603, /the visitor stays: 6002 declined/],
    ["is busy", 486, /6002 is busy/],
  ] as const)
    it(`that ${how} leaves the two as they were, and the flow has a sentence`, async () => {
      const third = await desk.phone("6002");
      const { bell, phone, visit } = await desk.talking();
      const joined = invites(visit, "6002");
      third.party.respond(await third.party.takeRequest("INVITE"), status, { tag: "t3" });
      await third.party.settle();
      await assert.rejects(joined, why);
      assert.deepEqual(desk.told("joined"), []);
      await phone.send("INFO", { body: ["application/dtmf-relay", "Signal=1\r\nDuration=100"] });
      await bell.party.takeRequest("INFO");
      assert.equal(visit.state, "talking");
    });

  it("is rung so long and no longer", async () => {
    const third = await desk.phone("6002");
    const { visit } = await desk.talking();
    const joined = invites(visit, "6002");
    third.party.respond(await third.party.takeRequest("INVITE"), 180, { tag: "t3" });
    await desk.clock.advance(30_000);
    await assert.rejects(joined, /6002 did not answer/);
    await third.party.takeRequest("CANCEL");
  });

  it("rings no more when the visitor has gone", async () => {
    const third = await desk.phone("6002");
    const { bell, phone, visit } = await desk.talking();
    const joined = invites(visit, "6002");
    third.party.respond(await third.party.takeRequest("INVITE"), 180, { tag: "t3" });
    await bell.send("BYE");
    await phone.hungUp();
    await third.party.takeRequest("CANCEL");
    await assert.rejects(joined, /the visit ended before anybody else had answered/);
  });

  it("is not asked where nobody talks: a sentence says so", async () => {
    const bell = desk.device("8000");
    await bell.dial("6001");
    await assert.rejects(
      desk.switchboard.lastVisit("front")?.invite(wish("6002")) ?? assert.fail(),
      /nobody talks with Front door just now/,
    );
  });

  it("N5 opens the door by its keys, once, as who answered does", async () => {
    const { bell, third, joined } = await three();
    await joined;
    await third.send("INFO", { body: ["application/dtmf-relay", "Signal=1\r\nDuration=100"] });
    const key = await bell.party.takeRequest("INFO");
    bell.party.respond(key, 200);
    assert.match(key.body.toString(), /Signal=1/);
    assert.deepEqual(desk.told("dtmf"), [
      { digit: "1", from: "answerer", member: "6002", by: "info", durationMs: 100 },
    ]);
    await desk.clock.advance(5_000);
    assert.equal(bell.party.count("INFO"), 1);
  });

  it("hears the visitor whom the other one has put on hold", async () => {
    const third = await desk.phone("6002");
    const { bell, phone, visit } = await desk.talking();
    const holding = phone.send("INVITE", { body: ["application/sdp", sound({ direction: "sendonly" })] });
    const held = await bell.accept({ direction: "recvonly" });
    assert.equal(directionOf(held), "sendonly");
    phone.party.ack(await holding, await phone.party.takeResponse(200));
    const joined = invites(visit, "6002");
    await third.pickUp({}, "t3");
    assert.equal(await joined, "6002");
    assert.equal(directionOf(await bell.accept()), "sendrecv", "the visitor is to speak again");
  });

  it("has two that talk Opus talk G.711 first", async () => {
    const third = await desk.phone("6002");
    const { bell, phone, visit } = await talkingOpus();
    const joined = invites(visit, "6002");
    await third.pickUp({ codecs: "96" }, "t3");
    for (const each of [third, phone, bell])
      assert.match((await each.accept()).body.toString(), /m=audio \d+ RTP\/AVP 8 0/);
    assert.equal(await joined, "6002");
  });

  it("is let go where one of the two cannot: they talk on as before", async () => {
    const third = await desk.phone("6002");
    const { bell, phone, visit } = await talkingOpus();
    const joined = invites(visit, "6002");
    await third.pickUp({ codecs: "96" }, "t3");
    await third.accept();
    await phone.accept();
    bell.party.respond(await bell.party.takeRequest("INVITE"), 488);
    const back = await phone.accept({ codecs: "96" });
    assert.match(back.body.toString(), /m=audio \d+ RTP\/AVP 96/);
    await assert.rejects(joined, /Front door does not talk PCMA, PCMU or G722, which a conference needs/);
    await third.hungUp();
    assert.deepEqual([visit.state, desk.told("joined").length], ["talking", 0]);
  });
});

/** As Desk.talking, in Opus. */
async function talkingOpus() {
  const phone = await desk.phone("6001");
  const bell = desk.device("8000");
  const invite = await bell.dial("6001", {}, { codecs: "96" });
  const visit = desk.switchboard.lastVisit("front") ?? assert.fail("no visit");
  void visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 60 }));
  await phone.pickUp({ codecs: "96" });
  await bell.answered(invite);
  assert.equal(visit.state, "talking");
  return { bell, phone, visit };
}
