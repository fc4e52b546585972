// What is kept of the messages that come and leave, and how much.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mostOfOne, Trace } from "../../../src/sip/trace/trace.ts";
import type { Flow } from "../../../src/sip/transport/flow.ts";
import { FakeClock } from "../../support/clock.ts";
import { house } from "../house.ts";

const flow: Flow = {
  ...{
    transport: "UDP",
    reliable: false,
    closed: false,
    send: () => {},
    ping: () => {},
    drop: () => {},
    reach: () => flow,
  },
  ...{ remote: { host: "10.0.0.9", port: 5060 }, sentBy: { host: "10.0.0.1", port: 5060 } },
};

const seqs = (trace: Trace, after?: number): number[] => trace.entries(after).map(({ seq }) => seq);

describe("X10 the trace of an endpoint", () => {
  it("holds what came and what left, in order, with time and addresses", async () => {
    const { endpoint, party, clock } = await house();
    const bell = party({ user: "8000" });
    await clock.advance(5_000);
    await bell.register("pw8000");
    const lines = endpoint.trace
      .entries()
      .map(({ seq, direction, transport, remote, data }) =>
        [seq, direction, transport, remote.host, data.toString().split("\r\n")[0]].join(" "),
      );
    assert.deepEqual(lines, [
      "1 in UDP 10.0.0.10 REGISTER sip:8000@10.0.0.1 SIP/2.0",
      "2 out UDP 10.0.0.10 SIP/2.0 401 Unauthorized",
      "3 in UDP 10.0.0.10 REGISTER sip:8000@10.0.0.1 SIP/2.0",
      "4 out UDP 10.0.0.10 SIP/2.0 200 OK",
    ]);
    assert.ok(endpoint.trace.entries().every(({ at }) => at >= Date.parse("2026-01-01T00:00:05Z")));
  });

  it("holds what is no SIP too", async () => {
    const { endpoint, party } = await house();
    const stranger = party({});
    stranger.sendText("GET / HTTP/1.1\r\n\r\n");
    await stranger.settle();
    assert.deepEqual(
      endpoint.trace.entries().map(({ data }) => data.toString()),
      ["GET / HTTP/1.1\r\n\r\n"],
    );
  });

  it("forgets the oldest beyond a number of messages", () => {
    const trace = new Trace(new FakeClock(), { messages: 3, bytes: 1_000_000 });
    for (let count = 0; count < 100; count++) trace.note("in", Buffer.from(`message ${count}`), flow);
    assert.deepEqual(
      trace.entries().map(({ data }) => data.toString()),
      ["message 97", "message 98", "message 99"],
    );
    assert.deepEqual([seqs(trace, 98), seqs(trace, 100), seqs(trace, 7)], [[99, 100], [], [98, 99, 100]]);
  });

  it("forgets the oldest beyond a number of bytes, and keeps one large message cut", () => {
    const trace = new Trace(new FakeClock(), { messages: 1000, bytes: 100_000 });
    for (let count = 0; count < 500; count++) trace.note("out", Buffer.alloc(1_000, count), flow);
    assert.deepEqual([trace.entries().length, trace.bytes, seqs(trace)[0]], [100, 100_000, 401]);
    assert.ok(trace.entries().every(({ data, seq }) => data.every((byte) => byte === (seq - 1) % 256)));
    trace.note("in", Buffer.alloc(70_000, 1), flow);
    const kept = trace.entries().at(-1);
    assert.deepEqual([kept?.data.length, kept?.length, trace.bytes <= 100_000], [mostOfOne, 70_000, true]);
  });

  it("holds copies: what the socket writes into its buffer later does not change them", () => {
    const trace = new Trace(new FakeClock());
    const slab = Buffer.alloc(64 * 1024, "a");
    trace.note("in", slab.subarray(100, 103), flow);
    slab.fill("b");
    assert.equal(trace.entries()[0]?.data.toString(), "aaa");
    assert.notEqual(trace.entries()[0]?.data.buffer, slab.buffer);
  });

  it("keeps nothing where it is told to", () => {
    const trace = new Trace(new FakeClock(), { messages: 0, bytes: 0 });
    trace.note("in", Buffer.from("x"), flow);
    assert.deepEqual(trace.entries(), []);
  });

  it("can be emptied, and counts on", () => {
    const trace = new Trace(new FakeClock());
    trace.note("in", Buffer.from("x"), flow);
    trace.clear();
    trace.note("in", Buffer.from("y"), flow);
    assert.deepEqual([seqs(trace), trace.bytes], [[2], 1]);
  });
});
