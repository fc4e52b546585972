// Texts outside a call (RFC 3428), and what a bell says of itself in msg.visit.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Desk } from "./desk.ts";

const desks: Desk[] = [];
after(() => Promise.all(desks.map((desk) => desk.close())));
const open = async (calls = {}) => {
  const desk = await Desk.open(calls);
  desks.push(desk);
  return desk;
};

describe("a text outside a call (RFC 3428)", () => {
  it("is taken with the extension's password, and told where somebody listens", async () => {
    const desk = await open();
    const { party, password } = await desk.phone("6001");
    const say = (callId: string, type = "text/plain", body = "Hello") =>
      party.authenticated("MESSAGE", password, { to: "8000", callId, body: [type, body] });
    await say("a");
    await party.takeResponse(405);
    desk.switchboard.on("message", (text) => desk.texts.push(text));
    await say("b");
    await party.takeResponse(200);
    await say("c", "text/plain;charset=utf-16");
    await party.takeResponse(415);
    assert.deepEqual(desk.texts, [{ from: "6001", to: "8000", contentType: "text/plain", text: "Hello" }]);
    party.send(party.request("MESSAGE", { callId: "d", to: "8000", body: ["text/plain", "who?"] }));
    await party.takeResponse(401);
    assert.equal(desk.texts.length, 1);
  });

  it("is sent to every device of a number", async () => {
    const desk = await open();
    const { party } = await desk.phone("6001");
    const sent = desk.switchboard.texts.send("6001", { contentType: "text/plain", text: "Parcel at the door" }, "8000");
    const message = await party.takeRequest("MESSAGE");
    assert.deepEqual(
      [message.body.toString(), message.from?.uri, message.contact],
      ["Parcel at the door", "sip:8000@10.0.0.1", undefined],
    );
    party.respond(message, 200);
    await party.settle();
    assert.equal(await sent, 1);
    await assert.rejects(desk.switchboard.texts.send("6001", { contentType: "text/plain", text: "x".repeat(1300) }), {
      code: "too-long",
    });
    await assert.rejects(desk.switchboard.texts.send("9999", { contentType: "text/plain", text: "x" }), {
      code: "no-number",
    });
  });
});

describe("a text to a device behind a proxy (RFC 3327 §5.2)", () => {
  it("goes the way that its registration came", async () => {
    const desk = await open();
    const { party, password } = await desk.phone("6001");
    await party.register(password, { callId: "by-proxy", headers: { Path: "<sip:10.0.0.5;lr>" } });
    const sent = desk.switchboard.texts.send("6001", { contentType: "text/plain", text: "Parcel at the door" }, "8000");
    const message = await party.takeRequest("MESSAGE");
    assert.equal(message.get("route"), "<sip:10.0.0.5;lr>");
    party.respond(message, 200);
    await party.settle();
    assert.equal(await sent, 1);
  });
});

describe("a transfer outside a call", () => {
  it("is refused: we place calls for nobody who is in none", async () => {
    const desk = await open();
    const { party } = await desk.phone("6001");
    party.send(party.request("REFER", { callId: "r", headers: { "Refer-To": "<sip:6002@10.0.0.1>" } }));
    await party.takeResponse(403);
  });
});

describe("msg.visit", () => {
  it("has what the bell says of itself, and that it is the bell's own word", async () => {
    const desk = await open({ headers: ["X-Door"] });
    const headers = {
      "P-Asserted-Identity": '"Porch" <sip:503@pbx>',
      Diversion: "<sip:100@pbx>;reason=unconditional",
      Subject: "Parcel",
      "X-Door": "north",
      "X-Other": "not asked for",
    };
    await desk.device("8000").dial("6001", { headers });
    const { asserted, diversion, headers: shown } = desk.switchboard.lastVisit("front")?.view() ?? {};
    assert.deepEqual(asserted, { number: "503", name: "Porch", trusted: false });
    assert.deepEqual(diversion, { number: "100", name: "", reason: "unconditional" });
    assert.deepEqual(shown, { Subject: "Parcel", "X-Door": "north" });
  });

  it("has none of it where the bell says nothing", async () => {
    const desk = await open();
    await desk.device("8000").dial("6001");
    const view = desk.switchboard.lastVisit("front")?.view() ?? {};
    assert.deepEqual(
      ["asserted", "diversion", "headers"].filter((name) => name in view),
      [],
    );
  });
});
