// Texts (RFC 3428) and wishes for a whole picture (RFC 5168) in a call, and what an INVITE tells of its caller.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkCalls } from "../../../src/sip/dialog/settings.ts";
import { ringing, talking } from "./bell.ts";
import * as phones from "./phone.ts";

describe("a text in a call (RFC 3428)", () => {
  it("is handed upward as it is, whatever it says it is, if it is text", async () => {
    const { bell, call, our } = await talking();
    const texts: string[] = [];
    call.on("message", ({ contentType, text, reply }) => {
      texts.push(`${contentType}: ${text}`);
      reply(200);
    });
    let seq = 3;
    const send = async (type: string, body: string | Buffer) => {
      const message = bell.request("MESSAGE", { to: "777", toTag: our, seq: seq++ }).setBody(type, body);
      bell.send(message);
      await bell.settle();
    };
    await send("text/plain;charset=UTF-8", "Grüß Gott");
    await send("application/json", '{"a":1}');
    await send("application/x-own", "anything");
    assert.equal(bell.count(415), 0);
    await send("image/jpeg", Buffer.from([255, 216, 255]));
    await bell.takeResponse(415);
    await send("text/plain; charset=iso-8859-1", "Gr");
    await bell.takeResponse(415);
    assert.deepEqual(texts, ["text/plain: Grüß Gott", 'application/json: {"a":1}', "application/x-own: anything"]);
    call.removeAllListeners("message");
    await send("text/plain", "hello?");
    await bell.takeResponse(405);
  });

  it("is sent the same way", async () => {
    const { bell, call } = await talking();
    const sent = call.message("text/plain", "hello");
    const message = await bell.takeRequest("MESSAGE");
    assert.deepEqual([message.contentType, message.body.toString()], ["text/plain", "hello"]);
    bell.respond(message, 200);
    await bell.settle();
    assert.equal(await sent, 200);
  });
});

describe("a wish for a whole picture (RFC 5168)", () => {
  it("is told upward, and refused where nobody could help", async () => {
    const { bell, call, our } = await talking();
    const wish = (seq: number, element = "picture_fast_update") =>
      bell
        .request("INFO", { to: "777", toTag: our, seq })
        .setBody(
          "application/media_control+xml",
          `<?xml version="1.0"?><media_control><vc_primitive><to_encoder><${element}></${element}></to_encoder></vc_primitive></media_control>`,
        );
    bell.send(wish(3));
    await bell.takeResponse(415);
    let wishes = 0;
    call.on("pictureWanted", () => wishes++);
    bell.send(wish(4));
    await bell.takeResponse(200);
    bell.send(wish(5, "something_else"));
    await bell.takeResponse(415);
    assert.equal(wishes, 1);
  });

  it("is sent as the RFC writes it", async () => {
    const { bell, call } = await talking();
    void call.requestPicture();
    const info = await bell.takeRequest("INFO");
    assert.equal(info.contentType, "application/media_control+xml");
    assert.match(info.body.toString(), /<to_encoder><picture_fast_update\/><\/to_encoder>/);
  });
});

describe("what an INVITE tells of its caller", () => {
  it("is who a server says it is, whom it wanted first, its subject, and the headers asked for", async () => {
    const { call } = await ringing(
      {
        headers: {
          "P-Asserted-Identity": '"Front door" <sip:8000@pbx>, <tel:+498912345>',
          Diversion: "<sip:6001@pbx>;reason=no-answer, <sip:100@pbx>;reason=unconditional",
          Subject: "Parcel",
          "Alert-Info": "<urn:alert:source:internal>",
          "X-Door": "north",
          "X-Other": "secret",
        },
      },
      { calls: { headers: ["X-Door", "Call-Info"] } },
    );
    assert.deepEqual(call.told, {
      asserted: { number: "8000", name: "Front door" },
      diversion: { number: "100", name: "", reason: "unconditional" },
      headers: { Subject: "Parcel", "Alert-Info": "<urn:alert:source:internal>", "X-Door": "north" },
    });
  });

  it("is read from the older Remote-Party-ID and from History-Info, too", async () => {
    const { call } = await ringing({
      headers: {
        "Remote-Party-ID": '"Door" <sip:503@pbx>;party=calling;screen=yes',
        "History-Info": "<sip:100@pbx?Reason=SIP%3Bcause%3D302>;index=1, <sip:777@pbx>;index=1.1",
      },
    });
    assert.deepEqual(call.told, {
      asserted: { number: "503", name: "Door" },
      diversion: { number: "100", name: "" },
      headers: {},
    });
    const plain = await ringing({ headers: { "History-Info": "<sip:777@pbx>;index=1" } });
    assert.deepEqual(plain.call.told, { headers: {} });
  });

  it("never is what a password could be found by", () => {
    for (const name of ["Authorization", "proxy-authorization", "WWW-Authenticate", "Authentication-Info", "Cookie"])
      assert.throws(() => checkCalls({ headers: [name] }), { code: "invalid" }, name);
    assert.deepEqual(checkCalls({ headers: ["X-Door"] }).headers, ["X-Door"]);
  });
});

describe("a phone that sends us elsewhere (RFC 3261 §8.1.3.4)", () => {
  it("says where, the likeliest first", async () => {
    const { phone, invite, ends } = await phones.calling();
    phone.respond(invite, 302, {
      headers: [["Contact", '<sip:6003@10.0.0.1>;q=0.2, "Mobile" <sip:6002@10.0.0.1>;q=0.9']],
    });
    await phone.takeRequest("ACK");
    assert.deepEqual(ends[0]?.redirect, ["sip:6002@10.0.0.1", "sip:6003@10.0.0.1"]);
  });
});
