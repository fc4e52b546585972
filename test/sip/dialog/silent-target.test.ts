// A target that says nothing at all, where there is another one to try: RFC 3263 §4.3, decision 026.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import { house } from "../house.ts";
import { Names, srv } from "../names.ts";
import { sdp, type Party } from "../party.ts";
import { nothingLeft } from "./phone.ts";

const zone = {
  "_sip._udp.pbx.example": { srv: [srv("10 1 5060 a.pbx.example"), srv("20 1 5060 b.pbx.example")] },
  "a.pbx.example": { a: ["10.0.0.70"] },
  "b.pbx.example": { a: ["10.0.0.71"] },
};

async function calling() {
  const made = await house({ dns: new Names(zone) });
  const [first, second] = [made.party({ host: "10.0.0.70" }), made.party({ host: "10.0.0.71" })];
  const called = async () => {
    const call = await made.endpoint.callUri("sip:6001@pbx.example;transport=udp", {
      from: { number: "8000", name: "" },
      sdp: sdp(4000),
    });
    const ends: CallEnd[] = [];
    call.on("ended", (end) => ends.push(end));
    return { call, ends };
  };
  return { ...made, first, second, ...(await called()), called };
}

const count = (party: Party, method: string): number => party.count(method);

describe("A6, RFC 3263 §4.3 a silent target with another one behind it", () => {
  it("is left after four seconds, and comes last for the next call", async () => {
    const made = await calling();
    const { clock, first, second, call, called } = made;
    await clock.advance(3_900);
    assert.deepEqual([count(first, "INVITE"), count(second, "INVITE")], [4, 0]);
    await clock.advance(200);
    second.respond(await second.takeRequest("INVITE"), 200, { sdp: sdp(5000) });
    await second.takeRequest("ACK");
    assert.equal(call.state, "talking");
    const next = await called();
    await second.takeRequest("INVITE");
    next.call.abandon();
    call.abandon();
  });

  it("keeps the call once it has said anything", async () => {
    const { clock, first, second, call } = await calling();
    first.respond(await first.takeRequest("INVITE"), 100);
    await clock.advance(60_000);
    assert.deepEqual([count(second, "INVITE"), call.end], [0, undefined]);
    call.abandon();
  });

  it("is cancelled when it rings too late, so that one call does not ring twice", async () => {
    const made = await calling();
    const { clock, first, second, call } = made;
    const late = await first.takeRequest("INVITE");
    await clock.advance(4_100);
    const ringing = await second.takeRequest("INVITE");
    second.respond(ringing, 180);
    first.respond(late, 180);
    first.respond(late, 180);
    const cancel = await first.takeRequest("CANCEL");
    assert.equal(cancel.via?.params.get("branch"), late.via?.params.get("branch"));
    first.respond(cancel, 200);
    first.respond(late, 487);
    await first.takeRequest("ACK");
    assert.deepEqual([count(first, "CANCEL"), count(second, "CANCEL"), call.state], [1, 0, "early"]);
    call.hangUp();
    second.respond(await second.takeRequest("CANCEL"), 200);
    second.respond(ringing, 487);
    await second.takeRequest("ACK");
    await nothingLeft(made);
  });

  it("is acknowledged and ended when it is picked up too late", async () => {
    const made = await calling();
    const { clock, first, second, call } = made;
    const late = await first.takeRequest("INVITE");
    await clock.advance(4_100);
    const invite = await second.takeRequest("INVITE");
    second.respond(invite, 200, { tag: "two", sdp: sdp(5000) });
    await second.takeRequest("ACK");
    for (let times = 0; times < 2; times++) {
      first.respond(late, 200, { tag: "one", sdp: sdp(4000) });
      await first.takeRequest("ACK");
    }
    first.respond(await first.takeRequest("BYE"), 200);
    assert.deepEqual([count(first, "BYE"), call.state], [1, "talking"]);
    call.hangUp();
    second.respond(await second.takeRequest("BYE"), 200);
    await second.settle();
    await nothingLeft(made);
  });

  it("is not talked to when it is picked up before the other one: that rings on, and may take the call", async () => {
    const { clock, first, second, call } = await calling();
    const late = await first.takeRequest("INVITE");
    await clock.advance(4_100);
    const invite = await second.takeRequest("INVITE");
    second.respond(invite, 180, { tag: "two" });
    first.respond(late, 200, { tag: "one", sdp: sdp(4000) });
    await first.takeRequest("ACK");
    first.respond(await first.takeRequest("BYE"), 200);
    assert.equal(call.state, "early");
    second.respond(invite, 200, { tag: "two", sdp: sdp(5000) });
    await second.takeRequest("ACK");
    assert.equal(call.state, "talking");
    call.abandon();
  });

  it("is waited for as long as the RFC says where it is the last, and by who has hung up", async () => {
    const made = await calling();
    await made.clock.advance(4_000 + 31_900);
    assert.deepEqual([count(made.second, "INVITE"), made.ends], [7, []]);
    await made.clock.advance(200);
    assert.match(made.ends[0]?.text ?? "", /10\.0\.0\.71:5060 did not answer INVITE within 32 s/);
    await nothingLeft(made);

    const gone = await calling();
    gone.call.hangUp();
    await gone.clock.advance(32_000);
    assert.equal(count(gone.second, "INVITE"), 0);
    await nothingLeft(gone);
  });
});
