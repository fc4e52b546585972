// Requests inside a call, and calls whose connection breaks.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { house, last } from "../house.ts";
import { sdp } from "../party.ts";
import { nothingLeft, talking } from "./bell.ts";

describe("requests inside a call", () => {
  it("N5 bring digits by INFO, both ways (RFC 6086)", async () => {
    const { bell, call, our } = await talking();
    const digits: string[] = [];
    call.on("info", (info) => {
      digits.push(`${info.contentType}: ${info.body}`);
      info.reply(200);
      info.reply(500);
    });
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 3, body: ["application/dtmf", "5"] }));
    await bell.takeResponse(200);
    assert.deepEqual(digits, ["application/dtmf: 5"]);
    const sent = call.info("application/dtmf-relay", "Signal=1\r\nDuration=160\r\n");
    const info = await bell.takeRequest("INFO");
    assert.equal(info.body.toString(), "Signal=1\r\nDuration=160\r\n");
    bell.respond(info, 200);
    await bell.settle();
    assert.equal(await sent, 200);
  });

  it("are 415 where nobody takes an INFO, and 200 for an empty one", async () => {
    const { bell, our } = await talking();
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 3, body: ["application/x", "5"] }));
    await bell.takeResponse(415);
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 4 }));
    await bell.takeResponse(200);
  });

  it("say 501 where PJSIP says in its own words that its program takes no INFO, and 500 for every other 500", async () => {
    const { bell, call } = await talking();
    const sent = call.info("application/dtmf-relay", "Signal=1\r\nDuration=160\r\n");
    bell.respond(await bell.takeRequest("INFO"), 500, { reason: "Unhandled by dialog usages" });
    await bell.settle();
    assert.equal(await sent, 501);
    const again = call.info("application/dtmf-relay", "Signal=1\r\nDuration=160\r\n");
    bell.respond(await bell.takeRequest("INFO"), 500);
    await bell.settle();
    assert.equal(await again, 500);
  });

  it("say 408 for an INFO that nobody answers, and the call is over", async () => {
    const { clock, call, ends } = await talking();
    const sent = call.info("application/dtmf", "1");
    await clock.advance(32_100);
    assert.equal(await sent, 408);
    // RFC 3261 §12.2.1.2: no answer at all, like 408 and 481, means that the dialog is lost.
    assert.equal(ends[0]?.by, "network");
  });

  it("say 481 for an INFO after the end", async () => {
    const { call } = await talking();
    call.hangUp();
    assert.equal(await call.info("application/dtmf", "1"), 481);
  });

  it("change what is talked by a new offer (§14.2), or refuse it and go on", async () => {
    const { bell, call, our } = await talking();
    const offers: (string | undefined)[] = [];
    call.on("reoffer", (offer) => {
      offers.push(offer.sdp);
      if (offers.length === 1) offer.answer(sdp(5002));
      else offer.reject(488);
    });
    const again = bell.request("INVITE", { to: "777", toTag: our, seq: 3, body: ["application/sdp", sdp(4004)] });
    bell.send(again);
    const ok = await bell.takeResponse(200);
    assert.equal(ok.body.toString(), sdp(5002));
    bell.ack(again, ok);
    const third = bell.request("INVITE", { to: "777", toTag: our, seq: 4, body: ["application/sdp", sdp(4006)] });
    bell.send(third);
    bell.ack(third, await bell.takeResponse(488));
    assert.deepEqual(offers, [sdp(4004), sdp(4006)]);
    assert.equal(call.state, "talking");
  });

  it("follow the peer's new Contact after a re-INVITE (§12.2.1.2)", async () => {
    const { bell, call, our } = await talking();
    call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    const again = bell.request("INVITE", {
      to: "777",
      toTag: our,
      seq: 3,
      headers: { Contact: "<sip:new@10.0.0.10>" },
    });
    bell.send(again);
    bell.ack(again, await bell.takeResponse(200));
    await bell.settle();
    call.hangUp();
    assert.equal((await bell.takeRequest("BYE")).uri, "sip:new@10.0.0.10");
  });

  it("tell a second re-INVITE to wait while the first is open (§14.2)", async () => {
    const { bell, call, our } = await talking();
    let offers = 0;
    call.on("reoffer", () => offers++);
    bell.send(bell.request("INVITE", { to: "777", toTag: our, seq: 3 }));
    await bell.takeResponse(100);
    bell.send(bell.request("INVITE", { to: "777", toTag: our, seq: 4 }));
    const wait = await bell.takeResponse(500);
    assert.ok(wait.number("retry-after") !== undefined);
    assert.equal(offers, 1);
  });

  it("are answered with 487 where a BYE comes while they are open (§15.1.2), and nothing is left", async () => {
    const made = await talking();
    const { bell, call, our } = made;
    let late: (() => void) | undefined;
    call.on("reoffer", (offer) => (late = () => offer.answer(sdp(1))));
    call.on("info", () => {});
    const again = bell.request("INVITE", { to: "777", toTag: our, seq: 3 });
    bell.send(again);
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 4, body: ["application/dtmf", "1"] }));
    await bell.settle();
    bell.send(bell.request("BYE", { to: "777", toTag: our, seq: 5 }));
    const responses = [await bell.takeResponse(487), await bell.takeResponse(487)];
    assert.deepEqual(responses.map((r) => r.cseq?.method).sort(), ["INFO", "INVITE"]);
    late?.();
    bell.ack(again, responses.find((r) => r.cseq?.method === "INVITE") ?? last(responses));
    await bell.settle();
    await nothingLeft(made);
  });

  it("leave nothing where the call is hung up while a re-INVITE waits for its ACK, which never comes", async () => {
    const made = await talking();
    const { bell, call, our, clock, ends } = made;
    call.on("reoffer", (offer) => offer.answer(sdp(5002)));
    bell.send(bell.request("INVITE", { to: "777", toTag: our, seq: 3, body: ["application/sdp", sdp(4004)] }));
    await bell.takeResponse(200);
    call.hangUp();
    assert.equal(ends.length, 1);
    await clock.advance(32_000);
    bell.respond(await bell.takeRequest("BYE"), 200);
    await bell.settle();
    await nothingLeft(made);
  });

  it("do not throw when an INFO is answered after the endpoint has closed", async () => {
    const { bell, call, our, endpoint } = await talking();
    let reply: ((status: number) => void) | undefined;
    call.on("info", (info) => (reply = info.reply));
    bell.send(bell.request("INFO", { to: "777", toTag: our, seq: 3, body: ["application/dtmf", "1"] }));
    await bell.settle();
    await endpoint.close();
    assert.ok(reply);
    reply(200);
  });

  it("are 405 for methods that are not offered, with Allow", async () => {
    const { bell, our } = await talking();
    bell.send(bell.request("PUBLISH", { to: "777", toTag: our, seq: 3 }));
    assert.match((await bell.takeResponse(405)).get("allow") ?? "", /INVITE/);
  });
});

describe("a bell whose TCP connection breaks", () => {
  async function overTcp() {
    const made = await house();
    const bell = made.party({ user: "8000", transport: "TCP" });
    const invite = await bell.authenticated("INVITE", "pw8000", { to: "777" });
    const call = last(made.calls);
    /** The connection is cut; the bell goes on listening where its Via and Contact say. */
    const cut = async () => {
      await bell.place.close();
      made.network.open("TCP", { host: bell.host, port: bell.port }, bell.place.inbound);
    };
    return { ...made, bell, invite, call, cut };
  }

  it("is answered on a new one, at the address in its Via (§18.2.2)", async () => {
    const { bell, call, cut } = await overTcp();
    await cut();
    call.answer(sdp(5000));
    assert.equal((await bell.takeResponse(200)).body.toString(), sdp(5000));
  });

  it("is reached where its later requests come from", async () => {
    const { bell, invite, call, cut, party } = await overTcp();
    call.answer(sdp(5000));
    const ok = await bell.takeResponse(200);
    bell.ack(invite, ok, ["application/sdp", sdp(4000)]);
    await bell.settle();
    await cut();
    // From another address, as behind a NAT: it shows that it is still who it was.
    const moved = party({ host: "10.0.0.99", port: 7777, user: "8000", transport: "TCP" });
    await moved.authenticated("INFO", "pw8000", { to: "777", toTag: ok.toTag, seq: 3 });
    await moved.takeResponse(200);
    call.hangUp();
    await moved.takeRequest("BYE");
  });
});
