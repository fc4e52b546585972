// Changing a call that talks: re-INVITE (RFC 3261 §14) and UPDATE (RFC 3311), from either side.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sdp, type Party, type Wish } from "../party.ts";
import * as bells from "./bell.ts";
import * as phones from "./phone.ts";

const body = (port: number) => ["application/sdp", sdp(port)] as const;

async function talkingPhone(headers: [string, string][] = []) {
  const made = await phones.calling("UDP", { random: () => 0.5 });
  made.phone.respond(made.invite, 200, { sdp: sdp(4000), headers });
  await made.phone.takeRequest("ACK");
  const inside = (method: string, seq: number, wish: Wish = {}) =>
    made.phone.request(method, {
      ...{ to: "8000", callId: made.invite.callId, fromTag: "tt", toTag: made.invite.fromTag, seq },
      ...wish,
    });
  return { ...made, inside };
}

describe("an offer of ours in a call (RFC 3261 §14.1)", () => {
  it("is a re-INVITE, whose answer is given back and acknowledged as often as it comes", async () => {
    const made = await talkingPhone();
    const { phone, call } = made;
    const asked = call.reoffer(() => sdp(5002));
    const again = await phone.takeRequest("INVITE");
    assert.deepEqual([again.get("cseq"), again.body.toString()], ["2 INVITE", sdp(5002)]);
    assert.ok(again.contact && again.toTag === "tt");
    phone.respond(again, 180);
    phone.respond(again, 200, { sdp: sdp(4002) });
    const ack = await phone.takeRequest("ACK");
    assert.equal(ack.get("cseq"), "2 ACK");
    phone.respond(again, 200, { sdp: sdp(4002) });
    assert.equal((await phone.takeRequest("ACK")).toBuffer().toString(), ack.toBuffer().toString());
    assert.deepEqual(await asked, { status: 200, sdp: sdp(4002) });
    call.hangUp();
    phone.respond(await phone.takeRequest("BYE"), 200);
    await phone.settle();
    await phones.nothingLeft(made);
  });

  it("leaves the call as it was where it is refused", async () => {
    const { phone, call } = await talkingPhone();
    const asked = call.reoffer(() => sdp(5002));
    phone.respond(await phone.takeRequest("INVITE"), 488);
    await phone.takeRequest("ACK");
    assert.deepEqual([await asked, call.state], [{ status: 488 }, "talking"]);
  });

  for (const status of [481, 408])
    it(`ends the call where the phone says ${status}`, async () => {
      const { phone, call, ends } = await talkingPhone();
      const asked = call.reoffer(() => sdp(5002));
      phone.respond(await phone.takeRequest("INVITE"), status);
      await phone.takeRequest("BYE");
      assert.deepEqual([(await asked).status, ends[0]?.status], [481, status]);
    });

  it("ends the call where no answer comes at all", async () => {
    const made = await talkingPhone();
    const asked = made.call.reoffer(() => sdp(5002));
    await made.clock.advance(32_100);
    assert.deepEqual([(await asked).status, made.ends[0]?.by], [481, "network"]);
    await made.clock.advance(33_000);
    await phones.nothingLeft(made);
  });

  it("is taken back where the phone begins to answer and forgets it; then the call is lost", async () => {
    const made = await talkingPhone();
    const { phone, clock, ends } = made;
    const asked = made.call.reoffer(() => sdp(5002));
    const again = await phone.takeRequest("INVITE");
    phone.respond(again, 100);
    await clock.advance(32_100);
    assert.equal((await phone.takeRequest("CANCEL")).get("via"), again.get("via"));
    await clock.advance(32_100);
    assert.deepEqual([(await asked).status, ends[0]?.status], [481, 408]);
    await clock.advance(33_000);
    await phones.nothingLeft(made);
  });

  it("waits for its turn behind another one, and behind the phone's", async () => {
    const { phone, call, inside } = await talkingPhone();
    let answer = () => {};
    call.on("reoffer", (offer) => (answer = () => offer.answer(sdp(5001))));
    const theirs = inside("INVITE", 1, { body: body(4004) });
    phone.send(theirs);
    await phone.takeResponse(100);
    let taken = 0;
    const asked = [
      call.reoffer(() => sdp(5002)).then((given) => (taken++, given)),
      call.reoffer(() => sdp(5003 + 10 * (taken - 1))),
    ];
    answer();
    const ok = await phone.takeResponse(200);
    assert.equal(phone.count("INVITE"), 1, "not before the ACK");
    phone.send(inside("ACK", 1).set("To", ok.get("to") ?? ""));
    const first = await phone.takeRequest("INVITE");
    assert.equal(first.body.toString(), sdp(5002));
    assert.equal(phone.count("INVITE"), 2);
    phone.respond(first, 200, { sdp: sdp(4005) });
    await phone.takeRequest("ACK");
    const second = await phone.takeRequest("INVITE");
    assert.equal(second.body.toString(), sdp(5003), "the first answer was taken before the second offer was made");
    phone.respond(second, 200, { sdp: sdp(4006) });
    await phone.takeRequest("ACK");
    assert.deepEqual(
      (await Promise.all(asked)).map((a) => a.sdp),
      [sdp(4005), sdp(4006)],
    );
  });

  it("is made anew after glare: the caller waits 2.1 to 4 s", async () => {
    const { phone, call, clock, inside } = await talkingPhone();
    call.on("reoffer", (offer) => offer.answer(sdp(5001)));
    let made = 0;
    const asked = call.reoffer(() => sdp(5002 + made++));
    const ours = await phone.takeRequest("INVITE");
    const theirs = inside("INVITE", 1, { body: body(4004) });
    phone.send(theirs);
    assert.equal((await phone.takeResponse(491)).cseq?.method, "INVITE");
    phone.respond(ours, 491);
    await phone.takeRequest("ACK");
    const again = inside("INVITE", 2, { body: body(4004) });
    phone.send(again);
    phone.send(inside("ACK", 2).set("To", (await phone.takeResponse(200)).get("to") ?? ""));
    await clock.advance(3_000);
    assert.equal(phone.count("INVITE"), 2);
    await clock.advance(100);
    const later = await phone.takeRequest("INVITE");
    assert.equal(later.body.toString(), sdp(5003));
    phone.respond(later, 200, { sdp: sdp(4007) });
    await phone.settle();
    assert.equal((await asked).sdp, sdp(4007));
  });

  it("is made anew after glare: the one who was called waits 0 to 2 s", async () => {
    for (const [random, wait] of [
      [0, 0],
      [0.999, 2_000],
    ] as const) {
      const { bell, call, clock } = await bells.talking({}, { random: () => random });
      void call.reoffer(() => sdp(5002));
      bell.respond(await bell.takeRequest("INVITE"), 491);
      await clock.advance(Math.max(0, wait - 5));
      if (wait > 0) assert.equal(bell.count("INVITE"), 1);
      await clock.advance(20);
      assert.equal(bell.count("INVITE"), 2);
    }
  });

  it("comes again when the phone says so (500 with Retry-After), but not for ever", async () => {
    const { phone, call, clock } = await talkingPhone();
    const asked = call.reoffer(() => sdp(5002));
    for (let tries = 0; tries < 8; tries++) {
      phone.respond(await phone.takeRequest("INVITE"), 500, { headers: [["Retry-After", "1"]] });
      await clock.advance(1_100);
    }
    assert.deepEqual([await asked, phone.count("INVITE"), call.state], [{ status: 500 }, 9, "talking"]);
  });

  it("leaves nothing where the call is hung up meanwhile, and a late 200 is acknowledged", async () => {
    const made = await talkingPhone();
    const { phone, call, clock } = made;
    const asked = call.reoffer(() => sdp(5002));
    const again = await phone.takeRequest("INVITE");
    phone.respond(again, 100);
    await phone.settle();
    call.hangUp();
    assert.equal((await asked).status, 481);
    phone.respond(await phone.takeRequest("BYE"), 200);
    phone.respond(again, 200, { sdp: sdp(4002) });
    assert.equal((await phone.takeRequest("ACK")).get("cseq"), "2 ACK");
    await clock.advance(33_000);
    await phones.nothingLeft(made);
  });

  it("leaves nothing where the endpoint is closed meanwhile", async () => {
    const { phone, call, endpoint, clock } = await talkingPhone();
    const asked = call.reoffer(() => sdp(5002));
    phone.respond(await phone.takeRequest("INVITE"), 100);
    await phone.settle();
    await endpoint.close();
    assert.equal((await asked).status, 481);
    assert.equal(clock.pending, 0);
  });

  it("is answered with 481 after the end", async () => {
    const { call } = await talkingPhone();
    call.hangUp();
    assert.equal((await call.reoffer(() => "")).status, 481);
  });
});

describe("an UPDATE of the other side (RFC 3311 §5.2)", () => {
  const update = (bell: Party, our: string, seq: number, wish: Wish = {}) =>
    bell.request("UPDATE", { to: "777", toTag: our, seq, ...wish });

  it("refreshes, and may bring a new address of the bell's", async () => {
    const { bell, call, our } = await bells.talking();
    bell.send(update(bell, our, 3, { headers: { Contact: "<sip:new@10.0.0.10>" } }));
    const ok = await bell.takeResponse(200);
    assert.ok(ok.contact && ok.body.length === 0);
    call.hangUp();
    assert.equal((await bell.takeRequest("BYE")).uri, "sip:new@10.0.0.10");
  });

  it("brings an offer, answered in its 200, or refused", async () => {
    const { bell, call, our } = await bells.talking();
    bell.send(update(bell, our, 3, { body: body(4002) }));
    await bell.takeResponse(488);
    call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    bell.send(update(bell, our, 4, { body: body(4002) }));
    assert.equal((await bell.takeResponse(200)).body.toString(), sdp(5002));
    assert.equal(call.state, "talking");
  });

  it("has to wait with its offer while one of ours is open (491), and while one of its own is (500)", async () => {
    const { bell, call, our } = await bells.talking();
    call.on("reoffer", () => {});
    void call.reoffer(() => sdp(5002));
    const ours = await bell.takeRequest("INVITE");
    bell.send(update(bell, our, 3, { body: body(4002) }));
    await bell.takeResponse(491);
    bell.send(update(bell, our, 4));
    await bell.takeResponse(200);
    bell.respond(ours, 200, { sdp: sdp(4000) });
    await bell.takeRequest("ACK");
    bell.send(update(bell, our, 5, { body: body(4002) }));
    bell.send(update(bell, our, 6, { body: body(4004) }));
    assert.ok((await bell.takeResponse(500)).number("retry-after") !== undefined);
  });

  it("has to wait with its offer while the first one has no answer, but may say where it is", async () => {
    const { bell, call } = await bells.ringing({ headers: { Supported: "100rel" } });
    call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    call.ring();
    const our = (await bell.takeResponse(180)).toTag;
    bell.send(update(bell, our, 3, { body: body(4002) }));
    await bell.takeResponse(500);
    bell.send(update(bell, our, 4));
    await bell.takeResponse(200);
    const early = await bells.ringing({ headers: { Supported: "100rel" } });
    early.call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    early.call.ring(183, sdp(5000));
    const tag = (await early.bell.takeResponse(183)).toTag;
    early.bell.send(update(early.bell, tag, 3, { body: body(4002) }));
    assert.equal((await early.bell.takeResponse(200)).body.toString(), sdp(5002));
  });

  it("comes from a phone that rings, too", async () => {
    const { phone, invite, call } = await phones.calling();
    call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    const reliable: [string, string][] = [
      ["Require", "100rel"],
      ["RSeq", "1"],
    ];
    const early = { to: "8000", callId: invite.callId, fromTag: "tt", toTag: invite.fromTag };
    phone.respond(invite, 183, { headers: reliable });
    await phone.takeRequest("PRACK");
    phone.send(phone.request("UPDATE", { ...early, seq: 1, body: body(4002) }));
    await phone.takeResponse(491);
    reliable[1] = ["RSeq", "2"];
    phone.respond(invite, 183, { headers: reliable, sdp: sdp(4000) });
    await phone.takeRequest("PRACK");
    phone.send(phone.request("UPDATE", { ...early, seq: 2, body: body(4002) }));
    assert.equal((await phone.takeResponse(200)).body.toString(), sdp(5002));
  });
});
