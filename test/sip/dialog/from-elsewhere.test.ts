// Requests inside a call that come from another machine than the one the call is with: whoever knows a call's tags is not
// yet the one who talks in it. What opens doors (digits in INFO) hangs on that.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { house } from "../house.ts";
import { Names } from "../names.ts";
import { sdp } from "../party.ts";
import { ringing, talking } from "./bell.ts";

const digit = ["application/dtmf", "5"] as const;

/** A bell's call that talks, and the digits and texts that came in it. */
async function heard(wish: Parameters<typeof talking>[0] = {}) {
  const made = await talking(wish);
  const digits: string[] = [];
  made.call.on("info", ({ body, reply }) => {
    digits.push(body);
    reply(200);
  });
  const inside = (seq: number, more = {}) => ({ to: "777", toTag: made.our, seq, ...more });
  return { ...made, digits, inside };
}

describe("a request inside a call, from another host than the call's", () => {
  it("opens nothing and ends nothing: INFO, BYE, UPDATE and re-INVITE are asked for the password", async () => {
    const { party, call, digits, inside, calls } = await heard();
    const stranger = party({ user: "8000" });
    for (const [nth, method] of ["INFO", "BYE", "UPDATE", "INVITE", "MESSAGE", "REFER"].entries()) {
      stranger.send(stranger.request(method, inside(3 + nth, { body: digit })));
      await stranger.takeResponse(401);
    }
    const tcp = party({ user: "8000", transport: "TCP" });
    tcp.send(tcp.request("INFO", inside(20, { body: digit })));
    await tcp.takeResponse(401);
    assert.deepEqual([digits, call.state, calls.length], [[], "talking", 1]);
  });

  it("is taken with the call's own password, as of a device that has changed its network, and from there on", async () => {
    const { party, digits, inside } = await heard();
    const moved = party({ user: "8000" });
    await moved.authenticated("INFO", "pw8000", inside(3, { body: digit }));
    await moved.takeResponse(200);
    moved.send(moved.request("INFO", inside(5, { body: ["application/dtmf", "6"] as const })));
    await moved.takeResponse(200);
    assert.deepEqual(digits, ["5", "6"]);
  });

  it("is refused with the password of another extension, and with a wrong one", async () => {
    const { party, digits, inside, refusals } = await heard();
    const phone = party({ user: "6001" });
    await phone.authenticated("INFO", "pw6001", inside(3, { body: digit }));
    await phone.takeResponse(403);
    const liar = party({ user: "8000" });
    await liar.authenticated("INFO", "guess", inside(3, { body: digit }));
    await liar.takeResponse(403);
    assert.deepEqual(digits, []);
    assert.match(refusals[0]?.text ?? "", /INFO from 10\.0\.0\.11:5060 refused: .*another machine/);
  });

  it("needs no password from another port of the host (NAT), from the Contact's host, or from a proxy in the Route set", async () => {
    const { party, digits, inside, bell } = await heard({
      headers: { Contact: "<sip:8000@10.0.0.77>", "Record-Route": "<sip:10.0.0.78;lr>" },
    });
    for (const [nth, place] of [
      { host: bell.host, port: 40_000 },
      { host: "10.0.0.77" },
      { host: "10.0.0.78" },
    ].entries()) {
      const there = party({ user: "8000", ...place });
      there.send(there.request("INFO", inside(3 + nth, { body: digit })));
      await there.takeResponse(200);
    }
    assert.equal(digits.length, 3);
  });

  it("does not lead the call away from the way that it has, while that is open", async () => {
    const { party, bell, call, inside } = await heard();
    const there = party({ user: "8000", host: bell.host, port: 40_000 });
    there.send(there.request("INFO", inside(3, { body: digit })));
    await there.takeResponse(200);
    call.hangUp();
    await bell.takeRequest("BYE");
    assert.equal(there.count("BYE"), 0);
  });

  it("is refused where the call is with an address that has no password here, but from where its Contact's name leads", async () => {
    const dns = new Names({ "pbx.example": { a: ["10.0.0.81", "10.0.0.82"] }, "other.example": { a: ["10.0.0.90"] } });
    for (const [contact, host, status] of [
      ["<sip:100@10.0.0.80>", "10.0.0.82", 403],
      ["<sip:100@pbx.example>", "10.0.0.82", 200],
      ["<sip:100@pbx.example>", "10.0.0.90", 403],
      // A name that leads nowhere is nobody's.
      ["<sip:100@gone.example>", "10.0.0.82", 403],
    ] as const) {
      const { endpoint, party, refusals } = await house({ dns });
      const pbx = party({ host: "10.0.0.80", user: "100" });
      const call = await endpoint.callUri("sip:100@10.0.0.80", {
        ...{ from: { number: "8000", name: "Front" }, sdp: sdp(4000) },
      });
      call.on("info", ({ reply }) => reply(200));
      const invite = await pbx.takeRequest("INVITE");
      pbx.respond(invite, 200, { sdp: sdp(5000), headers: [] });
      await pbx.takeRequest("ACK");
      const { callId, fromTag } = invite;
      const ids = { to: "8000", callId, toTag: fromTag, fromTag: "tt" };
      // A new Contact by a change of the call (RFC 3261 §12.2.1.2).
      pbx.send(pbx.request("UPDATE", { ...ids, seq: 1, headers: { Contact: contact } }));
      await pbx.takeResponse(200);
      const other = party({ host, user: "100" });
      other.send(other.request("INFO", { ...ids, seq: 2, body: digit }));
      await other.takeResponse(status);
      assert.equal(call.state, "talking");
      other.send(other.request("BYE", { ...ids, seq: 3 }));
      await other.takeResponse(status);
      assert.equal(call.state, status === 200 ? "ended" : "talking", contact);
      assert.equal(refusals.length, status === 200 ? 0 : 2);
    }
  });

  it("is asked of the peer where it is the end of a call without a password: its server may have more addresses than we know", async () => {
    for (const [answer, state] of [
      [200, "talking"],
      [405, "talking"],
      [481, "ended"],
    ] as const) {
      const { endpoint, party } = await house();
      const pbx = party({ host: "10.0.0.80", user: "100" });
      const call = await endpoint.callUri("sip:100@10.0.0.80", {
        ...{ from: { number: "8000", name: "Front" }, sdp: sdp(4000) },
      });
      const invite = await pbx.takeRequest("INVITE");
      pbx.respond(invite, 200, { sdp: sdp(5000) });
      await pbx.takeRequest("ACK");
      const ids = { to: "8000", callId: invite.callId, toTag: invite.fromTag, fromTag: "tt" };
      const other = party({ user: "100" });
      for (const seq of [1, 2, 3]) other.send(other.request("BYE", { ...ids, seq }));
      await other.takeResponse(403);
      // One question, however many say it.
      pbx.respond(await pbx.takeRequest("INFO"), answer);
      await pbx.settle();
      assert.deepEqual([call.state, pbx.count("INFO")], [state, 1]);
    }
  });

  it("says nothing of the media: an ACK with a description, in the place of the peer's", async () => {
    const { call, bell, invite, party } = await ringing({ body: ["text/plain", ""] });
    const described: string[] = [];
    call.on("acknowledged", (text) => described.push(text));
    call.answer(sdp(5000, "us"));
    const ok = await bell.takeResponse(200);
    const stranger = party({ user: "8000" });
    const where = ["application/sdp", sdp(6666)] as const;
    stranger.ack(invite, ok, where);
    const branch = invite.via?.params.get("branch") ?? "";
    const own = { to: "777", toTag: ok.toTag, seq: invite.cseq?.number ?? 0, body: where };
    stranger.send(stranger.request("ACK", { ...own, via: `SIP/2.0/UDP ${bell.host}:5060;branch=${branch}` }));
    await stranger.settle();
    assert.deepEqual(described, []);
    bell.ack(invite, ok, ["application/sdp", sdp(4000)]);
    await bell.settle();
    assert.deepEqual(described, [sdp(4000)]);
  });
});
