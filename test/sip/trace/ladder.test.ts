// The ladder of calls that belong together: the data, and its picture in letters.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ladderOf, ladderText, type Ladder } from "../../../src/sip/trace/ladder.ts";
import { house, last } from "../house.ts";
import { sdp } from "../party.ts";

/** A bell calls, the house calls a phone for it; the bell's 200 is acknowledged late. */
async function twoLegs(): Promise<{ ladder: Ladder; callIds: Set<string> }> {
  const { endpoint, calls, party, clock } = await house();
  const bell = party({ user: "8000" });
  const phone = party({ user: "6001", transport: "TCP" });
  await phone.register("pw6001");
  const invite = await bell.authenticated("INVITE", "pw8000", { to: "6001", body: ["application/sdp", sdp(4000)] });
  const incoming = last(calls);
  incoming.ring();
  const [contact] = endpoint.location.contacts("6001");
  assert.ok(contact);
  const outgoing = await endpoint.callContact(contact, { from: { number: "8000", name: "Bell" }, sdp: sdp(5000) });
  phone.respond(await phone.takeRequest("INVITE"), 486);
  await phone.settle();
  incoming.answer(sdp(5000));
  await clock.advance(700);
  bell.ack(invite, await bell.takeResponse(200));
  await bell.settle();
  incoming.hangUp();
  bell.respond(await bell.takeRequest("BYE"), 200);
  await bell.settle();
  const callIds = new Set([incoming.callId, outgoing.callId]);
  const names = new Map([["10.0.0.10:5060", "Front door"]]);
  return { ladder: ladderOf(endpoint.trace.entries(), callIds, (address) => names.get(address)), callIds };
}

describe("X10 the ladder of a call", () => {
  it("holds the messages of all its legs in order, with answers' status, offers and repetitions", async () => {
    const { ladder, callIds } = await twoLegs();
    assert.deepEqual(ladder.participants, [
      { id: "10.0.0.10:5060", label: "Front door" },
      { id: "portero", label: "Portero" },
      { id: "10.0.0.11:49152", label: "10.0.0.11:49152" },
    ]);
    const short = new Map(ladder.participants.map(({ id }, index) => [id, "bpk"[index] ?? ""]));
    const lines = ladder.arrows.map(({ from, to, label, sdp: offer, retransmission }) =>
      [`${short.get(from) ?? "?"}>${short.get(to) ?? "?"} ${label}`, offer && "SDP", retransmission && "again"]
        .filter(Boolean)
        .join(" "),
    );
    assert.deepEqual(lines, [
      "b>p INVITE SDP",
      "p>b 401 Unauthorized",
      "b>p ACK",
      "b>p INVITE SDP",
      "p>b 100 Trying",
      "p>b 180 Ringing",
      "p>k INVITE SDP",
      "k>p 486 Busy Here",
      "p>k ACK",
      "p>b 200 OK SDP",
      "p>b 200 OK SDP again",
      "b>p ACK",
      "p>b BYE",
      "b>p 200 OK",
    ]);
    const [, challenge] = ladder.arrows;
    assert.deepEqual(
      [challenge?.status, challenge?.method, challenge && callIds.has(challenge.callId)],
      [401, "INVITE", true],
    );
    assert.ok(ladder.arrows.every(({ at }, index, all) => index === 0 || at >= (all[index - 1]?.at ?? "")));
  });

  it("is drawn in letters", async () => {
    const { ladder } = await twoLegs();
    const [names, addresses, first, second, ...rest] = ladderText(ladder).split("\n");
    assert.equal(names, "          Front door                Portero                   10.0.0.11:49152");
    assert.equal(addresses, "          10.0.0.10:5060");
    assert.equal(first, "   0.000  |- INVITE (SDP) --------->|                         |");
    assert.equal(second, "   0.000  |<- 401 Unauthorized -----|                         |");
    assert.match(rest.join("\n"), /\| {25}\|- INVITE \(SDP\) --------->\|$/m);
    assert.match(rest.join("\n"), /\|<- 200 OK \(SDP\) again ---\| {25}\|$/m);
  });

  it("of a call that nothing is kept of says so", () => {
    const ladder = ladderOf([], new Set(["gone"]));
    assert.deepEqual(ladder, { participants: [], arrows: [] });
    assert.equal(ladderText(ladder), "no messages of this call are kept any more\n");
  });
});
