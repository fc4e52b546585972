// X10: what is wrong is said in plain words. Each finding is produced by a device that does it; a house in which all is
// well produces none.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { giveUp } from "../../../src/errors.ts";
import { newBranch, newTag, replyTo } from "../../../src/sip/message/reply.ts";
import { lookAfterMs } from "../../../src/sip/trace/diagnosis.ts";
import { last } from "../house.ts";
import { sdp, type Party } from "../party.ts";
import { codes, only, watched, type Watched } from "./watched.ts";

/** Plays a call from the bell that the house answers. */
async function called({ calls }: Watched, bell: Party, acknowledge = true, body = sdp(4000)) {
  const wish = { to: "777", callId: newTag(), body: ["application/sdp", body] as const };
  const invite = await bell.authenticated("INVITE", "pw8000", wish);
  const call = last(calls);
  call.ring();
  call.answer(sdp(5000));
  const ok = await bell.takeResponse(200);
  if (acknowledge) bell.ack(invite, ok);
  await bell.settle();
  return { call, invite, ok };
}

describe("X10 a house in which all is well", () => {
  it("gives no finding: registrations, calls both ways, a busy phone, a call given up", async () => {
    const made = await watched();
    const { endpoint, party, clock } = made;
    const bell = party({ user: "8000" });
    const phone = party({ user: "6001", transport: "TCP" });
    for (let seq = 1; seq < 40; seq += 2) {
      await bell.register("pw8000", { seq });
      await phone.register("pw6001", { seq });
      await clock.advance(60_000);
    }
    for (let count = 0; count < 5; count++) {
      const { call } = await called(made, bell);
      call.hangUp();
      bell.respond(await bell.takeRequest("BYE"), 200);
    }
    for (const status of [486, 200]) {
      const [contact] = endpoint.location.contacts("6001");
      assert.ok(contact);
      const call = await endpoint.callContact(contact, { from: { number: "8000", name: "" }, sdp: sdp(5000) });
      phone.respond(await phone.takeRequest("INVITE"), status, { ...(status === 200 && { sdp: sdp(6000) }) });
      await phone.settle();
      call.hangUp();
      if (status === 200) phone.respond(await phone.takeRequest("BYE"), 200);
    }
    assert.deepEqual([await made.findings(), made.told], [[], []]);
  });

  it("leaves no timer behind, and does not look while nothing comes", async () => {
    const made = await watched();
    await made.party({ user: "8000" }).register("pw8000");
    made.endpoint.location.remove("8000");
    await made.clock.advance(64_000);
    assert.equal(made.clock.pending, 0);
    made.party({ user: "8000" }).sendText("x");
    await made.clock.advance(5);
    made.diagnosis.close();
    assert.equal(made.clock.pending, 0);
  });
});

describe("X10 a look at many messages", () => {
  /** A house to which so many messages came, the last of them a call to a number that nobody has. */
  async function after(messages: number) {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    for (let n = 1; n < messages; n++) bell.send(bell.request("OPTIONS", { callId: `${n}` }));
    bell.sendText(`INVITE sip:1 SIP/2.0\r\nMax-Forwards: 70\r\nx: ${"x".repeat(1300)}\r\n\r\n`);
    await bell.settle();
    return made;
  }

  it("is taken a few at a time, so that no call waits for it, and leaves none out", async () => {
    const { told, clock } = await after(100);
    await clock.advance(lookAfterMs);
    assert.deepEqual(codes(told), []);
    await clock.advance(1000);
    assert.deepEqual(codes(told), ["large-datagram"]);
  });

  it("reads what came during it a moment later", async () => {
    const { told, clock, party } = await after(100);
    const bell = party({ user: "8000" });
    await clock.advance(lookAfterMs);
    bell.sendText(`INVITE sip:1 SIP/2.0\r\nFrom: <sip:late@a>\r\nx: ${"x".repeat(1300)}\r\n\r\n`);
    await bell.settle();
    await clock.advance(1000);
    assert.equal(told.length, 1);
    await clock.advance(lookAfterMs);
    assert.deepEqual(codes(told), ["large-datagram", "large-datagram"]);
  });

  it("reads all at once for who asks", async () => {
    const { diagnosis, clock } = await after(100);
    assert.deepEqual(codes(diagnosis.findings()), ["large-datagram"]);
    await clock.advance(64_000);
    diagnosis.close();
    assert.equal(clock.pending, 0);
  });
});

describe("X10 findings about registrations", () => {
  it("a wrong password, since when and how often, until it is right", async () => {
    const made = await watched({ guard: { bans: { answers: 0 } } });
    const bell = made.party({ user: "8000" });
    for (let seq = 1; seq < 20; seq += 2) {
      await bell.authenticated("REGISTER", "wrong", { seq, callId: "r" });
      await made.clock.advance(60_000);
    }
    const finding = await only(made, "refused");
    assert.deepEqual([finding.subject, finding.severity, finding.count], ["8000", "error", 10]);
    assert.match(finding.text, /wrong password for "8000"/);
    assert.equal(finding.firstAt.slice(11, 16), "00:00");
    assert.equal(finding.lastAt.slice(11, 16), "00:09");
    assert.deepEqual(codes(made.told), ["refused"]);
    await bell.register("pw8000", { seq: 50 });
    assert.deepEqual(await made.findings(), []);
  });

  it("a device that authenticates as another", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    const first = bell.request("REGISTER", { callId: "r" });
    bell.send(first);
    bell.send(bell.answerTo(await bell.takeResponse(401), first, "pw6001", "6001"));
    await bell.settle();
    assert.match((await only(made, "refused")).text, /8000 authenticates as "6001", which is 6001/);
  });

  it("somebody who tries one number after another is one finding, not a hundred", async () => {
    const made = await watched({ guard: { bans: { answers: 0 } } });
    const scanner = made.party({ user: "100" });
    for (let number = 100; number < 130; number++) {
      const first = scanner.request("REGISTER", {
        to: String(number),
        from: `<sip:${number}@x>`,
        callId: `c${number}`,
      });
      scanner.send(first);
      scanner.send(scanner.answerTo(await scanner.takeResponse(401), first, "guess", String(number)));
      await scanner.settle();
    }
    const found = await made.findings();
    assert.equal(found.filter(({ code }) => code === "refused").length, 5);
    const many = found.find(({ code }) => code === "many-logins");
    assert.deepEqual([many?.subject, many?.count], ["10.0.0.10", 25]);
  });

  it("a device that was wrong so often that it is not heard any more, until it is", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    for (let seq = 1; seq < 20; seq += 2) await bell.authenticated("REGISTER", "wrong", { seq, callId: "r" });
    const found = await made.findings();
    const banned = found.find(({ code }) => code === "banned");
    assert.deepEqual([banned?.subject, banned?.severity], ["10.0.0.10", "error"], JSON.stringify(found));
    made.endpoint.guard.lift("10.0.0.10");
    assert.ok(!codes(await made.findings()).includes("banned"));
  });

  it("a bell that registers every 5 seconds, until it does so seldom", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    for (let seq = 1; seq < 10; seq += 2) {
      await bell.register("pw8000", { seq });
      await made.clock.advance(5_000);
    }
    const finding = await only(made, "registers-often");
    assert.equal(finding.text, "8000 at 10.0.0.10 registers every 5 s");
    for (let seq = 11; seq < 20; seq += 2) {
      await bell.register("pw8000", { seq });
      await made.clock.advance(60_000);
    }
    assert.deepEqual(await made.findings(), []);
  });

  it("a device behind a router", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000", host: "203.0.113.7" });
    await bell.register("pw8000", { headers: { Contact: "<sip:8000@192.168.1.20:5060>" } });
    const finding = await only(made, "behind-nat");
    assert.deepEqual([finding.severity, finding.subject], ["info", "8000"]);
    assert.match(finding.text, /^8000 calls itself 192\.168\.1\.20, but comes from 203\.0\.113\.7/);
  });

  it("a device that registers through a proxy is not behind a router for that", async () => {
    const made = await watched();
    const headers = { Contact: "<sip:8000@192.168.1.20:5060>", Path: "<sip:10.0.0.10;lr>" };
    const via = `SIP/2.0/UDP 10.0.0.10:5060;branch=${newBranch()};rport, SIP/2.0/UDP 192.168.1.20;branch=z9hG4bKx`;
    await made.party({ user: "8000" }).register("pw8000", { headers: { ...headers, Via: via } });
    assert.deepEqual(await made.findings(), []);
  });

  it("a router that forgets the way between two registrations", async () => {
    const made = await watched();
    for (let count = 0; count < 4; count++) {
      const bell = made.party({ user: "8000", host: "203.0.113.7", port: 61000 + count });
      await bell.register("pw8000", {
        seq: 1 + count * 2,
        headers: {
          Contact: "<sip:8000@203.0.113.7:5060>",
          Via: `SIP/2.0/UDP 203.0.113.7:5060;rport;branch=${newBranch()}`,
        },
      });
      await made.clock.advance(300_000);
    }
    assert.match(
      (await only(made, "port-changes")).text,
      /^8000 registers each time from another port, now 203\.0\.113\.7:61003/,
    );
  });

  it("new ports of TCP connections are no sign of anything", async () => {
    const made = await watched();
    for (let count = 0; count < 6; count++) {
      const phone = made.party({ user: "6001", host: "10.0.0.50", port: 7000 + count, transport: "TCP" });
      await phone.register("pw6001", {
        seq: 1 + count * 2,
        headers: { Contact: "<sip:6001@10.0.0.50;transport=tcp>" },
      });
      await made.clock.advance(300_000);
    }
    assert.deepEqual(await made.findings(), []);
  });

  it("a device that answers each challenge with an old nonce, until it gets in", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    await bell.register("pw8000");
    const first = bell.request("REGISTER", { callId: "r", seq: 10 });
    bell.send(first);
    const challenge = await bell.takeResponse(401);
    let seq = 20;
    const again = () => bell.answerTo(challenge, bell.request("REGISTER", { callId: "r", seq: seq++ }), "pw8000");
    bell.send(again());
    await bell.settle();
    for (let count = 0; count < 4; count++) {
      bell.send(again());
      await bell.takeResponse(401);
      await made.clock.advance(30_000);
    }
    assert.match((await only(made, "challenge-loop")).text, /^8000 at 10\.0\.0\.10 knows its password/);
    await bell.register("pw8000", { seq: 40 });
    assert.deepEqual(await made.findings(), []);
  });
});

describe("X10 findings about calls", () => {
  it("an answer that is never acknowledged, until one is", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    const { call } = await called(made, bell, false);
    await made.clock.advance(32_000);
    const finding = await only(made, "no-ack");
    assert.match(finding.text, /^8000 at 10\.0\.0\.10 does not acknowledge .* cannot reach us at 10\.0\.0\.1:5060$/);
    assert.equal(call.state, "ended");
    bell.inbox = [];
    await called(made, bell);
    assert.deepEqual(await made.findings(), []);
  });

  it("sound that is wanted at an address of another network", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000", host: "203.0.113.7" });
    await called(made, bell, true, sdp(4000).replaceAll("10.0.0.9", "192.168.1.20"));
    const finding = await only(made, "private-media");
    assert.match(finding.text, /^8000 wants its sound at 192\.168\.1\.20, but comes from 203\.0\.113\.7/);
  });

  it("a telephone system whose sound is at another machine of the same network is in order", async () => {
    const made = await watched();
    await called(made, made.party({ user: "8000" }), true, sdp(4000).replaceAll("10.0.0.9", "10.0.0.77"));
    assert.deepEqual(await made.findings(), []);
  });

  it("RFC 4568 §8.3 keys of encrypted sound that go without TLS, without showing them; by TLS all is well", async () => {
    const made = await watched();
    const key = Buffer.alloc(30, 7).toString("base64");
    const body = `${sdp(4000)}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}\r\n`;
    await called(made, made.party({ user: "8000" }), true, body);
    const finding = await only(made, "open-keys");
    assert.match(finding.text, /^the keys of the encrypted sound of 8000 go over UDP, in the clear/);
    assert.ok(!JSON.stringify(finding).includes(key.slice(0, 10)));
    // The same bell, by TLS from now on.
    const caller = made.party({ user: "8000" });
    const invite = caller.request("INVITE", { body: ["application/sdp", body] }).toBuffer();
    made.endpoint.trace.note("in", invite, { ...caller.flow, transport: "TLS" });
    assert.deepEqual(await made.findings(), []);
  });

  it("a phone that cannot use the codecs it is offered", async () => {
    const made = await watched();
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001");
    const [contact] = made.endpoint.location.contacts("6001");
    assert.ok(contact);
    const offer = `${sdp(5000)}a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n`;
    await made.endpoint.callContact(contact, { from: { number: "8000", name: "" }, sdp: offer });
    phone.respond(await phone.takeRequest("INVITE"), 488);
    await phone.settle();
    const finding = await only(made, "no-codec");
    assert.equal(finding.text, "6001 at 10.0.0.10 cannot use the sound it was offered (offered were PCMA, PCMU)");
  });

  it("a bell that offers nothing we can use", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    const body = ["application/sdp", `${sdp(4000)}a=rtpmap:18 G729/8000\r\n`] as const;
    await bell.authenticated("INVITE", "pw8000", { to: "777", body });
    last(made.calls).reject(488);
    await bell.settle();
    const finding = await only(made, "no-codec");
    assert.equal(finding.text, "8000 at 10.0.0.10 offers no sound that can be used (offered were G729)");
  });

  it("a number that does not exist", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    await bell.authenticated("INVITE", "pw8000", { to: "999", body: ["application/sdp", sdp(4000)] });
    last(made.calls).reject(404);
    await bell.settle();
    const finding = await only(made, "unknown-number");
    assert.equal(finding.text, "8000 at 10.0.0.10 dials 999, which is no number here");
  });
});

describe("X10 findings about the network between", () => {
  it("a device that does not answer, until it does", async () => {
    const made = await watched();
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 3600 });
    const [contact] = made.endpoint.location.contacts("6001");
    assert.ok(contact);
    const call = () => made.endpoint.callContact(contact, { from: { number: "8000", name: "" }, sdp: sdp(5000) });
    await call();
    await made.clock.advance(40_000);
    const finding = await only(made, "no-answer");
    assert.equal(finding.text, "6001 does not answer INVITE at 10.0.0.10:5060 by UDP, sent 5 times");
    phone.inbox = [];
    await call();
    phone.respond(await phone.takeRequest("INVITE"), 486);
    await phone.settle();
    assert.deepEqual(await made.findings(), []);
  });

  it("packets that are lost", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    for (let seq = 1; seq < 20; seq += 2) {
      await bell.register("pw8000", { seq, expires: 600 });
      await made.clock.advance(60_000);
      // What the bell does when our answer was lost on its way.
      const repeated = bell.request("OPTIONS", { seq, callId: `o${seq}` });
      bell.send(repeated);
      await made.clock.advance(500);
      if (seq % 4 === 1) bell.send(repeated);
      await made.clock.advance(500);
      bell.inbox = [];
    }
    const finding = await only(made, "packet-loss");
    assert.match(finding.text, /^of the last 27 requests to and from 10\.0\.0\.10, 5 had to be sent again/);
  });

  it("a router that rewrites what we wrote", async () => {
    const made = await watched();
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001");
    const [contact] = made.endpoint.location.contacts("6001");
    assert.ok(contact);
    await made.endpoint.callContact(contact, { from: { number: "8000", name: "" }, sdp: sdp(5000) });
    const response = replyTo(await phone.takeRequest("INVITE"), 486, "tag");
    const { via } = response;
    assert.ok(via);
    response.replaceVia({ ...via, host: "198.51.100.1" });
    phone.send(response);
    await phone.settle();
    const finding = await only(made, "rewritten");
    assert.match(
      finding.text,
      /our own address in its answers came back as 198\.51\.100\.1:5060 instead of 10\.0\.0\.1:5060/,
    );
  });

  it("a router that makes a message shorter without saying so in it", async () => {
    const made = await watched();
    const bell = made.party({ user: "8000" });
    const invite = bell
      .request("INVITE", { to: "777", body: ["application/sdp", sdp(4000)] })
      .toBuffer()
      .toString();
    bell.sendText(invite.replaceAll("10.0.0.9", "1.1.1.1").replace("1.1.1.1", "1.1.1"));
    await bell.settle();
    assert.match((await only(made, "rewritten")).text, /not as long as it says/);
  });

  it("a device that does not trust our certificate, told once for all its connections", async () => {
    const made = await watched();
    for (const port of [40001, 40002]) {
      const from = `10.0.0.50:${port}`;
      const text = `${from} does not trust our certificate: load it into that device`;
      made.endpoint.emit("trouble", giveUp("tls-client", text, { data: { from } }));
    }
    const finding = await only(made, "tls");
    assert.deepEqual([finding.subject, finding.count, made.told.length], ["10.0.0.50", 2, 1]);
  });

  it("datagrams that are so large that they travel in pieces", async () => {
    const made = await watched();
    await called(made, made.party({ user: "8000" }), true, sdp(4000) + "a=x:".padEnd(1500, "x") + "\r\n");
    const finding = await only(made, "large-datagram");
    assert.match(finding.text, /^8000 at 10\.0\.0\.10 sends INVITE with \d{4} bytes by UDP/);
  });
});
