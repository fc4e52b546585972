import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bench, outgoing, response } from "./bench.ts";

const doublings = [0, 500, 1500, 3500, 7500, 15500, 31500];

describe("INVITE client transactions, RFC 3261 §17.1.1", () => {
  it("repeat the request after T1, 2·T1, 4·T1 … (timer A) and give up after 64·T1 (timer B)", async () => {
    const { clock, flow, layer, told, handlers } = bench("UDP");
    layer.send(outgoing("INVITE"), flow, handlers);
    await clock.advance(31_999);
    assert.deepEqual(flow.times("INVITE"), doublings);
    assert.deepEqual(told, []);
    await clock.advance(1);
    assert.deepEqual(told, ["no-answer"]);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("do not repeat on reliable transports, but give up all the same", async () => {
    const { clock, flow, layer, told, handlers } = bench("TCP");
    layer.send(outgoing("INVITE"), flow, handlers);
    await clock.advance(32_000);
    assert.deepEqual(flow.times("INVITE"), [0]);
    assert.deepEqual(told, ["no-answer"]);
  });

  it("stop repeating at a provisional response and then wait as long as their user does", async () => {
    const { clock, flow, layer, told, handlers } = bench("UDP");
    const request = outgoing("INVITE");
    layer.send(request, flow, handlers);
    await clock.advance(600);
    layer.receiveResponse(response(request, 100));
    layer.receiveResponse(response(request, 180));
    layer.receiveResponse(response(request, 180));
    await clock.advance(600_000);
    assert.deepEqual(flow.times("INVITE"), [0, 500]);
    assert.deepEqual(told, [100, 180, 180]);
    assert.equal(clock.pending, 0);
  });

  it("acknowledge a refusal, and each repetition of it, for 32 s (timer D), and tell it once", async () => {
    const { clock, flow, layer, told, handlers } = bench("UDP");
    const request = outgoing("INVITE");
    const transaction = layer.send(request, flow, handlers);
    layer.receiveResponse(response(request, 486));
    assert.equal(transaction.request, undefined, "what lives on for 32 s is small");
    await clock.advance(4_000);
    layer.receiveResponse(response(request, 486));
    assert.deepEqual(flow.times("ACK"), [0, 4_000]);
    assert.deepEqual(told, [486]);
    await clock.advance(27_999);
    assert.equal(layer.size, 1);
    await clock.advance(1);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("acknowledge with the INVITE's branch, number and Route, and the response's To (§17.1.1.3)", () => {
    const { flow, layer, handlers } = bench("UDP");
    const invite = outgoing("INVITE").add("Route", "<sip:proxy;lr>").add("Subject", "x");
    layer.send(invite, flow, handlers);
    layer.receiveResponse(response(invite, 404));
    const ack = flow.sent[1]?.message;
    assert.equal(ack?.startLine, "ACK sip:6001@10.0.0.2 SIP/2.0");
    assert.equal(ack.get("via"), invite.get("via"));
    assert.equal(ack.get("cseq"), "1 ACK");
    assert.equal(ack.get("route"), "<sip:proxy;lr>");
    assert.equal(ack.toTag, "peer");
    assert.equal(ack.get("subject"), undefined);
  });

  it("end at once after a refusal on a reliable transport (timer D is 0)", async () => {
    const { clock, flow, layer, handlers } = bench("TCP");
    const request = outgoing("INVITE");
    layer.send(request, flow, handlers);
    layer.receiveResponse(response(request, 486));
    await clock.advance(0);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("pass on every 2xx for 64·T1 (timer M), never acknowledge one, and ignore refusals then (RFC 6026 §8.4)", async () => {
    const { clock, flow, layer, told, handlers } = bench("UDP");
    const request = outgoing("INVITE");
    layer.send(request, flow, handlers);
    layer.receiveResponse(response(request, 200));
    await clock.advance(500);
    layer.receiveResponse(response(request, 200));
    layer.receiveResponse(response(request, 486));
    layer.receiveResponse(response(request, 180));
    assert.deepEqual(told, [200, 200]);
    assert.deepEqual(flow.times("ACK"), []);
    await clock.advance(31_500);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("tell their user when the transport fails, once (§17.1.4)", async () => {
    const { clock, flow, layer, told, handlers } = bench("UDP");
    layer.send(outgoing("INVITE"), flow, handlers);
    flow.fail();
    flow.fail();
    await clock.advance(60_000);
    assert.deepEqual(told, ["unreachable"]);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });
});

describe("other client transactions, RFC 3261 §17.1.2", () => {
  it("repeat up to every T2 (timer E) and give up after 64·T1 (timer F)", async () => {
    const { clock, flow, layer, told, handlers } = bench("UDP");
    layer.send(outgoing("REGISTER"), flow, handlers);
    await clock.advance(32_000);
    assert.deepEqual(flow.times("REGISTER"), [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    assert.deepEqual(told, ["no-answer"]);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("repeat every T2 once timer E has fired after a provisional response, and still give up (§17.1.2.2)", async () => {
    const { clock, flow, layer, told, handlers } = bench("UDP");
    const request = outgoing("BYE");
    layer.send(request, flow, handlers);
    await clock.advance(100);
    layer.receiveResponse(response(request, 100));
    await clock.advance(31_900);
    assert.deepEqual(flow.times("BYE").slice(0, 4), [0, 500, 4500, 8500]);
    assert.deepEqual(told, [100, "no-answer"]);
  });

  it("keep a while to swallow repeated answers (timer K), none on reliable transports", async () => {
    for (const [transport, keep] of [
      ["UDP", 5_000],
      ["TCP", 0],
    ] as const) {
      const { clock, flow, layer, told, handlers } = bench(transport);
      const request = outgoing("BYE");
      layer.send(request, flow, handlers);
      layer.receiveResponse(response(request, 200));
      layer.receiveResponse(response(request, 200));
      assert.deepEqual(told, [200]);
      if (keep) await clock.advance(keep - 1);
      assert.equal(layer.size, 1);
      await clock.advance(1);
      assert.deepEqual([layer.size, clock.pending], [0, 0]);
    }
  });

  it("take only responses with their own branch and method (§17.1.3)", () => {
    const { flow, layer, told, handlers } = bench("UDP");
    const request = outgoing("BYE");
    layer.send(request, flow, handlers);
    const other = response(request, 200);
    other.replaceVia({ transport: "UDP", host: "10.0.0.1", params: new Map([["branch", "z9hG4bKother"]]) });
    layer.receiveResponse(other);
    layer.receiveResponse(response(request, 200).set("CSeq", "1 INVITE"));
    assert.deepEqual(told, []);
  });

  it("discard a response with more than one Via, which was meant for somebody else (§8.1.3.3)", () => {
    const { flow, layer, told, handlers } = bench("UDP");
    const request = outgoing("BYE");
    layer.send(request, flow, handlers);
    layer.receiveResponse(response(request, 200).add("Via", "SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKx"));
    assert.deepEqual(told, []);
  });
});
