import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completedElsewhere } from "../../../src/sip/causes.ts";
import { house, last } from "../house.ts";
import { sdp } from "../party.ts";
import { nothingLeft, ringing, talking } from "./bell.ts";

describe("a call to us, RFC 3261 §13.3", () => {
  it("is told 100 at once, then rings, talks and ends with our BYE", async () => {
    const made = await ringing();
    const { bell, call, ends, invite } = made;
    await bell.takeResponse(100);
    assert.deepEqual([call.state, call.dialled, call.caller.number, call.sdp], ["ringing", "777", "8000", sdp(4000)]);
    call.ring();
    const ring = await bell.takeResponse(180);
    assert.equal(call.state, "early");
    call.answer(sdp(5000, "us"));
    const ok = await bell.takeResponse(200);
    assert.equal(ok.body.toString(), sdp(5000, "us"));
    assert.equal(ok.contact?.uri, "sip:777@10.0.0.1:5060");
    assert.equal(ok.toTag, ring.toTag);
    bell.ack(invite, ok);
    await bell.settle();
    call.hangUp();
    assert.deepEqual(ends, [{ by: "local", cause: 16, text: "hung up" }]);
    assert.deepEqual(call.eventNames(), [], "the transactions that outlive it keep nobody who listened");
    const bye = await bell.takeRequest("BYE");
    assert.equal(bye.uri, `sip:8000@${bell.host}:5060`);
    assert.deepEqual([bye.fromTag, bye.toTag], [ok.toTag, "ft"]);
    bell.respond(bye, 200);
    await bell.settle();
    await nothingLeft(made);
  });

  it("is told no 100 where it is told in the same turn that it rings, or is refused (§17.2.1)", async () => {
    const made = await house();
    made.endpoint.on("call", (call) => (call.dialled === "777" ? call.ring() : call.reject(486)));
    for (const [to, status] of [["777", 180] as const, ["778", 486] as const]) {
      const bell = made.party({ user: "8000" });
      const wish = { to, callId: to, body: ["application/sdp", sdp(4000)] as const };
      const invite = await bell.authenticated("INVITE", "pw8000", wish);
      assert.deepEqual([bell.count(status), bell.count(100)], [1, 0]);
      bell.send(invite);
      await bell.settle();
      assert.deepEqual([bell.count(status), bell.count(100)], [2, 0], "sent again, it gets the same");
    }
  });

  it("repeats its 2xx until the ACK comes, on TCP too (§13.3.1.4)", async () => {
    const made = await house();
    const bell = made.party({ user: "8000", transport: "TCP" });
    const invite = await bell.authenticated("INVITE", "pw8000", { to: "777" });
    const call = last(made.calls);
    call.answer(sdp(5000));
    await made.clock.advance(4_000);
    assert.equal(bell.count(200), 4);
    bell.ack(invite, await bell.takeResponse(200));
    await made.clock.advance(10_000);
    assert.equal(bell.count(200), 4);
    call.hangUp();
    bell.respond(await bell.takeRequest("BYE"), 200);
    await bell.settle();
    await nothingLeft(made);
  });

  it("ends with BYE when the ACK never comes", async () => {
    const made = await ringing();
    const { bell, call, ends, clock } = made;
    call.answer(sdp(5000));
    await clock.advance(31_600);
    assert.deepEqual([bell.count(200), bell.count("BYE"), ends.length], [11, 0, 0]);
    await clock.advance(500);
    assert.equal(ends[0]?.by, "network");
    bell.respond(await bell.takeRequest("BYE"), 200);
    await bell.settle();
    await nothingLeft(made);
  });

  it("keeps a BYE back until its 2xx is acknowledged (§15)", async () => {
    const made = await ringing();
    const { bell, call, invite } = made;
    call.answer(sdp(5000));
    const ok = await bell.takeResponse(200);
    call.hangUp(completedElsewhere);
    await bell.settle(100);
    assert.equal(bell.count("BYE"), 0);
    bell.ack(invite, ok);
    const bye = await bell.takeRequest("BYE");
    assert.equal(bye.get("reason"), completedElsewhere);
    bell.respond(bye, 200);
    await bell.settle();
    await nothingLeft(made);
  });

  it("stops repeating its 2xx when the caller's BYE comes instead of the ACK", async () => {
    const made = await ringing();
    const { bell, call, ends, clock } = made;
    call.answer(sdp(5000));
    const ok = await bell.takeResponse(200);
    bell.send(bell.request("BYE", { to: "777", toTag: ok.toTag, seq: 3 }));
    await bell.settle();
    assert.equal(bell.count(200), 2, "the 2xx and the answer to the BYE");
    assert.deepEqual(ends, [{ by: "remote", cause: 16, text: "hung up" }]);
    await clock.advance(40_000);
    assert.deepEqual([bell.count(200), bell.count("BYE")], [2, 0]);
    await nothingLeft(made);
  });

  it("answers the caller's BYE that crosses ours with 200", async () => {
    const made = await talking();
    const { bell, call, our } = made;
    call.hangUp();
    bell.send(bell.request("BYE", { to: "777", toTag: our, seq: 3 }));
    const ours = await bell.takeRequest("BYE");
    await bell.takeResponse(200);
    bell.respond(ours, 481);
    await bell.settle();
    await nothingLeft(made);
  });

  it("is refused with the status that was asked for, and is over", async () => {
    const made = await ringing();
    const { bell, call, invite, ends } = made;
    call.reject(486);
    bell.ack(invite, await bell.takeResponse(486));
    assert.deepEqual(ends, [{ by: "local", status: 486, cause: 17, text: "Busy Here" }]);
    call.answer(sdp(5000));
    call.ring();
    call.reject(603);
    call.hangUp();
    await bell.settle();
    assert.deepEqual([bell.count(200), bell.count(603)], [0, 0]);
    await nothingLeft(made);
  });

  it("is refused with 480 when hung up while it rings", async () => {
    const made = await ringing();
    made.call.ring();
    made.call.hangUp();
    made.bell.ack(made.invite, await made.bell.takeResponse(480));
    await made.bell.settle();
    await nothingLeft(made);
  });

  it("keeps ringing with a 180 each minute, or a proxy would give it up (§13.3.1.1)", async () => {
    const { bell, call, clock } = await ringing();
    call.ring();
    await clock.advance(200_000);
    assert.equal(bell.count(180), 4);
    call.reject(480);
    await clock.advance(200_000);
    assert.equal(bell.count(180), 4);
  });

  it("is over when the caller cancels, and says 487 (§9.2)", async () => {
    const made = await ringing();
    const { bell, call, invite, ends } = made;
    call.ring();
    const cancel = bell.request("CANCEL", { to: "777", via: invite.get("via") ?? "", seq: 2 });
    bell.send(cancel);
    await bell.takeResponse(200);
    bell.ack(invite, await bell.takeResponse(487));
    assert.deepEqual(ends, [{ by: "remote", status: 487, cause: 16, text: "the caller gave up" }]);
    await bell.settle();
    await nothingLeft(made);
  });

  it("X4 knows from the CANCEL's Reason that it was answered elsewhere", async () => {
    const { bell, call, invite, ends } = await ringing();
    call.ring();
    bell.send(
      bell.request("CANCEL", {
        ...{ to: "777", via: invite.get("via") ?? "", seq: 2 },
        headers: { Reason: completedElsewhere },
      }),
    );
    await bell.settle();
    assert.equal(ends[0]?.text, "answered elsewhere");
  });

  it("ends where the ACK brings no answer to our offer: nobody could ever hear anything (§13.2.1)", async () => {
    const made = await house();
    const bell = made.party({ user: "8000" });
    const invite = await bell.authenticated("INVITE", "pw8000", { to: "777" });
    const call = last(made.calls);
    call.answer(sdp(5000));
    bell.ack(invite, await bell.takeResponse(200));
    bell.respond(await bell.takeRequest("BYE"), 200);
    assert.deepEqual([call.end?.by, call.end?.text], ["network", "the other side did not say how it takes the sound"]);
    await bell.settle();
    await nothingLeft(made);
  });

  it("gives our offer in the 2xx where the caller sent none, and tells its answer from the ACK", async () => {
    const made = await ringing({ body: ["application/sdp", ""] });
    const { bell, call, invite } = made;
    const answers: string[] = [];
    call.on("acknowledged", (answer) => answers.push(answer));
    assert.equal(call.sdp, undefined);
    call.answer(sdp(5000, "us"));
    bell.ack(invite, await bell.takeResponse(200), ["application/sdp", sdp(4002)]);
    await bell.settle();
    assert.deepEqual(answers, [sdp(4002)]);
  });

  it("goes back the way of its Record-Route, and repeats it in its answers (§12.1.1)", async () => {
    const made = await ringing({ headers: { "Record-Route": "<sip:p2.example;lr>, <sip:p1.example;lr>" } });
    const { bell, call, invite } = made;
    call.answer(sdp(5000));
    const ok = await bell.takeResponse(200);
    assert.deepEqual(ok.list("record-route"), ["<sip:p2.example;lr>", "<sip:p1.example;lr>"]);
    bell.ack(invite, ok);
    await bell.settle();
    call.hangUp();
    const bye = await bell.takeRequest("BYE");
    assert.deepEqual(bye.list("route"), ["<sip:p2.example;lr>", "<sip:p1.example;lr>"]);
  });

  it("is found by call, tags and order only: 481 for a wrong tag, 500 for an old CSeq (§12.2.2)", async () => {
    const { bell, our, call } = await talking();
    bell.send(bell.request("BYE", { to: "777", toTag: "wrong", seq: 9 }));
    await bell.takeResponse(481);
    bell.send(bell.request("BYE", { to: "777", toTag: our, fromTag: "wrong", seq: 9 }));
    await bell.takeResponse(481);
    bell.send(bell.request("BYE", { to: "777", toTag: our, seq: 1 }));
    await bell.takeResponse(500);
    assert.equal(call.state, "talking");
  });

  it("takes the cause from a BYE with a Q.850 Reason", async () => {
    const { bell, our, ends } = await talking();
    bell.send(bell.request("BYE", { to: "777", toTag: our, seq: 3, headers: { Reason: "Q.850;cause=21" } }));
    await bell.takeResponse(200);
    assert.equal(ends[0]?.cause, 21);
  });

  it("keeps its tags apart from what a display name may hold", async () => {
    const { bell, call } = await talking({ from: '"Bell ;tag=none" <sip:8000@10.0.0.1;tag=uri>' });
    call.hangUp();
    const bye = await bell.takeRequest("BYE");
    assert.equal(bye.get("to"), '"Bell ;tag=none" <sip:8000@10.0.0.1;tag=uri>;tag=ft');
  });
});
