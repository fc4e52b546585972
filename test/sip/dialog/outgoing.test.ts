import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completedElsewhere } from "../../../src/sip/causes.ts";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import type { OutgoingCall } from "../../../src/sip/dialog/outgoing.ts";
import { SipRequest } from "../../../src/sip/message/message.ts";
import { Secret } from "../../../src/secret.ts";
import { house, last, type House } from "../house.ts";
import { sdp, type Party } from "../party.ts";

interface Calling extends House {
  phone: Party;
  call: OutgoingCall;
  ends: CallEnd[];
  answers: (string | undefined)[];
  invite: SipRequest;
}

const challenge: [string, string] = ["WWW-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"'];

/** A call that has reached a registered phone. */
async function calling(transport: "UDP" | "TCP" = "UDP"): Promise<Calling> {
  const made = await house();
  const phone = made.party({ user: "6001", transport });
  await phone.register("pw6001", { expires: 7200 });
  const call = await made.endpoint.callContact(last(made.endpoint.location.contacts("6001")), {
    from: { number: "8000", name: 'Front "door"' },
    sdp: sdp(5000),
  });
  return watch(made, phone, call);
}

/** A call to another server, with credentials there. */
async function callingServer(): Promise<Calling> {
  const made = await house();
  const server = made.party({ host: "10.0.0.200", user: "1000" });
  const call = await made.endpoint.callUri("sip:1000@10.0.0.200", {
    from: { number: "8000", name: "" },
    sdp: sdp(5000),
    credentials: { username: "me", password: new Secret("pw") },
  });
  return watch(made, server, call);
}

async function watch(made: House, phone: Party, call: OutgoingCall): Promise<Calling> {
  const ends: CallEnd[] = [];
  const answers: (string | undefined)[] = [];
  call.on("ended", (end) => ends.push(end));
  call.on("answered", (answer) => answers.push(answer.sdp));
  return { ...made, phone, call, ends, answers, invite: await phone.takeRequest("INVITE") };
}

async function nothingLeft({ clock, endpoint }: House): Promise<void> {
  assert.equal(endpoint.calls, 0);
  endpoint.location.remove("6001");
  await clock.advance(64_000);
  assert.equal(endpoint.transactions.size, 0);
  assert.equal(clock.pending, 0);
}

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

  it("H10 ends with the cause of the refusal, or the one that a Reason gives", async () => {
    for (const [status, reason, cause] of [
      [486, "", 17],
      [603, "", 21],
      [480, "Q.850;cause=20", 20],
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
});

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
    assert.equal(cancel.get("reason"), 'SIP;cause=200;text="Call completed elsewhere"');
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
});

describe("a call to a server that asks for a password, RFC 3261 §22", () => {
  it("comes again with the answer, a new branch and a higher CSeq, once", async () => {
    const made = await callingServer();
    const { phone: server, invite, ends } = made;
    server.respond(invite, 401, { headers: [challenge] });
    const again = await server.takeRequest("INVITE");
    assert.equal(again.get("cseq"), "2 INVITE");
    assert.notEqual(again.via?.params.get("branch"), invite.via?.params.get("branch"));
    assert.deepEqual([again.callId, again.fromTag], [invite.callId, invite.fromTag]);
    assert.match(
      again.get("authorization") ?? "",
      /^Digest username="me", realm="pbx", nonce="n1", uri="sip:1000@10.0.0.200"/,
    );
    server.respond(again, 401, { headers: [challenge] });
    await server.settle();
    assert.equal(server.count("INVITE"), 2);
    assert.deepEqual([ends[0]?.status, ends[0]?.cause], [401, 21]);
    await nothingLeft(made);
  });

  it("answers a proxy and the server behind it, each once", async () => {
    const { phone: server, invite } = await callingServer();
    server.respond(invite, 407, { headers: [["Proxy-Authenticate", 'Digest realm="proxy", nonce="p1"']] });
    const second = await server.takeRequest("INVITE");
    assert.ok(second.get("proxy-authorization"));
    server.respond(second, 401, { headers: [challenge] });
    const third = await server.takeRequest("INVITE");
    assert.ok(third.get("proxy-authorization") && third.get("authorization"));
  });

  it("acknowledges the 2xx with the same credentials (§13.2.2.4) and goes on counting from there", async () => {
    const { phone: server, invite, call } = await callingServer();
    server.respond(invite, 401, { headers: [challenge] });
    const again = await server.takeRequest("INVITE");
    await server.takeRequest("ACK");
    server.respond(again, 200, { sdp: sdp(4000) });
    const ack = await server.takeRequest("ACK");
    assert.deepEqual([ack.get("cseq"), ack.get("authorization")], ["2 ACK", again.get("authorization")]);
    call.hangUp();
    assert.equal((await server.takeRequest("BYE")).get("cseq"), "3 BYE");
  });

  it("never sends a password in the clear: Basic is not for SIP (§22)", async () => {
    const { phone: server, invite, ends } = await callingServer();
    server.respond(invite, 401, { headers: [["WWW-Authenticate", 'Basic realm="pbx"']] });
    await server.settle();
    assert.deepEqual([server.count("INVITE"), ends[0]?.status], [1, 401]);
  });

  it("does not try again when it was given up meanwhile", async () => {
    const made = await callingServer();
    const { phone: server, invite, call } = made;
    server.respond(invite, 100);
    await server.settle();
    call.hangUp();
    server.respond(invite, 401, { headers: [challenge] });
    server.respond(await server.takeRequest("CANCEL"), 200);
    await server.settle();
    assert.equal(server.count("INVITE"), 1);
    await nothingLeft(made);
  });

  it("waits with CANCEL for a provisional response to the second INVITE", async () => {
    const { phone: server, invite, call, clock } = await callingServer();
    server.respond(invite, 100);
    server.respond(invite, 401, { headers: [challenge] });
    const again = await server.takeRequest("INVITE");
    call.hangUp();
    await clock.advance(200);
    assert.equal(server.count("CANCEL"), 0);
    server.respond(again, 180);
    assert.equal((await server.takeRequest("CANCEL")).get("via"), again.get("via"));
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
