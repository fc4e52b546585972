import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completedElsewhere } from "../../../src/sip/causes.ts";
import { sdp } from "../party.ts";
import { calling, nothingLeft } from "./phone.ts";

describe("giving a call up, RFC 3261 §9.1", () => {
  it("sends CANCEL with the INVITE's branch and number, and is over at once", async () => {
    const made = await calling();
    const { phone, call, invite, ends } = made;
    phone.respond(invite, 180);
    await phone.settle();
    call.hangUp();
    assert.deepEqual(ends, [{ by: "local", cause: 16, text: "no longer wanted" }]);
    const cancel = await phone.takeRequest("CANCEL");
    assert.equal(cancel.get("via"), invite.get("via"));
    assert.equal(cancel.get("cseq"), "1 CANCEL");
    assert.deepEqual([cancel.uri, cancel.get("to"), cancel.get("reason")], [invite.uri, invite.get("to"), undefined]);
    phone.respond(cancel, 200);
    phone.respond(invite, 487);
    await phone.takeRequest("ACK");
    await nothingLeft(made);
  });

  it("X4 tells a phone that lost why, so that it shows no missed call", async () => {
    const { phone, call, invite, ends } = await calling();
    phone.respond(invite, 180);
    await phone.settle();
    call.hangUp(completedElsewhere);
    const cancel = await phone.takeRequest("CANCEL");
    // Phones know the first, Asterisk the second.
    assert.deepEqual(cancel.all("reason"), ['SIP;cause=200;text="Call completed elsewhere"', "Q.850;cause=26"]);
    assert.equal(ends[0]?.text, "answered elsewhere");
  });

  it("waits with CANCEL until a provisional response came", async () => {
    const made = await calling();
    const { phone, call, invite, clock } = made;
    call.hangUp();
    await clock.advance(3_000);
    assert.equal(phone.count("CANCEL"), 0);
    phone.respond(invite, 180);
    phone.respond(invite, 180);
    const cancel = await phone.takeRequest("CANCEL");
    phone.respond(cancel, 200);
    phone.respond(invite, 487);
    await phone.takeRequest("ACK");
    assert.equal(phone.count("CANCEL"), 1);
    await nothingLeft(made);
  });

  it("leaves nothing where a silent phone is given up", async () => {
    const made = await calling();
    made.call.hangUp();
    await made.clock.advance(32_000);
    assert.equal(made.phone.count("CANCEL"), 0);
    assert.equal(made.ends.length, 1);
    await nothingLeft(made);
  });

  it("leaves nothing where a phone ignores the CANCEL: 64·T1", async () => {
    const made = await calling();
    made.phone.respond(made.invite, 180);
    await made.phone.settle();
    made.call.hangUp();
    await made.clock.advance(32_000);
    await nothingLeft(made);
  });

  it("acknowledges a 200 that crossed the CANCEL and ends it with BYE, once", async () => {
    const made = await calling();
    const { phone, call, invite, ends, answers } = made;
    phone.respond(invite, 180);
    await phone.settle();
    call.hangUp();
    phone.respond(await phone.takeRequest("CANCEL"), 200);
    phone.respond(invite, 200, { sdp: sdp(4000) });
    await phone.takeRequest("ACK");
    phone.respond(invite, 200, { sdp: sdp(4000) });
    await phone.takeRequest("ACK");
    const bye = await phone.takeRequest("BYE");
    assert.equal(phone.count("BYE"), 1);
    // X4: a caller who gave up is not "answered elsewhere".
    assert.equal(bye.get("reason"), undefined);
    phone.respond(bye, 200);
    await phone.settle();
    assert.deepEqual([ends.length, answers.length], [1, 0]);
    await nothingLeft(made);
  });

  it("X4 says so in that BYE too where another phone was faster", async () => {
    const { phone, call, invite } = await calling();
    phone.respond(invite, 180);
    await phone.settle();
    call.hangUp(completedElsewhere);
    phone.respond(await phone.takeRequest("CANCEL"), 200);
    phone.respond(invite, 200, { sdp: sdp(4000) });
    assert.equal((await phone.takeRequest("BYE")).get("reason"), completedElsewhere);
  });

  it("gives up what rings for three minutes without a word (timer C, §16.6)", async () => {
    const made = await calling();
    const { phone, invite, clock, ends } = made;
    phone.respond(invite, 180);
    await clock.advance(170_000);
    phone.respond(invite, 180);
    await clock.advance(170_000);
    assert.equal(ends.length, 0);
    await clock.advance(12_000);
    assert.deepEqual([ends[0]?.by, ends[0]?.cause], ["network", 19]);
    phone.respond(await phone.takeRequest("CANCEL"), 200);
    phone.respond(invite, 487);
    await phone.takeRequest("ACK");
    await nothingLeft(made);
  });

  it("hangs up a talking call with BYE, whose loss is made good", async () => {
    const made = await calling();
    const { phone, call, invite, clock } = made;
    phone.respond(invite, 200, { sdp: sdp(4000) });
    await phone.takeRequest("ACK");
    call.hangUp();
    await clock.advance(1_600);
    assert.equal(phone.count("BYE"), 3);
    const bye = await phone.takeRequest("BYE");
    assert.equal(bye.get("cseq"), "2 BYE");
    phone.respond(bye, 200);
    await phone.settle();
    await nothingLeft(made);
  });
});
