import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keepAlive } from "../../../src/sip/transport/keep-alive.ts";
import { Framing } from "../../../src/sip/transport/framing.ts";
import type { Address, Flow, TransportName } from "../../../src/sip/transport/flow.ts";
import { FakeClock } from "../../support/clock.ts";

/** A flow whose pings a test answers. */
function watched(transport: TransportName, everyMs = 30_000) {
  const clock = new FakeClock();
  const pings: ((seenAt?: Address) => void)[] = [];
  const state = { dead: 0, dropped: false };
  const flow: Flow & { closed: boolean } = {
    ...{ transport, reliable: transport !== "UDP", closed: false },
    ...{ remote: { host: "10.0.0.2", port: 5060 }, sentBy: { host: "10.0.0.1", port: 5060 } },
    send: () => {},
    ping: (answered) => void pings.push(answered),
    drop: () => (state.dropped = true),
    reach: () => flow,
  };
  const stop = keepAlive(flow, clock, { everyMs, onDead: () => state.dead++, random: () => 1 });
  const answer = (seenAt?: Address) => {
    for (const answered of pings.splice(0)) answered(seenAt);
  };
  return { clock, pings, state, flow, stop, answer };
}

const home = { host: "203.0.113.1", port: 4000 };

describe("a flow that is kept alive, RFC 5626 §4.4", () => {
  it("is pinged between 80 and 100 % of its time", async () => {
    for (const [random, at] of [
      [0, 24_000],
      [1, 30_000],
    ] as const) {
      const clock = new FakeClock();
      let pings = 0;
      const { flow, stop } = watched("TCP");
      stop();
      keepAlive({ ...flow, ping: () => pings++ }, clock, { everyMs: 30_000, onDead: () => {}, random: () => random });
      await clock.advance(at - 1);
      assert.equal(pings, 0);
      await clock.advance(1);
      assert.equal(pings, 1);
    }
  });

  for (const transport of ["TCP", "TLS", "WS", "WSS", "UDP"] as const)
    it(`is dead by ${transport} ten seconds after a question without an answer, and dropped; once`, async () => {
      const { clock, answer, state } = watched(transport);
      await clock.advance(30_000);
      answer(home);
      await clock.advance(30_000 + 9_999);
      assert.deepEqual(state, { dead: 0, dropped: false });
      await clock.advance(1);
      assert.deepEqual(state, { dead: 1, dropped: true });
      await clock.advance(3_600_000);
      assert.equal(state.dead, 1);
    });

  for (const [transport, dead] of [
    ["TCP", 0],
    ["UDP", 0],
    ["WS", 1],
  ] as const)
    it(`is ${dead ? "dead" : "not dead"} by ${transport} where the peer never answered at all`, async () => {
      const { clock, state } = watched(transport);
      await clock.advance(10 * 60_000);
      assert.equal(state.dead, dead);
    });

  it("asks again by datagram, each time twice as long, until the answer comes", async () => {
    const { clock, pings, answer, state } = watched("UDP");
    await clock.advance(30_000);
    answer(home);
    await clock.advance(30_000);
    const times: number[] = [];
    for (let ms = 0; ms <= 8_000; ms += 500) {
      if (pings.splice(1).length > 0) times.push(ms);
      await clock.advance(500);
    }
    assert.deepEqual(times, [500, 1500, 3500, 7500]);
    answer(home);
    await clock.advance(20_000);
    assert.deepEqual([state.dead, pings.length], [0, 0]);
  });

  it("is dead where the peer sees us at another address: our router forgot us (§4.4.2)", async () => {
    const { clock, answer, state } = watched("UDP");
    for (const seenAt of [home, home, { ...home, port: 4001 }]) {
      await clock.advance(30_000);
      answer(seenAt);
    }
    assert.deepEqual(state, { dead: 1, dropped: true });
  });

  it("is dead where its connection has been closed", async () => {
    const { clock, flow, state } = watched("TCP");
    flow.closed = true;
    await clock.advance(30_000);
    assert.equal(state.dead, 1);
  });

  it("is left alone once it is stopped, and no timer is left", async () => {
    const { clock, pings, stop, answer, state } = watched("UDP");
    await clock.advance(30_000);
    stop();
    answer(home);
    await clock.advance(3_600_000);
    assert.deepEqual([pings.length, state.dead, clock.pending], [0, 0, 0]);
  });
});

describe("line ends on a stream, RFC 5626 §3.5.1", () => {
  for (const [what, chunks, pings, pongs] of [
    ["one is the answer to a question of ours", ["\r\n"], 0, 1],
    ["two are a question of the peer's", ["\r\n\r\n"], 1, 0],
    ["three are both", ["\r\n\r\n\r\n"], 1, 1],
    ["one before a message is an answer", ["\r\nOPTIONS"], 0, 1],
    ["a further one is nothing", ["\r\n", "\r\n"], 0, 1],
  ] as const)
    it(what, () => {
      const framing = new Framing();
      let [asked, answered] = [0, 0];
      framing.expectPong(() => answered++);
      for (const chunk of chunks) assert.deepEqual([...framing.push(Buffer.from(chunk), () => asked++)], []);
      assert.deepEqual([asked, answered], [pings, pongs]);
    });
});
