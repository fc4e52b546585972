import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completedElsewhere } from "../../../src/sip/causes.ts";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import type { IncomingCall } from "../../../src/sip/dialog/incoming.ts";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import { house, last, type House } from "../house.ts";
import { sdp, type Party, type Wish } from "../party.ts";

interface Ringing extends House {
  bell: Party;
  invite: SipRequest;
  call: IncomingCall;
  ends: CallEnd[];
}

/** A bell's call that has come in and is not answered yet. */
async function ringing(wish: Wish = {}): Promise<Ringing> {
  const made = await house();
  const bell = made.party({ user: "8000" });
  const invite = await bell.authenticated("INVITE", "pw8000", {
    to: "777",
    body: ["application/sdp", sdp(4000)],
    ...wish,
  });
  const call = last(made.calls);
  const ends: CallEnd[] = [];
  call.on("ended", (end) => ends.push(end));
  return { ...made, bell, invite, call, ends };
}

/** The same, answered and acknowledged; `our` is our tag. */
async function talking(wish: Wish = {}): Promise<Ringing & { our: string }> {
  const made = await ringing(wish);
  made.call.answer(sdp(5000, "us"));
  const ok = await made.bell.takeResponse(200);
  made.bell.ack(made.invite, ok);
  await made.bell.settle();
  return { ...made, our: ok.toTag };
}

/** Nothing may be left of a call once the last timer has run. */
async function nothingLeft({ clock, endpoint }: House): Promise<void> {
  assert.equal(endpoint.calls, 0);
  await clock.advance(64_000);
  assert.equal(endpoint.transactions.size, 0);
  assert.equal(clock.pending, 0);
}

describe("a call to us, RFC 3261 §13.3", () => {
  it("is told 100 at once, then rings, talks and ends with our BYE", async () => {
    const made = await ringing();
    const { bell, call, ends, invite } = made;
    await bell.takeResponse(100);
    assert.deepEqual(
      [call.state, call.dialled, call.identity.extension, call.sdp],
      ["ringing", "777", "8000", sdp(4000)],
    );
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
    const bye = await bell.takeRequest("BYE");
    assert.equal(bye.uri, `sip:8000@${bell.host}:5060`);
    assert.deepEqual([bye.fromTag, bye.toTag], [ok.toTag, "ft"]);
    bell.respond(bye, 200);
    await bell.settle();
    await nothingLeft(made);
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

describe("requests inside a call", () => {
  it("N5 bring digits by INFO, both ways (RFC 6086)", async () => {
    const { bell, call, our } = await talking();
    const digits: string[] = [];
    call.on("info", (info) => {
      digits.push(`${info.contentType}: ${info.body}`);
      info.reply(200);
      info.reply(500);
    });
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 3, body: ["application/dtmf", "5"] }));
    await bell.takeResponse(200);
    assert.deepEqual(digits, ["application/dtmf: 5"]);
    const sent = call.info("application/dtmf-relay", "Signal=1\r\nDuration=160\r\n");
    const info = await bell.takeRequest("INFO");
    assert.equal(info.body.toString(), "Signal=1\r\nDuration=160\r\n");
    bell.respond(info, 200);
    await bell.settle();
    assert.equal(await sent, 200);
  });

  it("are 415 where nobody takes an INFO, and 200 for an empty one", async () => {
    const { bell, our } = await talking();
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 3, body: ["application/x", "5"] }));
    await bell.takeResponse(415);
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 4 }));
    await bell.takeResponse(200);
  });

  it("say 408 for an INFO that nobody answers, and the call is over", async () => {
    const { clock, call, ends } = await talking();
    const sent = call.info("application/dtmf", "1");
    await clock.advance(32_100);
    assert.equal(await sent, 408);
    // RFC 3261 §12.2.1.2: no answer at all, like 408 and 481, means that the dialog is lost.
    assert.equal(ends[0]?.by, "network");
  });

  it("say 481 for an INFO after the end", async () => {
    const { call } = await talking();
    call.hangUp();
    assert.equal(await call.info("application/dtmf", "1"), 481);
  });

  it("change what is talked by a new offer (§14.2), or refuse it and go on", async () => {
    const { bell, call, our } = await talking();
    const offers: (string | undefined)[] = [];
    call.on("reoffer", (offer) => {
      offers.push(offer.sdp);
      if (offers.length === 1) offer.answer(sdp(5002));
      else offer.reject(488);
    });
    const again = bell.request("INVITE", { to: "777", toTag: our, seq: 3, body: ["application/sdp", sdp(4004)] });
    bell.send(again);
    const ok = await bell.takeResponse(200);
    assert.equal(ok.body.toString(), sdp(5002));
    bell.ack(again, ok);
    const third = bell.request("INVITE", { to: "777", toTag: our, seq: 4, body: ["application/sdp", sdp(4006)] });
    bell.send(third);
    bell.ack(third, await bell.takeResponse(488));
    assert.deepEqual(offers, [sdp(4004), sdp(4006)]);
    assert.equal(call.state, "talking");
  });

  it("follow the peer's new Contact after a re-INVITE (§12.2.1.2)", async () => {
    const { bell, call, our } = await talking();
    call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    const again = bell.request("INVITE", {
      to: "777",
      toTag: our,
      seq: 3,
      headers: { Contact: "<sip:new@10.0.0.10>" },
    });
    bell.send(again);
    bell.ack(again, await bell.takeResponse(200));
    await bell.settle();
    call.hangUp();
    assert.equal((await bell.takeRequest("BYE")).uri, "sip:new@10.0.0.10");
  });

  it("tell a second re-INVITE to wait while the first is open (§14.2)", async () => {
    const { bell, call, our } = await talking();
    let offers = 0;
    call.on("reoffer", () => offers++);
    bell.send(bell.request("INVITE", { to: "777", toTag: our, seq: 3 }));
    await bell.takeResponse(100);
    bell.send(bell.request("INVITE", { to: "777", toTag: our, seq: 4 }));
    const wait = await bell.takeResponse(500);
    assert.ok(wait.number("retry-after") !== undefined);
    assert.equal(offers, 1);
  });

  it("are answered with 487 where a BYE comes while they are open (§15.1.2), and nothing is left", async () => {
    const made = await talking();
    const { bell, call, our } = made;
    let late: (() => void) | undefined;
    call.on("reoffer", (offer) => (late = () => offer.answer(sdp(1))));
    call.on("info", () => {});
    const again = bell.request("INVITE", { to: "777", toTag: our, seq: 3 });
    bell.send(again);
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 4, body: ["application/dtmf", "1"] }));
    await bell.settle();
    bell.send(bell.request("BYE", { to: "777", toTag: our, seq: 5 }));
    const responses = [await bell.takeResponse(487), await bell.takeResponse(487)];
    assert.deepEqual(responses.map((r) => r.cseq?.method).sort(), ["INFO", "INVITE"]);
    late?.();
    bell.ack(again, responses.find((r) => r.cseq?.method === "INVITE") ?? last(responses));
    await bell.settle();
    await nothingLeft(made);
  });

  it("leave nothing where the call is hung up while a re-INVITE waits for its ACK, which never comes", async () => {
    const made = await talking();
    const { bell, call, our, clock, ends } = made;
    call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    bell.send(bell.request("INVITE", { to: "777", toTag: our, seq: 3, body: ["application/sdp", sdp(4004)] }));
    await bell.takeResponse(200);
    call.hangUp();
    assert.equal(ends.length, 1);
    await clock.advance(32_000);
    bell.respond(await bell.takeRequest("BYE"), 200);
    await bell.settle();
    await nothingLeft(made);
  });

  it("do not throw when an INFO is answered after the endpoint has closed", async () => {
    const { bell, call, our, endpoint } = await talking();
    let reply: ((status: number) => void) | undefined;
    call.on("info", (info) => (reply = info.reply));
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 3, body: ["application/dtmf", "1"] }));
    await bell.settle();
    await endpoint.close();
    assert.ok(reply);
    reply(200);
  });

  it("are 405 for methods that are not offered, with Allow", async () => {
    const { bell, our } = await talking();
    bell.send(bell.request("UPDATE", { to: "777", toTag: our, seq: 3 }));
    assert.match((await bell.takeResponse(405)).get("allow") ?? "", /INVITE/);
  });
});
