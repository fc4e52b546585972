import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SipResponse } from "../../../src/sip/message/message.ts";
import { house, last } from "../house.ts";
import { sdp } from "../party.ts";

const offer = ["application/sdp", sdp(4000)] as const;

/** An endpoint that takes two calls of others than 8000, which is a door. */
async function full(guard: object = {}) {
  const made = await house({
    guard,
    overload: { busy: () => 0, mostCalls: 2, isFirst: (number) => number === "8000" },
  });
  const phone = made.party({ user: "6001" });
  for (const callId of ["one", "two"])
    await phone.authenticated("INVITE", "pw6001", { to: "777", callId, body: offer });
  assert.equal(made.calls.length, 2);
  return { ...made, phone };
}

describe("too many calls, RFC 3261 §21.5.4", () => {
  it("are told to come later, before anything is asked of them", async () => {
    const { phone, calls } = await full();
    const told = phone.heard.length;
    phone.send(phone.request("INVITE", { to: "777", callId: "three", body: offer }));
    const later = await phone.takeResponse(503);
    assert.deepEqual([later.get("retry-after"), later.callId, phone.heard.length], ["2", "three", told + 1]);
    assert.equal(calls.length, 2);
  });

  it("are taken again when one is over", async () => {
    const { phone, calls } = await full();
    last(calls).reject(486);
    await phone.authenticated("INVITE", "pw6001", { to: "777", callId: "three", body: offer });
    assert.equal(calls.length, 3);
  });

  it("do not keep a door from being served", async () => {
    const { calls, party, phone } = await full();
    await party({ user: "8000" }).authenticated("INVITE", "pw8000", { to: "777", callId: "bell", body: offer });
    assert.equal(last(calls).caller.number, "8000");
    calls[0]?.reject(486);
    await phone.authenticated("INVITE", "pw6001", { to: "777", callId: "three", body: offer });
    assert.equal(calls.length, 4, "nor does a door keep a phone from its place");
  });

  it("do not get in by a door's name", async () => {
    const { phone, calls } = await full();
    const wish = { to: "777", callId: "three", from: "<sip:8000@10.0.0.1>", body: offer };
    await phone.authenticated("INVITE", "pw6001", wish);
    assert.equal((await phone.takeResponse(503)).get("retry-after"), "2");
    assert.equal(calls.length, 2);
  });

  it("are no reason to answer a scanner, or who is not in the list of callers (A8)", async () => {
    const { phone, party, endpoint } = await full({ callers: { networks: ["10.0.0.10"] } });
    const [scanner, stranger] = [party({ user: "6001" }), party({ user: "6001" })];
    const headers = { "User-Agent": "friendly-scanner" };
    for (const [from, more] of [
      [scanner, { headers }],
      [stranger, {}],
    ] as const)
      from.send(from.request("INVITE", { to: "777", callId: "three", body: offer, ...more }));
    await phone.settle();
    assert.deepEqual([scanner.heard.length, stranger.heard.length], [0, 0]);
    phone.send(phone.request("INVITE", { to: "777", callId: "three", body: offer }));
    await phone.takeResponse(503);
    assert.equal(endpoint.transactions.size, 2, "those of the two calls");
  });

  it("are not told more than they sent, by UDP, where nobody has shown who sits there", async () => {
    const { party } = await full();
    const stranger = party({ user: "6001" });
    const asked = new Map<string, number>();
    for (let length = 0; length <= 300; length += 10) {
      const text =
        "INVITE sip:a SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bKa\r\nf:<sip:a>;tag=a\r\nt:<sip:a>\r\n" +
        `i:${length}\r\nCSeq:1 INVITE\r\na:${"x".repeat(length)}\r\n\r\n`;
      asked.set(String(length), text.length);
      stranger.sendText(text);
    }
    await stranger.settle();
    assert.ok(stranger.count(503) > 5);
    for (const { callId, size } of stranger.heard)
      assert.ok(size <= (asked.get(callId) ?? 0), `${size} bytes for ${asked.get(callId)}`);
  });

  it("are told of once a minute", async () => {
    const { endpoint, phone, clock } = await full();
    const told: string[] = [];
    endpoint.on("overloaded", (text) => told.push(text));
    const another = async (callId: string) => {
      phone.send(phone.request("INVITE", { to: "777", callId, body: offer }));
      await phone.settle();
    };
    await another("three");
    await another("four");
    assert.deepEqual(told, [
      "calls are told to come later, 1 so far: 2 are under way, the most that are allowed. Doors are served all the same.",
    ]);
    await clock.advance(60_000);
    await another("five");
    assert.equal(told.length, 2);
    assert.match(told[1] ?? "", /3 so far/);
  });
});

describe("an event loop that never rests", () => {
  /** An endpoint with so many calls under way, whose loop is as busy as `load.busy` says. */
  async function working(callsUnderWay: number) {
    const load = { busy: 1 };
    const made = await house({ overload: { busy: () => load.busy, isFirst: (number) => number === "8000" } });
    const phone = made.party({ user: "6001" });
    let next = 0;
    /** How many of 40 new calls are asked for a password rather than told to come later. */
    const letIn = async (from = phone) => {
      const [asked, later] = [from.count(401), from.count(503)];
      for (let i = 0; i < 40; i++)
        from.send(from.request("INVITE", { to: "777", callId: `call ${next++}`, body: offer }));
      await from.settle();
      assert.equal(from.count(401) - asked + from.count(503) - later, 40);
      return from.count(401) - asked;
    };
    /** What is let in while time passes. */
    const over = async (windows: number) => {
      let taken = 40;
      for (let i = 0; i < windows; i++) {
        await made.clock.advance(200);
        taken = await letIn();
      }
      return taken;
    };
    for (let i = 0; i < callsUnderWay; i++)
      await phone.authenticated("INVITE", "pw6001", { to: "777", callId: `old ${i}`, body: offer });
    return { ...made, load, letIn, over };
  }

  it("turns nobody away for a moment without a rest, such as a collection of memory leaves behind", async () => {
    const { load, over } = await working(50);
    for (let i = 0; i < 5; i++) {
      load.busy = 1;
      assert.equal(await over(3), 40);
      load.busy = 0.9;
      assert.equal(await over(1), 40);
    }
  });

  it("sends more and more calls away, until it rests, and then less and less", async () => {
    const { load, letIn, over } = await working(50);
    assert.equal(await letIn(), 40);
    const some = await over(4);
    assert.ok(some < 32 && some > 16, `${some} of 40 in the first moment`);
    assert.equal(await over(7), 0);
    load.busy = 0.9;
    const half = await over(5);
    assert.ok(half > 10 && half < 30, `${half} of 40 on the way back`);
    assert.equal(await over(5), 40);
  });

  it("serves a door in the worst of it", async () => {
    const { letIn, over, party } = await working(50);
    assert.equal(await over(15), 0);
    assert.equal(await letIn(party({ user: "8000" })), 40);
  });

  it("refuses nobody in a house with few calls: a flow may be busy for a moment", async () => {
    const { over } = await working(49);
    assert.equal(await over(15), 40);
  });

  it("says the same of a call when it comes back with its password", async () => {
    const { over, party, calls } = await working(50);
    await over(5);
    const phone = party({ user: "6001" });
    const before = calls.length;
    const invites = Array.from({ length: 40 }, (_, i) =>
      phone.request("INVITE", { to: "777", callId: `whole ${i}`, body: offer }),
    );
    for (const invite of invites) phone.send(invite);
    await phone.settle();
    const taken = phone.count(401);
    assert.ok(taken > 10 && taken < 30, `${taken} of 40`);
    for (let i = 0; i < taken; i++) {
      const asked = phone.inbox.find((message) => message instanceof SipResponse && message.status === 401);
      const invite = invites.find(({ callId }) => callId === asked?.callId) ?? assert.fail();
      phone.inbox = phone.inbox.filter((message) => message !== asked);
      phone.send(phone.answerTo(asked as SipResponse, invite, "pw6001", "6001", i + 1));
    }
    await phone.settle();
    assert.equal(calls.length - before, taken);
  });
});
