// A9: the session timer of RFC 4028 finds calls whose BYE was lost.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SipRequest, SipResponse } from "../../../src/sip/message/message.ts";
import { house } from "../house.ts";
import { sdp } from "../party.ts";
import * as bells from "./bell.ts";
import * as phones from "./phone.ts";

const timed = { calls: { sessionExpires: 1800 } };
const expires = (message: SipRequest | SipResponse) => message.get("session-expires");
const able = (seconds: string) => ({ headers: { Supported: "timer", "Session-Expires": seconds } });

describe("A9 a session timer asked of us (RFC 4028 §9)", () => {
  for (const [what, headers, settings, answer, require] of [
    ["none where nobody wants one", {}, {}, undefined, undefined],
    ["none where the bell only could", { Supported: "timer" }, {}, undefined, undefined],
    ["the bell's own", { Supported: "timer", "Session-Expires": "600" }, {}, "600;refresher=uac", "timer"],
    [
      "the bell's, refreshed by us where it says so",
      { Supported: "timer", "Session-Expires": "600;refresher=uas" },
      {},
      "600;refresher=uas",
      undefined,
    ],
    [
      "ours where it is shorter",
      { Supported: "timer", "Session-Expires": "3600" },
      { sessionExpires: 1800 },
      "1800;refresher=uac",
      "timer",
    ],
    [
      "not below the bell's least",
      { Supported: "timer", "Session-Expires": "3600", "Min-SE": "2000" },
      { sessionExpires: 1800 },
      "2000;refresher=uac",
      "timer",
    ],
    ["ours, by us, where the bell knows none", {}, { sessionExpires: 1800 }, "1800;refresher=uas", undefined],
    [
      "ours, by the side that the settings name",
      { Supported: "timer" },
      { sessionExpires: 1800, refresher: "uas" },
      "1800;refresher=uas",
      undefined,
    ],
    ["none that is too short from who cannot be told", { "Session-Expires": "60" }, {}, undefined, undefined],
  ] as const)
    it(`is ${what}`, async () => {
      const { bell, call } = await bells.ringing({ headers }, { calls: settings });
      call.answer(sdp(5000));
      const ok = await bell.takeResponse(200);
      assert.deepEqual([expires(ok), ok.get("require")], [answer, require]);
    });

  it("is refused with 422 and our least where it is too short", async () => {
    const { party, calls, endpoint, clock } = await house();
    const bell = party({ user: "8000" });
    const invite = await bell.authenticated("INVITE", "pw8000", { to: "777", ...able("60") });
    const refusal = await bell.takeResponse(422);
    bell.ack(invite, refusal);
    assert.equal(refusal.get("min-se"), "90");
    assert.deepEqual([calls.length, endpoint.calls], [0, 0]);
    await clock.advance(64_000);
    assert.equal(endpoint.transactions.size, 0);
  });

  it("ends a call that the bell no longer refreshes, a third before the time is up", async () => {
    const made = await bells.talking(able("90"));
    const { bell, clock, ends } = made;
    await clock.advance(59_900);
    assert.equal(ends.length, 0);
    await clock.advance(200);
    assert.deepEqual([ends[0]?.by, ends[0]?.cause], ["network", 102]);
    bell.respond(await bell.takeRequest("BYE"), 481);
    await bell.settle();
    await bells.nothingLeft(made);
  });

  it("begins anew with each UPDATE or re-INVITE of the bell", async () => {
    const { bell, clock, call, our } = await bells.talking(able("90"));
    call.on("reoffer", (offer) => offer.answer(sdp(5000)));
    await clock.advance(50_000);
    bell.send(bell.request("UPDATE", { to: "777", toTag: our, seq: 3, ...able("90;refresher=uac") }));
    assert.equal(expires(await bell.takeResponse(200)), "90;refresher=uac");
    await clock.advance(50_000);
    const again = bell.request("INVITE", {
      ...{ to: "777", toTag: our, seq: 4, body: ["application/sdp", sdp(4000)] as const },
      ...able("90;refresher=uac"),
    });
    bell.send(again);
    const ok = await bell.takeResponse(200);
    assert.equal(expires(ok), "90;refresher=uac");
    bell.ack(again, ok);
    await clock.advance(59_000);
    assert.equal(call.state, "talking");
    await clock.advance(2_000);
    assert.equal(call.state, "ended");
  });

  it("is refused with 422 in an UPDATE too, and the call goes on", async () => {
    const { bell, call, our } = await bells.talking();
    bell.send(bell.request("UPDATE", { to: "777", toTag: our, seq: 3, ...able("30") }));
    assert.equal((await bell.takeResponse(422)).get("min-se"), "90");
    assert.equal(call.state, "talking");
  });

  it("is kept by us where it is ours to keep: UPDATE where the bell takes that", async () => {
    const { bell, clock, call } = await bells.talking({
      headers: { Supported: "timer", "Session-Expires": "600;refresher=uas", Allow: "INVITE, ACK, BYE, UPDATE" },
    });
    await clock.advance(300_100);
    const update = await bell.takeRequest("UPDATE");
    assert.deepEqual([expires(update), update.body.length], ["600;refresher=uac", 0]);
    bell.respond(update, 200, { headers: [["Session-Expires", "600;refresher=uac"]] });
    await clock.advance(300_100);
    bell.respond(await bell.takeRequest("UPDATE"), 200, { headers: [["Session-Expires", "600;refresher=uac"]] });
    await clock.advance(200_000);
    assert.equal(call.state, "talking");
  });

  it("is kept by one refresh, however many fell due while an offer of the bell was not answered", async () => {
    const timer = { Supported: "timer", "Session-Expires": "600;refresher=uas" };
    const headers = { ...timer, Allow: "INVITE, ACK, BYE, UPDATE" };
    const { bell, clock, call, our } = await bells.talking({ headers });
    const held: (() => void)[] = [];
    call.on("reoffer", (offer) => held.push(() => offer.answer(sdp(5000))));
    const again = bell.request("INVITE", { to: "777", toTag: our, seq: 3, body: ["application/sdp", sdp(4000)] });
    bell.send(again);
    await clock.advance(300_100);
    bell.send(bell.request("UPDATE", { to: "777", toTag: our, seq: 4, headers: timer }));
    await bell.takeResponse(200);
    await clock.advance(300_100);
    assert.equal(bell.count("UPDATE"), 0);
    held.shift()?.();
    bell.ack(again, await bell.takeResponse(200));
    bell.respond(await bell.takeRequest("UPDATE"), 200);
    await bell.settle();
    assert.deepEqual([bell.count("UPDATE"), call.state], [1, "talking"]);
  });

  it("is kept by re-INVITE with what we said before where the bell takes no UPDATE (§7.4)", async () => {
    const { bell, clock, call } = await bells.talking(able("600;refresher=uas"));
    const answers: string[] = [];
    call.on("acknowledged", (answer) => answers.push(answer));
    await clock.advance(300_100);
    const again = await bell.takeRequest("INVITE");
    assert.equal(again.body.toString(), sdp(5000, "us"));
    bell.respond(again, 200, { sdp: sdp(4000), headers: [["Session-Expires", "600;refresher=uac"]] });
    await bell.takeRequest("ACK");
    assert.deepEqual([answers, call.state], [[sdp(4000)], "talking"]);
    call.on("refresh", (offer) => offer(sdp(5000, "media")));
    await clock.advance(300_000);
    assert.equal((await bell.takeRequest("INVITE")).body.toString(), sdp(5000, "media"));
  });
});

describe("A9 a session timer that we ask for (RFC 4028 §7)", () => {
  async function answered(header: [string, string][], options: Parameters<typeof phones.calling>[1] = timed) {
    const made = await phones.calling("UDP", options);
    made.phone.respond(made.invite, 200, { sdp: sdp(4000), headers: header });
    await made.phone.takeRequest("ACK");
    return made;
  }

  it("is off by default", async () => {
    const { invite } = await phones.calling();
    assert.equal(expires(invite), undefined);
    assert.match(invite.get("supported") ?? "", /timer/);
  });

  it("is what the phone says in its 200, and ours to keep where it does not say whose", async () => {
    for (const said of ["900;refresher=uac", "900"]) {
      const { invite, phone, clock } = await answered([["Session-Expires", said]]);
      assert.equal(expires(invite), "1800;refresher=uac");
      await clock.advance(449_000);
      assert.equal(phone.count("INVITE"), 1);
      await clock.advance(1_100);
      assert.equal(expires(await phone.takeRequest("INVITE")), "900;refresher=uac");
    }
  });

  it("is ours to keep where the phone knows none, and finds a call that the phone has forgotten", async () => {
    const made = await answered([]);
    const { phone, clock, ends } = made;
    await clock.advance(900_100);
    phone.respond(await phone.takeRequest("INVITE"), 481);
    await phone.takeRequest("ACK");
    assert.deepEqual([ends[0]?.by, ends[0]?.status], ["network", 481]);
    phone.respond(await phone.takeRequest("BYE"), 481);
    await phone.settle();
    await phones.nothingLeft(made);
  });

  it("ends a call whose phone is gone without a word", async () => {
    const made = await answered([["Session-Expires", "900;refresher=uac"]]);
    const { clock, ends } = made;
    await clock.advance(449_000 + 33_200);
    assert.deepEqual([ends[0]?.by, ends[0]?.status], ["network", 408]);
    await clock.advance(40_000);
    await phones.nothingLeft(made);
  });

  it("is as long as the phone wants after a 422, in a new INVITE of the same call (§7.3)", async () => {
    const made = await phones.calling("UDP", { calls: { sessionExpires: 90, refresher: "uas" } });
    const { phone, invite, call, answers } = made;
    phone.respond(invite, 422, { headers: [["Min-SE", "300"]] });
    await phone.takeRequest("ACK");
    const again = await phone.takeRequest("INVITE");
    assert.deepEqual(
      [expires(again), again.get("min-se"), again.get("cseq"), again.callId === invite.callId],
      ["300;refresher=uas", "300", "2 INVITE", true],
    );
    phone.respond(again, 200, { sdp: sdp(4000) });
    await phone.takeRequest("ACK");
    assert.deepEqual([answers, call.state], [[sdp(4000)], "talking"]);
    await made.clock.advance(150_100);
    assert.equal(expires(await phone.takeRequest("INVITE")), "300;refresher=uac");
  });

  it("does not follow a phone that wants ever more, or nonsense", async () => {
    const made = await phones.calling("UDP", timed);
    const { phone, ends } = made;
    let invite = made.invite;
    for (const least of [2000, 3000, 4000]) {
      phone.respond(invite, 422, { headers: [["Min-SE", String(least)]] });
      await phone.takeRequest("ACK");
      invite = await phone.takeRequest("INVITE");
    }
    phone.respond(invite, 422, { headers: [["Min-SE", "5000"]] });
    await phone.takeRequest("ACK");
    assert.equal(ends[0]?.status, 422);
    await phones.nothingLeft(made);
    const other = await phones.calling("UDP", timed);
    other.phone.respond(other.invite, 422, { headers: [["Min-SE", "4000000000"]] });
    await other.phone.takeRequest("ACK");
    assert.equal(other.ends[0]?.status, 422);
  });

  it("falls back from UPDATE to re-INVITE where the phone refuses it after all", async () => {
    const { phone, clock, call } = await answered([["Allow", "INVITE, UPDATE"]]);
    await clock.advance(900_100);
    phone.respond(await phone.takeRequest("UPDATE"), 405);
    phone.respond(await phone.takeRequest("INVITE"), 200, { sdp: sdp(4000) });
    await phone.takeRequest("ACK");
    await clock.advance(900_100);
    await phone.takeRequest("INVITE");
    assert.equal(call.state, "talking");
  });

  it("tries a refresh that was refused for now again, and ends the call where none comes through", async () => {
    const made = await answered([], { calls: { sessionExpires: 90 } });
    const { phone, clock, ends } = made;
    await clock.advance(45_100);
    phone.respond(await phone.takeRequest("INVITE"), 488);
    await clock.advance(10_100);
    phone.respond(await phone.takeRequest("INVITE"), 488);
    await clock.advance(5_000);
    assert.equal(ends[0]?.cause, 102);
    phone.respond(await phone.takeRequest("BYE"), 200);
    await phone.settle();
    await phones.nothingLeft(made);
  });
});
