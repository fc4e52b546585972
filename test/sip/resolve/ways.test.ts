import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallEnd } from "../../../src/sip/dialog/call.ts";
import type { SipRequest } from "../../../src/sip/message/message.ts";
import { house, type House } from "../house.ts";
import { Names, srv, type Records } from "../names.ts";
import { sdp, type Party } from "../party.ts";

const from = { number: "8000", name: "Front door" };

interface Calling extends House {
  /** Calls `sip:100@x.org`. */
  call: () => Promise<{ end: () => CallEnd | undefined }>;
}

async function calling(zone: Readonly<Record<string, Records>>): Promise<Calling> {
  const made = await house({ dns: new Names(zone), random: () => 0 });
  const call = async () => {
    const outgoing = await made.endpoint.callUri("sip:100@x.org", { from, sdp: (host) => sdp(4000, host) });
    await made.clock.advance(1);
    return { end: () => outgoing.end };
  };
  return { ...made, call };
}

const two = (transport: "udp" | "tcp"): Readonly<Record<string, Records>> => ({
  [`_sip._${transport}.x.org`]: { srv: ["1 0 5060 a.x.org", "2 0 5060 b.x.org"].map(srv) },
  "a.x.org": { a: ["10.0.0.201"] },
  "b.x.org": { a: ["10.0.0.202"] },
});

const branchOf = (request: SipRequest): string => request.via?.params.get("branch") ?? "";

/** Takes the INVITE that is there and refuses it, so that nothing stays. */
async function refuse(party: Party, status = 486): Promise<SipRequest> {
  const invite = await party.takeRequest("INVITE");
  party.respond(invite, status);
  await party.takeRequest("ACK");
  return invite;
}

describe("RFC 3263 §4.3: fail-over", () => {
  it("goes to the next machine where the first is silent, as another transaction of the same call", async () => {
    const { party, call, clock, endpoint } = await calling(two("udp"));
    const [a, b] = [party({ host: "10.0.0.201" }), party({ host: "10.0.0.202" })];
    const outgoing = await call();
    const first = await a.takeRequest("INVITE");
    await clock.advance(32_000);
    const second = await refuse(b);
    assert.notEqual(branchOf(second), branchOf(first));
    assert.deepEqual(
      [second.callId, second.get("cseq"), second.get("from")],
      [first.callId, first.get("cseq"), first.get("from")],
    );
    assert.equal(second.body.toString(), first.body.toString());
    assert.equal(outgoing.end()?.status, 486);
    await clock.advance(40_000);
    assert.deepEqual([endpoint.transactions.size, endpoint.calls, clock.pending], [0, 0, 0]);
  });

  it("remembers for a minute who was silent, so that the next call does not wait", async () => {
    const { party, call, clock } = await calling(two("udp"));
    const [a, b] = [party({ host: "10.0.0.201" }), party({ host: "10.0.0.202" })];
    await call();
    await clock.advance(32_000);
    await refuse(b);
    const before = a.count("INVITE");
    await call();
    await refuse(b);
    assert.equal(a.count("INVITE"), before);
    await clock.advance(60_000);
    a.inbox = [];
    await call();
    await refuse(a);
  });

  it("goes on at 503, and stays at any other answer", async () => {
    const { party, call } = await calling(two("udp"));
    const [a, b] = [party({ host: "10.0.0.201" }), party({ host: "10.0.0.202" })];
    await call();
    await refuse(a, 503);
    await refuse(b, 404);
    assert.deepEqual([a.count("INVITE"), b.count("INVITE")], [1, 1]);
  });

  it("ends with the last one's 503 where there is nobody else", async () => {
    const { party, call } = await calling(two("udp"));
    const [a, b] = [party({ host: "10.0.0.201" }), party({ host: "10.0.0.202" })];
    const outgoing = await call();
    await refuse(a, 503);
    await refuse(b, 503);
    assert.equal(outgoing.end()?.status, 503);
  });

  it("does not wait for a machine that takes no connection", async () => {
    const { party, call } = await calling(two("tcp"));
    const b = party({ host: "10.0.0.202", transport: "TCP" });
    await call();
    const invite = await refuse(b);
    assert.match(invite.get("contact") ?? "", /;transport=tcp>$/);
  });

  it("changes to another transport with its Via, Contact and SDP", async () => {
    const { party, call } = await calling({
      ...two("tcp"),
      "_sip._udp.x.org": { srv: [srv("1 0 5060 a.x.org")] },
    });
    const udp = party({ host: "10.0.0.201" });
    const tcp = party({ host: "10.0.0.202", transport: "TCP" });
    await call();
    const first = await refuse(udp, 503);
    const second = await refuse(tcp);
    assert.deepEqual([first.via?.transport, second.via?.transport], ["UDP", "TCP"]);
    assert.deepEqual(
      [first.get("contact"), second.get("contact")],
      ["<sip:8000@10.0.0.1:5060>", "<sip:8000@10.0.0.1:5060;transport=tcp>"],
    );
    assert.match(second.body.toString(), /^o=10\.0\.0\.1 /m);
    assert.equal(second.all("via").length, 1);
  });

  it("hangs up at the machine that it reached", async () => {
    const { party, endpoint, clock } = await calling(two("udp"));
    const [a, b] = [party({ host: "10.0.0.201" }), party({ host: "10.0.0.202" })];
    const call = await endpoint.callUri("sip:100@x.org", { from, sdp: sdp(4000) });
    await clock.advance(1);
    await refuse(a, 503);
    const invite = await b.takeRequest("INVITE");
    b.respond(invite, 180);
    await b.settle();
    call.hangUp();
    assert.equal(branchOf(await b.takeRequest("CANCEL")), branchOf(invite));
    assert.equal(a.count("CANCEL"), 0);
  });
});
