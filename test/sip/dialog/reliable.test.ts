// Provisional responses that arrive: RFC 3262, both ways.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sdp } from "../party.ts";
import * as bells from "./bell.ts";
import * as phones from "./phone.ts";

const able = { headers: { Supported: "100rel" } };
const demanding = { headers: { Require: "100rel" } };

describe("a caller that can acknowledge, or demands to (RFC 3262 §3)", () => {
  for (const [how, wish] of [
    ["Supported", able],
    ["Require", demanding],
  ] as const)
    it(`hears the ringing again until its PRACK comes, and then no more (${how}: 100rel)`, async () => {
      const made = await bells.ringing(wish);
      const { bell, call, clock, invite } = made;
      call.ring();
      const ring = await bell.takeResponse(180);
      assert.equal(ring.get("require"), "100rel");
      await clock.advance(3_600);
      assert.equal(bell.count(180), 4, "after 0.5, 1.5 and 3.5 seconds");
      bell.send(prack(bell, ring, 3));
      assert.equal((await bell.takeResponse(200)).cseq?.method, "PRACK");
      await clock.advance(30_000);
      assert.equal(bell.count(180), 4);
      call.reject(486);
      bell.ack(invite, await bell.takeResponse(486));
      await bell.settle();
      await bells.nothingLeft(made);
    });

  it("is told the next thing when the one before has arrived, numbered one higher", async () => {
    const { bell, call } = await bells.ringing(able);
    call.ring(180);
    call.ring(183);
    const first = await bell.takeResponse(180);
    assert.equal(bell.count(183), 0);
    bell.send(prack(bell, first, 3));
    const second = await bell.takeResponse(183);
    assert.equal(second.number("rseq"), (first.number("rseq") ?? 0) + 1);
  });

  it("is refused a PRACK for nothing, for another INVITE, or a second time: 481", async () => {
    const { bell, call } = await bells.ringing(able);
    call.ring();
    const ring = await bell.takeResponse(180);
    const rseq = ring.number("rseq") ?? 0;
    let seq = 3;
    for (const rack of [`${rseq + 1} 2 INVITE`, `${rseq} 1 INVITE`, `${rseq} 2 BYE`, "", "x y z"]) {
      bell.send(bell.request("PRACK", { to: "777", toTag: ring.toTag, seq: seq++, headers: { RAck: rack } }));
      await bell.takeResponse(481);
    }
    bell.send(prack(bell, ring, seq++));
    await bell.takeResponse(200);
    bell.send(prack(bell, ring, seq));
    await bell.takeResponse(481);
  });

  it("is answered though its PRACK is still on the way, which is then known (§3)", async () => {
    const { bell, call, invite, clock } = await bells.ringing(able);
    call.ring();
    const ring = await bell.takeResponse(180);
    call.answer(sdp(5000));
    const ok = await bell.takeResponse(200);
    bell.send(prack(bell, ring, 3));
    await bell.settle();
    assert.equal(bell.count(481), 0);
    bell.ack(invite, ok);
    await clock.advance(10_000);
    assert.deepEqual([call.state, bell.count(180)], ["talking", 1]);
  });

  it("gets early media as an answer that stands: the 200 waits for the PRACK and brings none of its own", async () => {
    const made = await bells.ringing(able);
    const { bell, call, invite, clock } = made;
    call.ring(183, sdp(5000, "us"));
    const progress = await bell.takeResponse(183);
    assert.equal(progress.body.toString(), sdp(5000, "us"));
    call.answer(sdp(5000, "us"));
    await clock.advance(400);
    assert.deepEqual([bell.count(200), call.state], [0, "early"]);
    bell.send(prack(bell, progress, 3));
    await bell.settle();
    const answers = bell.heard.filter((m) => m.startLine.startsWith("SIP/2.0 200"));
    assert.deepEqual(
      answers.map((m) => [m.cseq?.method, m.body.length]),
      [
        ["PRACK", 0],
        ["INVITE", 0],
      ],
    );
    assert.equal(call.state, "talking");
    bell.inbox = bell.inbox.filter((m) => m.cseq?.method === "INVITE");
    bell.ack(invite, await bell.takeResponse(200));
    call.hangUp();
    bell.respond(await bell.takeRequest("BYE"), 200);
    await bell.settle();
    await bells.nothingLeft(made);
  });

  it("is answered in the 200 where the early media still waited behind a ringing that is not acknowledged", async () => {
    const { bell, call, invite } = await bells.ringing(able);
    call.ring();
    const ring = await bell.takeResponse(180);
    call.ring(183, sdp(5000, "us"));
    call.answer(sdp(5000, "us"));
    const ok = await bell.takeResponse(200);
    assert.deepEqual([bell.count(183), ok.body.toString()], [0, sdp(5000, "us")]);
    bell.send(prack(bell, ring, 3));
    bell.ack(invite, ok);
    await bell.settle();
    assert.deepEqual([call.state, bell.count(481)], ["talking", 0]);
  });

  it("may give up while the 200 waits, and nothing is left", async () => {
    const made = await bells.ringing(able);
    const { bell, call, invite } = made;
    call.ring(183, sdp(5000));
    call.answer(sdp(5000));
    bell.send(bell.request("CANCEL", { to: "777", via: invite.get("via") ?? "", seq: 2 }));
    bell.ack(invite, await bell.takeResponse(487));
    await bell.settle();
    assert.equal(made.ends[0]?.text, "the caller gave up");
    await bells.nothingLeft(made);
  });

  it("sends no offer: ours goes with the ringing, and its answer comes in the PRACK (§5)", async () => {
    const { bell, call } = await bells.ringing({ ...able, body: ["application/sdp", ""] });
    const answers: string[] = [];
    call.on("acknowledged", (answer) => answers.push(answer));
    call.ring();
    assert.equal((await bell.takeResponse(180)).get("require"), undefined, "without an offer of ours it may not be");
    call.ring(183, sdp(5000));
    const progress = await bell.takeResponse(183);
    const acknowledged = prack(bell, progress, 3).setBody("application/sdp", sdp(4002));
    bell.send(acknowledged);
    await bell.takeResponse(200);
    assert.deepEqual(answers, [sdp(4002)]);
    call.answer(sdp(5000));
    assert.equal((await bell.takeResponse(200)).body.length, 0);
  });

  it("may offer something new in its PRACK, answered in the 200 (§5)", async () => {
    const { bell, call } = await bells.ringing(able);
    call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    call.ring(183, sdp(5000));
    const progress = await bell.takeResponse(183);
    bell.send(prack(bell, progress, 3).setBody("application/sdp", sdp(4002)));
    assert.equal((await bell.takeResponse(200)).body.toString(), sdp(5002));
  });

  it("that never acknowledges is refused where it demanded it, and a visitor all the same where it did not", async () => {
    const demanded = await bells.ringing(demanding);
    demanded.call.ring();
    await demanded.clock.advance(32_000);
    demanded.bell.ack(demanded.invite, await demanded.bell.takeResponse(504));
    await demanded.bell.settle();
    assert.equal(demanded.ends[0]?.status, 504);
    await bells.nothingLeft(demanded);

    const { bell, call, clock, invite } = await bells.ringing(able);
    call.ring(183, sdp(5000));
    call.answer(sdp(5000));
    await clock.advance(32_000);
    assert.equal(call.state, "talking");
    bell.ack(invite, await bell.takeResponse(200));
  });

  it("hears plain ringing where that is switched off and it does not insist", async () => {
    const calls = { reliable: false };
    const { bell, call } = await bells.ringing(able, { calls });
    call.ring();
    assert.equal((await bell.takeResponse(180)).get("require"), undefined);
    const insisting = await bells.ringing(demanding, { calls });
    insisting.call.ring();
    assert.equal((await insisting.bell.takeResponse(180)).get("require"), "100rel");
  });
});

describe("a phone that rings reliably (RFC 3262 §4)", () => {
  const reliable = (rseq: number): { headers: [string, string][] } => ({
    headers: [
      ["Require", "100rel"],
      ["RSeq", String(rseq)],
    ],
  });

  it("gets a PRACK for each new response, in their order, and none for a repeated one or one too early", async () => {
    const made = await phones.calling();
    const { phone, invite, call, clock } = made;
    assert.match(invite.get("supported") ?? "", /100rel/);
    const early: number[] = [];
    call.on("early", ({ status }) => early.push(status));
    phone.respond(invite, 180, reliable(7));
    const first = await phone.takeRequest("PRACK");
    assert.deepEqual([first.get("rack"), first.get("cseq"), first.toTag], ["7 1 INVITE", "2 PRACK", "tt"]);
    phone.respond(first, 200);
    phone.respond(invite, 180, reliable(7));
    phone.respond(invite, 183, reliable(9));
    await phone.settle();
    assert.equal(phone.count("PRACK"), 1);
    phone.respond(invite, 183, reliable(8));
    phone.respond(await phone.takeRequest("PRACK"), 200);
    assert.deepEqual(early, [180, 183]);
    phone.respond(invite, 200, { sdp: sdp(4000) });
    await phone.takeRequest("ACK");
    call.hangUp();
    const bye = await phone.takeRequest("BYE");
    assert.equal(bye.get("cseq"), "4 BYE");
    phone.respond(bye, 200);
    await clock.advance(10);
    await phones.nothingLeft(made);
  });

  it("may answer so: that answer stands, whatever the 200 says (RFC 3261 §13.2.1)", async () => {
    const { phone, invite, answers } = await phones.calling();
    phone.respond(invite, 183, { ...reliable(1), sdp: sdp(4000) });
    phone.respond(await phone.takeRequest("PRACK"), 200);
    phone.respond(invite, 200, { sdp: sdp(4444) });
    await phone.takeRequest("ACK");
    assert.deepEqual(answers, [sdp(4000)]);
  });

  it("gets its PRACK again until that is answered, but no other harm where it never is", async () => {
    const made = await phones.calling();
    const { phone, invite, call, clock } = made;
    phone.respond(invite, 180, reliable(1));
    await clock.advance(33_000);
    assert.equal(phone.count("PRACK"), 11);
    assert.equal(call.state, "early");
    phone.respond(invite, 486);
    await phone.takeRequest("ACK");
    await phones.nothingLeft(made);
  });

  it("may be several behind a proxy, each with numbers of its own", async () => {
    const { phone, invite } = await phones.calling();
    phone.respond(invite, 180, { ...reliable(5), tag: "one" });
    phone.respond(invite, 180, { ...reliable(1), tag: "two" });
    await phone.settle();
    const pracks = [await phone.takeRequest("PRACK"), await phone.takeRequest("PRACK")];
    assert.deepEqual(
      pracks.map((p) => [p.toTag, p.get("rack")]),
      [
        ["one", "5 1 INVITE"],
        ["two", "1 1 INVITE"],
      ],
    );
  });

  it("is not told of a branch that is over elsewhere: 199 (RFC 6228)", async () => {
    const { phone, invite, call } = await phones.calling();
    phone.respond(invite, 199);
    await phone.settle();
    assert.equal(call.state, "ringing");
  });

  it("is not invited to where that is switched off", async () => {
    const { invite } = await phones.calling("UDP", { calls: { reliable: false } });
    assert.doesNotMatch(invite.get("supported") ?? "", /100rel/);
  });

  it("cannot end by BYE what is not confirmed (RFC 3261 §15)", async () => {
    const { phone, invite, call } = await phones.calling();
    phone.respond(invite, 180, reliable(1));
    await phone.takeRequest("PRACK");
    const bye = { to: "8000", callId: invite.callId, fromTag: "tt", toTag: invite.fromTag, seq: 5 };
    phone.send(phone.request("BYE", bye));
    await phone.takeResponse(481);
    assert.equal(call.state, "early");
  });
});

function prack(
  bell: bells.Ringing["bell"],
  to: { number(key: string): number | undefined; toTag: string },
  seq: number,
) {
  const rack = `${to.number("rseq") ?? 0} 2 INVITE`;
  return bell.request("PRACK", { to: "777", toTag: to.toTag, seq, headers: { RAck: rack } });
}
