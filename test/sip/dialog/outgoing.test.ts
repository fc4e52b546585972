import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completedElsewhere } from "../../../src/sip/causes.ts";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import { SipRequest } from "../../../src/sip/message/message.ts";
import { house, last } from "../house.ts";
import { sdp } from "../party.ts";
import { calling, callingServer, nothingLeft } from "./phone.ts";

describe("a call from us, RFC 3261 §13.2", () => {
  it("reaches a registered phone with our number and name, is answered, and ends with its BYE", async () => {
    const made = await calling();
    const { phone, call, invite, ends, answers } = made;
    assert.equal(invite.uri, `sip:6001@${phone.host}:5060`);
    assert.deepEqual([invite.from?.name, invite.from?.uri], ['Front "door"', "sip:8000@10.0.0.1"]);
    assert.deepEqual([invite.get("max-forwards"), invite.contentType], ["70", "application/sdp"]);
    phone.respond(invite, 180);
    await phone.settle();
    assert.equal(call.state, "early");
    const ok = phone.respond(invite, 200, { sdp: sdp(4000) });
    const ack = await phone.takeRequest("ACK");
    assert.deepEqual([ack.cseq?.number, ack.toTag], [1, "tt"]);
    assert.notEqual(ack.via?.params.get("branch"), invite.via?.params.get("branch"));
    assert.deepEqual([call.state, answers], ["talking", [sdp(4000)]]);
    const bye = new SipRequest("BYE", invite.contact?.uri ?? "");
    bye.add("Via", `SIP/2.0/UDP ${phone.host}:5060;branch=z9hG4bKbye`).add("From", ok.get("to") ?? "");
    bye
      .add("To", invite.get("from") ?? "")
      .add("Call-ID", invite.callId)
      .add("CSeq", "7 BYE");
    phone.send(bye);
    await phone.takeResponse(200);
    assert.deepEqual(ends, [{ by: "remote", cause: 16, text: "hung up" }]);
    await nothingLeft(made);
  });

  it("acknowledges each repetition of the 2xx in the same words", async () => {
    const { phone, invite, answers } = await calling();
    phone.respond(invite, 200, { sdp: sdp(4000) });
    const first = await phone.takeRequest("ACK");
    phone.respond(invite, 200, { sdp: sdp(4000) });
    const second = await phone.takeRequest("ACK");
    assert.equal(second.toBuffer().toString(), first.toBuffer().toString());
    assert.equal(answers.length, 1);
  });

  it("takes the SDP of early media with the provisional response", async () => {
    const { phone, invite, call } = await calling();
    const early: unknown[] = [];
    call.on("early", (one) => early.push(one));
    phone.respond(invite, 100);
    phone.respond(invite, 183, { sdp: sdp(4000) });
    await phone.settle();
    assert.deepEqual(early, [{ status: 183, sdp: sdp(4000) }]);
  });

  it("goes on counting the phone's requests where they were while it rang (§12.1, §12.2.2)", async () => {
    const { phone, invite } = await calling();
    const { callId, fromTag } = invite;
    const info = (seq: number) => phone.request("INFO", { to: "8000", callId, toTag: fromTag, fromTag: "tt", seq });
    phone.respond(invite, 183);
    await phone.settle();
    phone.send(info(5));
    await phone.takeResponse(200);
    phone.respond(invite, 200, { sdp: sdp(4000) });
    await phone.takeRequest("ACK");
    phone.send(info(4));
    await phone.takeResponse(500);
    phone.send(info(6));
    await phone.takeResponse(200);
  });

  it("is not ended by a BYE of the phone while it rings, which only the caller may send then (§15)", async () => {
    const { phone, invite, call } = await calling();
    const { callId, fromTag } = invite;
    phone.respond(invite, 180);
    await phone.settle();
    phone.send(phone.request("BYE", { to: "8000", callId, toTag: fromTag, fromTag: "tt", seq: 5 }));
    await phone.takeResponse(481);
    assert.equal(call.state, "early");
    call.abandon();
  });

  it("H10 ends with the cause of the refusal, or the one that a Reason gives", async () => {
    for (const [status, reason, cause] of [
      [486, "", 17],
      [603, "", 21],
      [480, "Q.850;cause=20", 20],
      // Asterisk, whose dial plan has waited long enough.
      [603, "Q.850;cause=0", 19],
      [603, "Q.850;cause=16", 19],
      [486, "Q.850;cause=16", 17],
    ] as const) {
      const made = await calling();
      const headers: [string, string][] = reason ? [["Reason", reason]] : [];
      made.phone.respond(made.invite, status, { headers });
      await made.phone.takeRequest("ACK");
      assert.deepEqual([made.ends[0]?.status, made.ends[0]?.cause, made.ends[0]?.by], [status, cause, "remote"]);
      await nothingLeft(made);
    }
  });

  it("ends with 408, cause 18, where nobody answers at all", async () => {
    const made = await calling();
    await made.clock.advance(32_000);
    assert.deepEqual([made.ends[0]?.status, made.ends[0]?.cause], [408, 18]);
    await nothingLeft(made);
  });

  it("tells of a way that does not exist after its maker had time to listen", async () => {
    const made = await house();
    const call = await made.endpoint.callUri("sip:1@10.9.9.9;transport=tcp", {
      from: { number: "1", name: "" },
      sdp: "",
    });
    const ends: CallEnd[] = [];
    call.on("ended", (end) => ends.push(end));
    await made.clock.advance(10);
    assert.deepEqual([ends[0]?.by, ends[0]?.cause], ["network", 3]);
    await nothingLeft(made);
  });

  it("refuses addresses that cannot be called with a sentence", async () => {
    const { endpoint } = await house();
    for (const [uri, code] of [
      ["6001", "bad-address"],
      ["tel:6001", "bad-address"],
      ["sip:a\r\nEvil: yes@10.0.0.9", "bad-address"],
      ["sips:a@10.0.0.9", "no-transport"],
      ["sip:a@10.0.0.9;transport=sctp", "no-transport"],
    ] as const)
      await assert.rejects(endpoint.callUri(uri, { from: { number: "1", name: "" }, sdp: "" }), { code });
  });

  it("to a device keeps nothing for further answers once it is over; to a server it does, for those of other branches", async () => {
    for (const [make, left] of [[calling, 0] as const, [callingServer, 1] as const]) {
      const made = await make();
      made.phone.respond(made.invite, 200, { tag: "one", sdp: sdp(4000) });
      await made.phone.takeRequest("ACK");
      made.phone.respond(made.invite, 200, { tag: "one", sdp: sdp(4000) });
      await made.phone.settle();
      assert.equal(made.phone.count("ACK"), 2, "a repeated 2xx is acknowledged again while it talks");
      const before = made.endpoint.transactions.size;
      made.call.hangUp();
      made.phone.respond(await made.phone.takeRequest("BYE"), 200);
      // Timer K of the BYE.
      await made.clock.advance(5_100);
      assert.equal(made.endpoint.transactions.size, before - 1 + left);
      await nothingLeft(made);
    }
  });
});

describe("several answers to one INVITE, RFC 3261 §13.2.2.4", () => {
  it("let the first win; the others are acknowledged and ended, and the winner lives on", async () => {
    const made = await calling();
    const { phone, call, invite, answers, ends } = made;
    phone.respond(invite, 200, { tag: "one", sdp: sdp(4000) });
    await phone.settle();
    phone.respond(invite, 200, { tag: "two", sdp: sdp(4002) });
    await phone.settle();
    phone.respond(invite, 200, { tag: "two", sdp: sdp(4002) });
    await phone.settle();
    assert.deepEqual(
      phone.heard.flatMap((m) => (m instanceof SipRequest && m.method === "ACK" ? m.toTag : [])),
      ["one", "two", "two"],
    );
    const bye = await phone.takeRequest("BYE");
    assert.deepEqual([bye.toTag, bye.get("reason"), phone.count("BYE")], ["two", completedElsewhere, 1]);
    phone.respond(bye, 200);
    await phone.settle();
    assert.deepEqual([answers, ends.length, call.state], [[sdp(4000)], 0, "talking"]);
    assert.equal(made.endpoint.calls, 1);
    const end = phone.request("BYE", {
      to: "8000",
      callId: invite.callId,
      fromTag: "one",
      toTag: invite.fromTag,
      seq: 5,
    });
    phone.send(end);
    await phone.takeResponse(200);
    assert.equal(ends.length, 1);
    await nothingLeft(made);
  });

  it("are not kept up with where somebody makes up ever more of them", async () => {
    const { phone, invite, call } = await calling();
    for (let n = 0; n < 30; n++) phone.respond(invite, 200, { tag: `t${n}`, sdp: sdp(4000) });
    await phone.settle();
    assert.deepEqual([phone.count("ACK"), phone.count("BYE"), call.state], [20, 19, "talking"]);
  });
});

describe("a phone on TCP", () => {
  it("is called by the connection it registered on", async () => {
    const { phone, network, invite } = await calling("TCP");
    const registered = network.sent.find(({ message }) => message?.startLine.startsWith("REGISTER"));
    const called = network.sent.find(({ message }) => message === undefined || message.callId === invite.callId);
    assert.equal(called?.to, registered?.from);
    assert.equal(phone.count("INVITE"), 1);
  });

  it("is called by a new connection where that one is gone", async () => {
    const { endpoint, phone, network, call, clock } = await calling("TCP");
    call.hangUp();
    const contact = last(endpoint.location.contacts("6001"));
    await phone.place.close();
    assert.equal(contact.flow.closed, true);
    const again = network.open("TCP", { host: phone.host, port: phone.port }, phone.place.inbound);
    phone.inbox = [];
    await endpoint.callContact(contact, { from: { number: "8000", name: "" }, sdp: sdp(5000) });
    await phone.takeRequest("INVITE");
    await again.close();
    await clock.advance(0);
  });

  it("counts as unreachable at once when its connection breaks before any answer", async () => {
    const made = await calling("TCP");
    await made.phone.place.close();
    await made.clock.advance(10);
    assert.deepEqual([made.ends[0]?.by, made.ends[0]?.cause], ["network", 3]);
    await nothingLeft(made);
  });

  it("may answer on a new connection where it had begun to ring on a broken one (§18.2.2)", async () => {
    const { phone, invite, call, ends } = await calling("TCP");
    phone.respond(invite, 180);
    await phone.settle();
    await phone.place.close();
    await phone.settle();
    assert.deepEqual([call.state, ends.length], ["early", 0]);
  });
});
