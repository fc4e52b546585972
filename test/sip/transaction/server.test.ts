import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServerTransaction } from "../../../src/sip/transaction/server.ts";
import type { TransportName } from "../../../src/sip/transport/flow.ts";
import { bench, incoming, type Bench } from "./bench.ts";

function serving(transport: TransportName, method: string): Bench & { transaction: ServerTransaction } {
  const made = bench(transport);
  made.layer.receiveRequest(incoming(method), made.flow);
  const transaction = made.requests[0]?.transaction;
  assert.ok(transaction);
  return { ...made, transaction };
}

describe("INVITE server transactions, RFC 3261 §17.2.1", () => {
  it("repeat the last provisional response for a repeated INVITE, and hand it up once", () => {
    const { flow, layer, requests, transaction } = serving("UDP", "INVITE");
    transaction.respond(transaction.reply(100));
    transaction.respond(transaction.reply(180, "us"));
    layer.receiveRequest(incoming("INVITE"), flow);
    assert.deepEqual([flow.times(100).length, flow.times(180).length, requests.length], [1, 2, 1]);
  });

  it("repeat a refusal with timer G until the ACK, then wait T4 (timer I)", async () => {
    const { clock, flow, layer, acks, transaction } = serving("UDP", "INVITE");
    transaction.respond(transaction.reply(486, "us"));
    await clock.advance(12_000);
    assert.deepEqual(flow.times(486), [0, 500, 1500, 3500, 7500, 11500]);
    layer.receiveRequest(incoming("ACK"), flow);
    layer.receiveRequest(incoming("ACK"), flow);
    layer.receiveRequest(incoming("INVITE"), flow);
    await clock.advance(4_999);
    assert.equal(flow.times(486).length, 6);
    assert.deepEqual(acks, []);
    assert.equal(layer.size, 1);
    await clock.advance(1);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("answer a repeated INVITE with the refusal again while no ACK came", () => {
    const { flow, layer, transaction } = serving("UDP", "INVITE");
    transaction.respond(transaction.reply(486, "us"));
    layer.receiveRequest(incoming("INVITE"), flow);
    assert.equal(flow.times(486).length, 2);
  });

  it("give up waiting for the ACK after 64·T1 (timer H)", async () => {
    for (const transport of ["UDP", "TCP"] as const) {
      const { clock, flow, layer, transaction } = serving(transport, "INVITE");
      transaction.respond(transaction.reply(486, "us"));
      await clock.advance(31_999);
      assert.equal(layer.size, 1);
      assert.equal(flow.times(486).length, transport === "TCP" ? 1 : 11);
      await clock.advance(1);
      assert.deepEqual([layer.size, clock.pending], [0, 0]);
    }
  });

  it("end at the ACK on a reliable transport", async () => {
    const { clock, flow, layer, transaction } = serving("TCP", "INVITE");
    transaction.respond(transaction.reply(486, "us"));
    layer.receiveRequest(incoming("ACK"), flow);
    await clock.advance(0);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("swallow repeated INVITEs after a 2xx for 64·T1 (timer L); the 2xx is its user's to repeat (RFC 6026 §7.1)", async () => {
    const { clock, flow, layer, requests, transaction } = serving("UDP", "INVITE");
    const ok = transaction.reply(200, "us");
    transaction.respond(ok);
    layer.receiveRequest(incoming("INVITE"), flow);
    assert.deepEqual([flow.times(200).length, requests.length], [1, 1]);
    transaction.respond(ok);
    assert.equal(flow.times(200).length, 2);
    await clock.advance(32_000);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("hand an ACK of a 2xx upward: by the dialog, or with the INVITE's branch by the hook", () => {
    const { flow, layer, acks, transaction } = serving("UDP", "INVITE");
    let hooked = 0;
    transaction.acked = () => hooked++;
    transaction.respond(transaction.reply(200, "us"));
    layer.receiveRequest(incoming("ACK", "z9hG4bKnew", { toTag: "us" }), flow);
    layer.receiveRequest(incoming("ACK", "z9hG4bKpeer", { toTag: "us" }), flow);
    assert.deepEqual([acks.length, hooked], [1, 1]);
  });

  it("take the first final response only", () => {
    const { flow, transaction } = serving("UDP", "INVITE");
    const late = transaction.reply(200, "us");
    transaction.respond(transaction.reply(486, "us"));
    transaction.respond(late);
    assert.deepEqual(flow.times(200), []);
  });

  it("do not throw when a response comes after the end of everything", () => {
    const { flow, layer, transaction } = serving("UDP", "INVITE");
    layer.close();
    transaction.respond(transaction.reply(486, "us"));
    assert.deepEqual(flow.sent, []);
  });
});

describe("other server transactions, RFC 3261 §17.2.2", () => {
  it("say nothing to repetitions before they have an answer, and repeat it afterwards for 64·T1 (timer J)", async () => {
    const { clock, flow, layer, requests, transaction } = serving("UDP", "REGISTER");
    layer.receiveRequest(incoming("REGISTER"), flow);
    assert.equal(flow.sent.length, 0);
    transaction.respond(transaction.reply(200, "us"));
    layer.receiveRequest(incoming("REGISTER"), flow);
    assert.deepEqual([flow.times(200).length, requests.length], [2, 1]);
    await clock.advance(32_000);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });

  it("end at once on reliable transports", async () => {
    const { clock, layer, transaction } = serving("TCP", "REGISTER");
    transaction.respond(transaction.reply(200, "us"));
    await clock.advance(0);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
  });
});

describe("matching requests to transactions, RFC 3261 §17.2.3", () => {
  it("tells branches and senders apart, and methods of one branch", () => {
    const { flow, layer, requests } = bench("UDP");
    layer.receiveRequest(incoming("OPTIONS", "z9hG4bKa"), flow);
    layer.receiveRequest(incoming("OPTIONS", "z9hG4bKb", { seq: 2 }), flow);
    layer.receiveRequest(incoming("INFO", "z9hG4bKa", { toTag: "x" }), flow);
    const elsewhere = incoming("OPTIONS", "z9hG4bKa", { seq: 3 });
    elsewhere.set("Via", "SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKa");
    layer.receiveRequest(elsewhere, flow);
    assert.equal(requests.length, 4);
  });

  it("knows a repetition from a client of RFC 2543, which has no unique branch", async () => {
    const { clock, flow, layer, requests } = bench("UDP");
    layer.receiveRequest(incoming("INVITE", ""), flow);
    layer.receiveRequest(incoming("INVITE", ""), flow);
    assert.equal(requests.length, 1);
    const transaction = requests[0]?.transaction;
    transaction?.respond(transaction.reply(486, "us"));
    layer.receiveRequest(incoming("ACK", "", { toTag: "us" }), flow);
    await clock.advance(5_000);
    assert.deepEqual([layer.size, clock.pending], [0, 0]);
    layer.receiveRequest(incoming("INVITE", "", { seq: 2 }), flow);
    assert.equal(requests.length, 2);
  });

  it("answers CANCEL with 200 and tells the INVITE's user, or with 481 where there is none (§9.2)", () => {
    const { flow, layer, requests } = bench("UDP");
    layer.receiveRequest(incoming("CANCEL", "z9hG4bKnone"), flow);
    assert.equal(flow.times(481).length, 1);
    layer.receiveRequest(incoming("INVITE"), flow);
    let cancels = 0;
    const transaction = requests[0]?.transaction;
    assert.ok(transaction);
    transaction.cancelled = () => cancels++;
    layer.receiveRequest(incoming("CANCEL"), flow);
    layer.receiveRequest(incoming("CANCEL"), flow);
    assert.deepEqual([flow.times(200).length, cancels], [2, 1]);
  });

  it("answers a CANCEL that comes after the final response without telling anybody", () => {
    const { flow, layer, requests } = bench("UDP");
    layer.receiveRequest(incoming("INVITE"), flow);
    const transaction = requests[0]?.transaction;
    assert.ok(transaction);
    let cancels = 0;
    transaction.cancelled = () => cancels++;
    transaction.respond(transaction.reply(200, "us"));
    layer.receiveRequest(incoming("CANCEL"), flow);
    assert.deepEqual([flow.times(200).length, cancels], [2, 0]);
  });

  it("refuses the second copy of a request that a proxy forked to us: 482 (§8.2.2.2)", () => {
    const { flow, layer, requests } = bench("UDP");
    layer.receiveRequest(incoming("INVITE", "z9hG4bKone"), flow);
    layer.receiveRequest(incoming("INVITE", "z9hG4bKtwo"), flow);
    const first = requests[0]?.transaction;
    first?.respond(first.reply(200, "us"));
    layer.receiveRequest(incoming("INVITE", "z9hG4bKlate"), flow);
    assert.deepEqual([requests.length, flow.times(482).length], [1, 2]);
  });

  it("takes two devices that drew the same tag, Call-ID and CSeq for two, as those of Twinkle started in one second do", () => {
    const { flow, layer, requests } = bench("UDP");
    for (const [number, branch] of [
      ["6001", "z9hG4bKone"],
      ["8000", "z9hG4bKtwo"],
    ] as const) {
      const request = incoming("REGISTER", branch);
      request.set("From", `<sip:${number}@10.0.0.1>;tag=f`).set("To", `<sip:${number}@10.0.0.1>`);
      layer.receiveRequest(request, flow);
    }
    assert.deepEqual([requests.length, flow.times(482).length], [2, 0]);
  });

  it("takes a request that answers a challenge under its old CSeq, as some devices send it", () => {
    const { flow, layer, requests } = bench("UDP");
    layer.receiveRequest(incoming("REGISTER", "z9hG4bKone"), flow);
    const first = requests[0]?.transaction;
    first?.respond(first.reply(401, "us"));
    layer.receiveRequest(incoming("REGISTER", "z9hG4bKtwo"), flow);
    assert.deepEqual([requests.length, flow.times(482).length], [2, 0]);
  });

  it("ignores an ACK that nobody waits for, and never answers one", () => {
    const { clock, flow, layer, acks } = bench("UDP");
    layer.receiveRequest(incoming("ACK", "z9hG4bKx", { toTag: "us" }), flow);
    assert.deepEqual([acks.length, flow.sent.length, layer.size, clock.pending], [1, 0, 0, 0]);
  });
});
