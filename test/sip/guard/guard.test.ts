// The guard at work in an endpoint: limits, bans, scanners, who may call, and what strangers get to see.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Ban } from "../../../src/sip/guard/guard.ts";
import { SipRequest } from "../../../src/sip/message/message.ts";
import { authorize, parseChallenges } from "../../../src/digest.ts";
import { house, type House } from "../house.ts";
import { sdp, type Party } from "../party.ts";

/** What the guard told, in order. */
function told(endpoint: House["endpoint"]) {
  const bans: Ban[] = [];
  const lifted: string[] = [];
  const notices: string[] = [];
  endpoint.guard.on("banned", (ban) => bans.push(ban));
  endpoint.guard.on("lifted", ({ source }, why) => lifted.push(`${source} ${why}`));
  endpoint.guard.on("notice", (text) => notices.push(text));
  return { bans, lifted, notices };
}

/** Registers with a wrong password, so many times; each answer to a challenge of its own. */
async function fail(party: Party, times: number, login = party.user): Promise<void> {
  for (let n = 0; n < times; n++) {
    const first = party.request("REGISTER", { callId: `wrong-${login}-${n}-${party.heard.length}` });
    party.send(first);
    const challenge = await party.takeResponse(401);
    party.send(party.answerTo(challenge, first, `guess ${n}`, login));
    await party.settle();
  }
}

/** Whether the endpoint answers this party at all. */
async function isHeard(party: Party): Promise<boolean> {
  const before = party.heard.length;
  party.send(party.request("OPTIONS", { callId: `heard ${before}` }));
  await party.settle();
  return party.heard.length > before;
}

describe("limits per source", () => {
  it("leave unread what is beyond 100 messages a second, say so once, and hear the source again", async () => {
    const { party, endpoint, clock } = await house();
    const { notices } = told(endpoint);
    const [loud, quiet] = [party({}), party({})];
    for (let n = 0; n < 1000; n++) loud.send(loud.request("OPTIONS", { callId: `n${n}` }));
    await loud.settle();
    assert.equal(loud.heard.length, 500);
    assert.deepEqual(notices, [`${loud.host} sends more than 100 messages a second: what is beyond is not read`]);
    assert.equal(await isHeard(quiet), true);
    await clock.advance(1000);
    assert.equal(await isHeard(loud), true);
  });

  it("are wider for a device that has shown its password: a busy house never meets them", async () => {
    const { party, endpoint } = await house();
    const { notices } = told(endpoint);
    const phone = party({ user: "6001" });
    await phone.register("pw6001");
    for (let n = 0; n < 2000; n++) phone.send(phone.request("OPTIONS", { callId: `n${n}` }));
    await phone.settle();
    assert.equal(phone.count(200), 2001);
    assert.deepEqual(notices, []);
  });

  it("count the addresses of one IPv6 /64 together", async () => {
    const { endpoint } = await house({ guard: { limits: { perSource: 1 } } });
    const heard = Array.from({ length: 20 }, (_, n) => endpoint.guard.admits({ host: `2001:db8::${n}`, port: 5060 }));
    assert.equal(heard.filter(Boolean).length, 5);
    assert.equal(endpoint.guard.admits({ host: "2001:db8:0:1::1", port: 5060 }), true);
  });

  it("hold under forged sources: a number of them is remembered, strangers have one limit together", async () => {
    const { endpoint, clock, party } = await house();
    const { notices } = told(endpoint);
    const bell = party({ user: "8000" });
    await bell.register("pw8000");
    const timers = clock.pending;
    let heard = 0;
    for (let n = 0; n < 50_000; n++)
      if (endpoint.guard.admits({ host: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, port: n })) heard++;
    assert.ok(heard < 10_100, `${heard} of 50,000 were read`);
    const { sources } = endpoint.guard;
    assert.ok(sources >= 5_000 && sources <= 10_000, `${sources} are remembered`);
    assert.match(notices[0] ?? "", /^strangers send more than 2000 messages a second together/);
    assert.equal(clock.pending, timers);
    assert.equal(await isHeard(bell), true, "a registered bell is no stranger");
  });

  it("do not touch exempt addresses", async () => {
    const { endpoint } = await house({ guard: { limits: { perSource: 1 }, exempt: ["10.1.0.0/16"] } });
    for (let n = 0; n < 100; n++) assert.equal(endpoint.guard.admits({ host: "10.1.2.3", port: 5060 }), true);
  });
});

describe("bans", () => {
  it("come after ten wrong passwords, say for whom, and are silent for an hour", async () => {
    const { party, endpoint, clock } = await house();
    const { bans, lifted } = told(endpoint);
    const thief = party({ user: "6001" });
    await fail(thief, 9);
    assert.equal(await isHeard(thief), true);
    await fail(thief, 1);
    assert.deepEqual(
      bans.map(({ text }) => text),
      [`${thief.host} is banned for 1 h: 10 wrong passwords for 6001`],
    );
    assert.deepEqual(endpoint.guard.bans(), bans);
    await clock.advance(3_599_000);
    assert.equal(await isHeard(thief), false);
    await clock.advance(1_000);
    assert.equal(await isHeard(thief), true);
    assert.deepEqual(lifted, [`${thief.host} expired`]);
  });

  it("come after unknown logins too, each time for twice as long, up to a week", async () => {
    const { party, endpoint, clock } = await house();
    const { bans } = told(endpoint);
    const thief = party({ user: "9999" });
    for (let n = 0; n < 10; n++) {
      await fail(thief, 10, `try${n}`);
      await clock.advance((bans.at(-1)?.until ?? 0) - clock.now());
    }
    assert.equal(bans[0]?.text, `${thief.host} is banned for 1 h: 10 wrong answers, the last as "try0"`);
    assert.deepEqual(
      bans.map(({ since, until }) => (until - since) / 3_600_000),
      [1, 2, 4, 8, 16, 32, 64, 128, 168, 168],
    );
  });

  it("never come from requests without a password, old nonces, or one wrong answer that UDP repeats", async () => {
    const { party, endpoint, clock } = await house();
    const { bans } = told(endpoint);
    const phone = party({ user: "6001" });
    for (let n = 0; n < 50; n++) phone.send(phone.request("INVITE", { callId: `c${n}` }));
    const first = phone.request("REGISTER", { callId: "old" });
    phone.send(first);
    await phone.settle();
    const challenge = phone.heard.findLast((m) => m.callId === "old");
    assert.ok(challenge && !(challenge instanceof SipRequest));
    await clock.advance(301_000);
    for (let count = 1; count <= 20; count++) phone.send(phone.answerTo(challenge, first, "pw6001", "6001", count));
    const wrong = phone.answerTo(challenge, first, "wrong", "6001");
    for (let n = 0; n < 20; n++) phone.send(wrong);
    await phone.settle();
    assert.deepEqual(bans, []);
    assert.equal(await isHeard(phone), true);
  });

  it("cannot be brought upon an address by forging it: a nonce is good for the host that asked", async () => {
    const { party, endpoint } = await house();
    const { bans } = told(endpoint);
    const [thief, victim] = [party({ user: "6001" }), party({ user: "6001" })];
    for (let n = 0; n < 20; n++) {
      const first = thief.request("REGISTER", { callId: `c${n}` });
      thief.send(first);
      const challenge = await thief.takeResponse(401);
      victim.send(thief.answerTo(challenge, first, "wrong"));
      await victim.settle();
    }
    assert.deepEqual(bans, []);
    assert.equal(victim.count(403), 0);
  });

  it("hit only the login where another device at the address is registered", async () => {
    const { party, endpoint } = await house();
    const { bans } = told(endpoint);
    const bell = party({ host: "10.0.0.70", port: 5060, user: "8000" });
    await bell.register("pw8000");
    const wrong = party({ host: "10.0.0.70", port: 40_000, user: "6001" });
    await fail(wrong, 10);
    assert.deepEqual(
      bans.map(({ text }) => text),
      [
        "10.0.0.70 is banned as 6001 for 1 h: 10 wrong passwords for 6001; other devices at this address are registered and go on",
        '10.0.0.70 gets no word to wrong answers for 1 h: 10 wrong answers, the last as "6001"; other devices at this address are registered and go on',
      ],
    );
    const before = wrong.heard.length;
    await fail(wrong, 1).catch(() => {});
    assert.equal(wrong.heard.length, before + 1, "the challenge, and no word on the answer");
    // The bell comes back after a power cut, by another port of the NAT.
    const again = party({ host: "10.0.0.70", port: 40_001, user: "8000" });
    assert.equal((await again.register("pw8000", { callId: "again" })).status, 200);
  });

  it("leave the flow of a device that proved itself alone, where its neighbours were banned before", async () => {
    const { party, endpoint } = await house();
    const bell = party({ host: "10.0.0.70", port: 5060, user: "8000" });
    await bell.authenticated("INVITE", "pw8000", { to: "777" });
    const wrong = party({ host: "10.0.0.70", port: 40_000, user: "6001" });
    await fail(wrong, 10);
    assert.equal(endpoint.guard.bans().length, 1);
    assert.deepEqual([await isHeard(wrong), await isHeard(bell)], [false, true]);
  });

  it("can be lifted, by any address of the source", async () => {
    const { party, endpoint } = await house();
    const { lifted } = told(endpoint);
    const thief = party({ user: "6001" });
    await fail(thief, 10);
    assert.equal(endpoint.guard.lift("10.9.9.9"), 0);
    assert.equal(endpoint.guard.lift(thief.host), 1);
    assert.deepEqual([lifted, endpoint.guard.bans()], [[`${thief.host} lifted`], []]);
    assert.equal(await isHeard(thief), true);
  });

  it("can be set, and switched off", async () => {
    const strict = await house({ guard: { bans: { answers: 2, minutes: 5 } } });
    const { bans } = told(strict.endpoint);
    await fail(strict.party({ user: "6001" }), 2);
    assert.match(bans[0]?.text ?? "", /is banned for 5 min: 2 wrong passwords for 6001$/);
    const lax = await house({ guard: { bans: { answers: 0 } } });
    const clumsy = lax.party({ user: "6001" });
    await fail(clumsy, 30);
    assert.equal(await isHeard(clumsy), true);
  });

  it("are so many at most, and leave no timer when the endpoint closes", async () => {
    const { endpoint, clock } = await house({ guard: { bans: { answers: 1 } } });
    for (let n = 0; n < 1500; n++)
      endpoint.guard.wrong({ host: `10.1.${n >> 8}.${n & 255}`, port: 5060 }, "x", "login", `${n}`);
    assert.equal(endpoint.guard.bans().length, 1000);
    await endpoint.close();
    assert.equal(clock.pending, 0);
  });
});

describe("scanners", () => {
  const names = [
    "friendly-scanner",
    "sipvicious",
    "sipcli/v1.8",
    "sip-scan",
    "sundayddr",
    "VaxSIPUserAgent/3.1",
    "pplsip",
  ];
  it("get no answer at all", async () => {
    const { party, endpoint } = await house();
    const scanner = party({});
    for (const [n, name] of names.entries())
      for (const method of ["OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE"])
        scanner.send(scanner.request(method, { callId: `${method}${n}`, headers: { "User-Agent": name } }));
    await scanner.settle();
    assert.deepEqual([scanner.heard.length, endpoint.transactions.size], [0, 0]);
  });

  it("are answered where that is wished, to test one's own house", async () => {
    const { party } = await house({ guard: { scanners: "answer" } });
    const scanner = party({});
    scanner.send(scanner.request("OPTIONS", { headers: { "User-Agent": "friendly-scanner" } }));
    await scanner.takeResponse(200);
  });
});

describe("A8 who may call", () => {
  it("is a list of addresses: others get no answer to a call, or 403, but may register", async () => {
    for (const others of ["silent", "forbidden"] as const) {
      const { party, calls, refusals } = await house({ guard: { callers: { networks: ["10.0.0.70/31"], others } } });
      const [inside, outside] = [party({ host: "10.0.0.71" }), party({ host: "10.0.0.72" })];
      await inside.authenticated("INVITE", "pw8000", { to: "777" });
      assert.equal(calls.length, 1);
      outside.send(outside.request("INVITE", { callId: "c2", to: "777" }));
      await outside.settle();
      assert.deepEqual([outside.count(403), outside.heard.length], others === "silent" ? [0, 0] : [1, 1]);
      assert.match(refusals[0]?.text ?? "", /^INVITE from 10\.0\.0\.72:5060 refused: its address is not in the list/);
      await outside.register("pw8000");
    }
  });

  it("is a list of numbers, asked once it is known who calls", async () => {
    const { party, calls, refusals } = await house({ guard: { callers: { numbers: ["8000"], others: "forbidden" } } });
    await party({ user: "8000" }).authenticated("INVITE", "pw8000", { to: "777" });
    const other = party({ user: "6001" });
    await other.authenticated("INVITE", "pw6001", { to: "777", callId: "c2" });
    await other.takeResponse(403);
    assert.deepEqual([calls.length, refusals.length], [1, 1]);
    assert.match(refusals[0]?.text ?? "", /6001 is not in the list of those who may call$/);
  });

  it("says what is wrong with a list", async () => {
    await assert.rejects(house({ guard: { callers: { networks: ["10.0.0.0/99"] } } }), {
      message: 'guard: callers.networks: "10.0.0.0/99" must have a number from 0 to 32 behind the stroke',
    });
    await assert.rejects(house({ guard: { bans: { minutes: 0 } } }), {
      message: "guard: bans.minutes must be >= 1 (it is 0)",
    });
  });
});

describe("what a stranger gets to see", () => {
  /** An answer without what differs from one answer to the next by chance. */
  const bare = (text: string, number: string) =>
    text
      .replaceAll(number, "N")
      .replace(/nonce="[^"]*"/g, "nonce")
      .replace(/(tag=|branch=)[^;\r]*/g, "$1");

  it("is the same for numbers that exist and numbers that do not", async () => {
    const { party } = await house();
    for (const method of ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "BYE"]) {
      const answers = [];
      for (const number of ["6001", "8000", "6002", "0000"]) {
        const stranger = party({ user: number });
        stranger.send(stranger.request(method, { callId: `x-${method}`, from: "<sip:x@example.com>" }));
        await stranger.settle();
        assert.equal(stranger.heard.length, 1, `${method} ${number}`);
        answers.push(bare(stranger.heard[0]?.toBuffer().toString() ?? "", number).replaceAll(stranger.host, "H"));
      }
      assert.equal(new Set(answers).size, 1, answers.join("\n"));
    }
  });

  it("is the same for a wrong password and an unknown login", async () => {
    const { party } = await house();
    const answers = [];
    for (const login of ["6001", "nobody"]) {
      const stranger = party({ user: login });
      await fail(stranger, 1);
      answers.push(bare(stranger.heard[1]?.toBuffer().toString() ?? "", login).replaceAll(stranger.host, "H"));
    }
    assert.match(answers[0] ?? "", /^SIP\/2.0 403/);
    assert.equal(answers[0]?.replace(/wrong-\S*/g, ""), answers[1]?.replace(/wrong-\S*/g, ""));
  });
});

describe("amplification over UDP", () => {
  /** As short as a server may ask whether we are there. */
  const ping = (party: Party, callId: string) =>
    party.sendText(
      `OPTIONS sip:8000@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP ${party.host}:5060;rport;branch=z9hG4bK${callId}\r\n` +
        `Max-Forwards: 70\r\nFrom: <sip:ping@${party.host}>;tag=as1\r\nTo: <sip:8000@10.0.0.1>\r\nCall-ID: ${callId}\r\n` +
        "CSeq: 102 OPTIONS\r\nUser-Agent: PBX\r\nContent-Length: 0\r\n\r\n",
    );

  it("leaves a stranger's OPTIONS an answer, if a bare one", async () => {
    const { party, endpoint } = await house();
    const { notices } = told(endpoint);
    const stranger = party({});
    ping(stranger, "p1");
    assert.equal((await stranger.takeResponse(200)).get("allow"), undefined);
    assert.deepEqual(notices, []);
  });

  it("is none where a request of ours was answered: a server that looks whether its client is there is told all", async () => {
    const { party, endpoint } = await house();
    const server = party({ host: "10.0.0.200" });
    const from = { number: "8000", name: "Bell" };
    const call = await endpoint.callUri("sip:100@10.0.0.200", { from, sdp: sdp(4000) });
    server.respond(await server.takeRequest("INVITE"), 486);
    await server.takeRequest("ACK");
    assert.equal(call.end?.status, 486);
    ping(server, "p2");
    assert.match((await server.takeResponse(200)).get("allow") ?? "", /INVITE/);
  });

  it("is none: no answer to a stranger is larger than its cause, whatever is asked and however short", async () => {
    const { party, network, endpoint } = await house();
    const { notices } = told(endpoint);
    const stranger = party({});
    const text = (method: string, extra: string, via = "SIP/2.0/UDP a;branch=z9hG4bKa") =>
      `${method} sip:a SIP/2.0\r\nv:${via}\r\nf:<sip:a>;tag=a\r\nt:<sip:a>\r\ni:${method}${extra.length}\r\n` +
      `CSeq:1 ${method}\r\n${extra}\r\n`;
    for (const method of ["OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE", "CANCEL", "BYE"])
      for (let length = 0; length <= 300; length += 10) stranger.sendText(text(method, `a:${"x".repeat(length)}\r\n`));
    stranger.sendText(text("INVITE", "Require: a, b, c, d, e\r\n"));
    stranger.sendText(text("OPTIONS", "").replace("CSeq:1", "CSeq:x"));
    stranger.sendText(text("OPTIONS", "").replace("SIP/2.0\r\n", "SIP/9.0\r\n"));
    await stranger.settle();
    const asked = new Map<string, number>();
    for (const { from, message } of network.sent)
      if (message instanceof SipRequest && from.startsWith(stranger.host)) asked.set(message.callId, message.size);
    let answers = 0;
    for (const answer of stranger.heard) {
      answers++;
      assert.ok(answer.size <= (asked.get(answer.callId) ?? 0), answer.toBuffer().toString());
    }
    assert.ok(answers > 100, `only ${answers} were answered`);
    assert.match(
      notices[0] ?? "",
      /gets no answer to its .*: it would be longer .* add its address to the exempt ones$/,
    );
  });

  it("is none by repetition: a challenge goes once, without a transaction, and the same request gets the same tag", async () => {
    const { party, endpoint, clock } = await house();
    const stranger = party({ user: "6001" });
    const invite = stranger.request("INVITE", { to: "777", body: ["application/sdp", sdp(1)] });
    stranger.send(invite);
    await clock.advance(64_000);
    assert.deepEqual([stranger.count(401), endpoint.transactions.size, clock.pending], [1, 0, 0]);
    stranger.send(invite);
    await stranger.settle();
    const [first, second] = stranger.heard;
    assert.equal(first?.toTag, second?.toTag);
    assert.match(first?.toTag ?? "", /^\S{8,}$/);
  });

  it("is no matter to a device that has answered a challenge, nor over TCP", async () => {
    const { party } = await house();
    const short = (party: Party) =>
      party.sendText(
        `OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP ${party.host}:${party.port};branch=z9hG4bKa\r\nf:<sip:a>;tag=a\r\n` +
          `t:<sip:a>\r\ni:short\r\nCSeq:1 OPTIONS\r\nl:0\r\n\r\n`,
      );
    const [known, tcp] = [party({ user: "8000" }), party({ transport: "TCP" })];
    await known.register("pw8000");
    for (const peer of [known, tcp]) {
      short(peer);
      assert.equal((await peer.takeResponse(200)).get("allow")?.startsWith("INVITE"), true);
    }
  });

  it("offers a device that asks briefly the one challenge that all know", async () => {
    const { party } = await house();
    const device = party({ user: "8000" });
    const brief = device.request("REGISTER", { headers: { Expires: "60", "User-Agent": "Bell" } });
    device.send(brief);
    const challenge = await device.takeResponse(401);
    const [offer, ...more] = parseChallenges(challenge.all("www-authenticate"));
    assert.deepEqual([offer?.scheme, offer?.scheme === "digest" && offer.algorithm, more.length], ["digest", "MD5", 0]);
    device.send(device.answerTo(challenge, brief, "pw8000"));
    await device.takeResponse(200);
  });
});

describe("strangers inside of calls", () => {
  it("cannot cancel an INVITE that came from another host (RFC 3261 §9.1)", async () => {
    const { party, calls } = await house();
    const bell = party({ user: "8000" });
    const invite = await bell.authenticated("INVITE", "pw8000", { to: "777" });
    const cancel = (from: Party) =>
      from.send(from.request("CANCEL", { to: "777", via: invite.get("via") ?? "", seq: 2, callId: invite.callId }));
    const stranger = party({});
    cancel(stranger);
    await stranger.settle();
    assert.equal(calls[0]?.state, "ringing");
    cancel(bell);
    await bell.takeResponse(487);
    assert.equal(calls[0].state, "ended");
  });

  it("cannot end, change or acknowledge a call without its tags, and leave nothing behind", async () => {
    const { party, calls, endpoint } = await house();
    const bell = party({ user: "8000" });
    const invite = await bell.authenticated("INVITE", "pw8000", { to: "777", body: ["application/sdp", sdp(1)] });
    calls[0]?.answer(sdp(2));
    bell.ack(invite, await bell.takeResponse(200));
    await bell.settle();
    const transactions = endpoint.transactions.size;
    const stranger = party({});
    const { callId, toTag } = bell.heard.at(-1) ?? invite;
    for (const method of ["BYE", "INVITE", "INFO", "ACK"])
      for (const tags of [{ toTag: "guess" }, { toTag: "", fromTag: "ft" }])
        stranger.send(stranger.request(method, { to: "777", callId, seq: 9, ...tags }));
    stranger.send(stranger.request("BYE", { to: "777", callId, toTag, fromTag: "guess", seq: 9 }));
    for (let n = 0; n < 100; n++) stranger.send(stranger.request("ACK", { to: "777", callId, toTag: `g${n}` }));
    await stranger.settle();
    assert.equal(calls[0]?.state, "talking");
    assert.ok(endpoint.transactions.size <= transactions + 1);
  });

  it("cannot answer for others: a response without the branch of a request of ours is nobody's", async () => {
    const { party, endpoint } = await house();
    const phone = party({ user: "6001" });
    await phone.register("pw6001");
    const [contact] = endpoint.location.contacts("6001");
    assert.ok(contact);
    const call = await endpoint.callContact(contact, { from: { number: "8000", name: "Door" }, sdp: sdp(1) });
    const invite = await phone.takeRequest("INVITE");
    const stranger = party({});
    const forged = phone.respond(invite, 180);
    for (const [status, branch] of [
      [200, "z9hG4bKguess"],
      [486, ""],
    ] as const)
      stranger.sendText(
        `SIP/2.0 ${status} x\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=${branch}\r\nFrom: ${forged.get("from") ?? ""}\r\n` +
          `To: ${forged.get("to") ?? ""}\r\nCall-ID: ${forged.callId}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`,
      );
    await stranger.settle();
    assert.equal(call.state, "early");
  });
});

describe("digest answers that strangers could use again", () => {
  it("are bound to the host that was challenged: heard on the way, they are worth nothing elsewhere", async () => {
    const { party, endpoint } = await house();
    const [phone, thief] = [party({ user: "6001" }), party({ user: "6001" })];
    const first = phone.request("REGISTER", { callId: "r" });
    phone.send(first);
    const challenge = await phone.takeResponse(401);
    const [offer] = parseChallenges(challenge.all("www-authenticate"));
    assert.ok(offer?.scheme === "digest");
    // Without qop nothing is counted, as an old client has it (RFC 2069).
    const value = authorize(
      { ...offer, qop: [] },
      { username: "6001", password: "pw6001", method: "REGISTER", uri: first.uri, count: 1, cnonce: "" },
    );
    thief.send(thief.request("REGISTER", { callId: "t", headers: { Authorization: value } }));
    await thief.takeResponse(401);
    assert.deepEqual(endpoint.location.contacts(), []);
  });
});
