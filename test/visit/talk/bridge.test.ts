// What two legs change while they talk: holds, codecs, video, refreshes. RFC 3261 §14, RFC 3264 §8, RFC 4028.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Desk, directionOf, sound } from "../desk.ts";

describe("two that talk", () => {
  const desks: Desk[] = [];
  const open = async (calls = {}) => {
    const desk = await Desk.open(calls);
    desks.push(desk);
    return desk;
  };
  after(() => Promise.all(desks.map((desk) => desk.close())));

  it("N1 hold reaches the other side, and so does its end", async () => {
    const desk = await open();
    const { bell, phone } = await desk.talking();
    assert.equal(directionOf(await phone.reoffer({ direction: "sendonly" })), "recvonly");
    assert.equal(directionOf(await bell.accept({ direction: "recvonly" })), "sendonly");
    assert.equal(directionOf(await phone.reoffer({})), "sendrecv");
    assert.equal(directionOf(await bell.accept()), "sendrecv");
    await desk.clock.advance(10_000);
    assert.equal(bell.party.count("INVITE"), 2);
  });

  it("say nothing to the other side where nothing changes for it", async () => {
    const desk = await open();
    const { bell, phone } = await desk.talking();
    await phone.reoffer({ port: 4444 });
    await desk.clock.advance(5_000);
    assert.equal(bell.party.count("INVITE"), 0);
  });

  it("go on as they were where the other side refuses a hold", async () => {
    const desk = await open();
    const { bell, phone, visit } = await desk.talking();
    await phone.reoffer({ direction: "sendonly" });
    bell.party.respond(await bell.party.takeRequest("INVITE"), 488);
    await desk.clock.advance(1_000);
    assert.equal(visit.state, "talking");
  });

  it("N1 get a stream more: a video that one adds is offered to the other before it is answered", async () => {
    const desk = await open();
    const { bell, phone } = await desk.talking();
    const invite = await bell.send("INVITE", {
      body: ["application/sdp", sound({ video: true })],
    });
    const offered = await phone.party.takeRequest("INVITE");
    assert.match(offered.body.toString(), /m=video [1-9]\d* RTP\/AVP/);
    assert.equal(bell.party.count(200), 1, "not answered yet");
    phone.party.respond(offered, 200, { sdp: sound({ video: true }) });
    await phone.party.takeRequest("ACK");
    const answer = await bell.party.takeResponse(200);
    bell.party.ack(invite, answer);
    assert.match(answer.body.toString(), /m=video [1-9]\d* RTP\/AVP 99/);
  });

  it("get no video where the other side wants none, and talk on", async () => {
    const desk = await open();
    const { bell, phone } = await desk.talking();
    const invite = await bell.send("INVITE", {
      body: ["application/sdp", sound({ video: true })],
    });
    phone.party.respond(await phone.party.takeRequest("INVITE"), 488);
    const answer = await bell.party.takeResponse(200);
    bell.party.ack(invite, answer);
    assert.match(answer.body.toString(), /m=video 0 /);
  });

  it("N1 get another codec where one can no longer do the old one", async () => {
    const desk = await open();
    const { bell, phone } = await desk.talking();
    const invite = await phone.send("INVITE", {
      body: ["application/sdp", sound({ codecs: "96" })],
    });
    const offered = await bell.party.takeRequest("INVITE");
    assert.match(offered.body.toString(), /opus/);
    bell.party.respond(offered, 200, { sdp: sound({ codecs: "96" }) });
    await bell.party.takeRequest("ACK");
    const answer = await phone.party.takeResponse(200);
    phone.party.ack(invite, answer);
    assert.match(answer.body.toString(), /m=audio \d+ RTP\/AVP 96/);
  });

  it("N1 need not, where what one says is turned into what the other takes", async () => {
    const desk = await open();
    const { bell, phone } = await desk.talking();
    const invite = await phone.send("INVITE", { body: ["application/sdp", sound({ codecs: "9" })] });
    const answer = await phone.party.takeResponse(200);
    phone.party.ack(invite, answer);
    assert.match(answer.body.toString(), /m=audio \d+ RTP\/AVP 9/);
    assert.equal(bell.party.count("INVITE"), 0);
  });

  it("wish for a whole picture of each other (RFC 5168)", async () => {
    const desk = await open();
    const { bell, phone } = await desk.talking();
    const wish =
      "<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>";
    await phone.send("INFO", { body: ["application/media_control+xml", wish] });
    await phone.party.takeResponse(200);
    const passed = await bell.party.takeRequest("INFO");
    assert.match(passed.body.toString(), /picture_fast_update/);
    bell.party.respond(passed, 200);
  });

  it("RFC 3428 say something in writing, which the flow hears where it listens", async () => {
    const desk = await open();
    const { bell, visit } = await desk.talking();
    await bell.send("MESSAGE", { body: ["text/plain", "Parcel"] });
    await bell.party.takeResponse(405);
    desk.switchboard.on("message", (text) => desk.texts.push(text));
    await bell.send("MESSAGE", { body: ["text/plain", "Parcel"] });
    await bell.party.takeResponse(200);
    assert.deepEqual(desk.texts, [
      { from: "Front door", to: "6001", contentType: "text/plain", text: "Parcel", visit: visit.id },
    ]);
  });

  it("A9 end when one of them no longer answers the refreshes, and the other one hears why", async () => {
    const desk = await open({ sessionExpires: 90 });
    const { bell, phone, visit } = await desk.talking();
    await desk.clock.advance(45_100);
    // The phone answers its refresh; the bell is gone. Both are asked at the same time.
    await phone.accept();
    assert.equal(visit.state, "talking");
    await desk.clock.advance(16_000);
    assert.equal(visit.state, "ended");
    assert.equal((await phone.hungUp()).get("reason"), "Q.850;cause=102");
    assert.equal((await desk.ended()).cause, 102);
    assert.ok(bell.party.count("BYE") > 0);
  });

  it("are told why the other one ended (RFC 3326)", async () => {
    const desk = await open();
    const { bell, phone } = await desk.talking();
    await phone.send("BYE", { headers: { Reason: "Q.850;cause=27" } });
    assert.equal((await bell.hungUp()).get("reason"), "Q.850;cause=27");
  });
});
