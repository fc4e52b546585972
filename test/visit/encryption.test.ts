// P3, P11 SRTP on either leg: per extension, door and account; the two legs each for itself.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, it } from "node:test";
import { Secret } from "../../src/secret.ts";
import type { Encryption } from "../../src/media/sdes.ts";
import { pcapOf } from "../../src/sip/trace/pcap.ts";
import { summaryOf, textOf } from "../../src/sip/trace/text.ts";
import type { DeviceOptions } from "../../src/visit/numbers/devices.ts";
import type { VisitEnd } from "../../src/visit/messages.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { Desk, sound, type Device, type Media } from "./desk.ts";
import { House } from "./house.ts";

const key = Buffer.alloc(30, 7).toString("base64");
const crypto = `1 AES_CM_128_HMAC_SHA1_80 inline:${key}`;
const secure = { protocol: "RTP/SAVP", crypto } as const;
const linesOf = (message: { readonly body: Buffer }) =>
  message.body
    .toString()
    .split("\r\n")
    .filter((line) => /^m=audio|^a=crypto/.test(line))
    .map((line) => line.replace(/inline:.*/, "…").replace(/ \d+ (RTP\S+) .*/, " # $1"));

describe("P3 encrypted sound", () => {
  const open: { close(): Promise<void> }[] = [];
  after(() => Promise.all(open.map((one) => one.close())));

  async function ringing(options: DeviceOptions) {
    const desk = await Desk.open();
    open.push(desk);
    const password = new Secret("pw6001");
    desk.switchboard.addExtension({ extension: "6001", name: "", password, ...options }, "extension 6001");
    const [phone, bell] = [await desk.phone("6001"), desk.device("8000")];
    const invite = await bell.dial("6001");
    const visit = desk.switchboard.lastVisit("front") ?? assert.fail();
    const outcome = visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"], seconds: 60 }));
    return { desk, phone, bell, invite, visit, outcome };
  }

  it("is offered to a phone that must have it, while the bell's stays as it is", async () => {
    const { phone, bell, invite } = await ringing({ encryption: "required" });
    const offer = await phone.pickUp(secure);
    assert.equal(linesOf(offer)[0], "m=audio # RTP/SAVP");
    assert.equal(linesOf(offer)[1], "a=crypto:1 AES_CM_128_HMAC_SHA1_80 …");
    assert.deepEqual(linesOf(await bell.answered(invite)), ["m=audio # RTP/AVP"]);
  });

  it("is offered beside plain RTP where it is optional, and left out by a phone that knows none", async () => {
    const { phone, bell, invite, visit } = await ringing({ encryption: "optional" });
    const offer = await phone.pickUp();
    assert.equal(linesOf(offer)[0], "m=audio # RTP/AVP");
    assert.equal(linesOf(offer).length, 4);
    await bell.answered(invite);
    assert.equal(visit.state, "talking");
  });

  it("is not offered where nothing is set", async () => {
    const { phone } = await ringing({});
    assert.deepEqual(linesOf(await phone.pickUp()), ["m=audio # RTP/AVP"]);
  });

  it("that is required and not given ends the phone's call, in a sentence, and the bell rings on elsewhere", async () => {
    const { desk, phone, outcome } = await ringing({ encryption: "required" });
    await phone.pickUp();
    await phone.hungUp();
    const { result, parties } = await outcome;
    assert.deepEqual([result, parties[0]?.status, parties[0]?.cause], ["unanswered", 488, 58]);
    assert.ok(desk.logged.some((text) => /6001 answered without usable sound: .*not encrypted.*required/.test(text)));
  });

  it("of the bell is taken though nothing is set, and the phone's stays plain", async () => {
    const desk = await Desk.open();
    open.push(desk);
    const { bell } = await desk.talking(secure);
    // The bell's offer has been answered by now; a hold shows what was settled.
    const answer = await bell.reoffer({ ...secure, direction: "sendonly" });
    assert.deepEqual(linesOf(answer), ["m=audio # RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 …"]);
  });

  it("that a door must have is refused with 488 where the bell offers none", async () => {
    const desk = await Desk.open();
    open.push(desk);
    const { switchboard } = desk;
    const password = new Secret("pw8001");
    const door = { id: "gate", name: "Gate", extension: "8001", preset: "generic", password, code: new Secret("1") };
    switchboard.addDoor(door, "door Gate", { encryption: "required" });
    const told = new Promise<VisitEnd>((resolve) =>
      switchboard.on("visit", ({ event, payload }) => event === "ended" && resolve(payload as VisitEnd)),
    );
    const bell = desk.device("8001");
    await bell.dial("6001");
    const { outcome, text } = await told;
    await bell.party.takeResponse(488);
    assert.equal(outcome, "failed");
    assert.match(text, /^Gate offers no sound that can be used here: .*not encrypted.*switch on SRTP/);
  });

  it("shows no key in a log, a ladder, a capture or a text", async () => {
    const { desk, phone, bell, invite } = await ringing({ encryption: "required" });
    const offer = await phone.pickUp(secure);
    await bell.answered(invite);
    const ours = [...offer.body.toString().matchAll(/inline:([^\r\n]+)/g)].map(([, one = ""]) => one);
    assert.equal(ours.length, 6);
    const { tracing } = desk.switchboard;
    const entries = tracing.entries();
    const shown = [
      ...desk.logged,
      JSON.stringify(tracing.ladder(offer.callId)),
      pcapOf(entries).toString("latin1"),
      ...entries.map(textOf),
      JSON.stringify(entries.map(summaryOf)),
      JSON.stringify(desk.events),
      JSON.stringify(tracing.diagnosis.findings()),
    ].join("\n");
    assert.match(shown, /AES_CM_128_HMAC_SHA1_80 inline:\*+/);
    for (const secret of [...ours, key]) assert.ok(!shown.includes(secret), "a key is shown");
  });
});

// H10 What was agreed may be asked away again: by who changes the messages on the way, or by a device that starts anew.
describe("P3, H10 encrypted sound that is to be taken away in the call", () => {
  const open: { close(): Promise<void> }[] = [];
  after(() => Promise.all(open.map((one) => one.close())));
  const underAvp = { crypto } as const;
  const unknown = { crypto: "1 F8_128_HMAC_SHA1_80 inline:AAAA" } as const;

  /** Two phones that talk; the first, 6002, has called, encrypted as it is offered here. */
  async function talking(encryption: Encryption, media: Media): Promise<{ desk: Desk; phone: Device; other: Device }> {
    const desk = await Desk.open();
    open.push(desk);
    const [phone, other] = [await desk.phone("6002", { encryption }), await desk.phone("6001")];
    const invite = await phone.dial("6001", {}, media);
    await other.pickUp();
    await phone.answered(invite);
    return { desk, phone, other };
  }

  const insisted = /6002 wanted to change the call: .*not encrypted, which is required/;

  for (const [name, media] of [
    ["RTP/SAVP", secure],
    ["RTP/AVP", underAvp],
  ] as const)
    it(`where it must be, is refused with 488 by re-INVITE and UPDATE, and the call agreed on as ${name} goes on with it`, async () => {
      const { desk, phone, other } = await talking("required", media);
      for (const method of ["INVITE", "UPDATE"])
        for (const less of [{}, unknown]) {
          desk.logged.length = 0;
          const request = await phone.send(method, { body: ["application/sdp", sound(less)] });
          const refusal = await phone.party.takeResponse(488);
          if (method === "INVITE") phone.party.ack(request, refusal);
          assert.match(desk.logged.join("\n"), insisted);
        }
      assert.deepEqual(linesOf(await phone.reoffer(media)), [
        `m=audio # ${name}`,
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 …",
      ]);
      assert.deepEqual([phone.party.count("BYE"), other.party.count("BYE")], [0, 0]);
    });

  for (const [name, media] of [
    ["RTP/SAVP", secure],
    ["RTP/AVP", underAvp],
  ] as const)
    it(`where it must be, is not given up by an answer to our own offer, though that was agreed on as ${name}`, async () => {
      const { desk, phone, other } = await talking("required", media);
      // The other one's hold is told to it by an offer of ours.
      await other.reoffer({ direction: "sendonly" });
      const offer = await phone.accept({ direction: "recvonly" });
      assert.deepEqual(linesOf(offer), [`m=audio # ${name}`, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 …"]);
      await phone.hungUp();
      await other.hungUp();
      assert.match(desk.logged.join("\n"), /6002 changed the call to what .*not encrypted, which is required/);
    });

  it("where it is only offered, is plain from then on, and the figures of the call say so", async () => {
    const desk = await Desk.open();
    open.push(desk);
    desk.addNumber("6001", { encryption: "optional" });
    const { bell, phone } = await desk.talking();
    assert.match(linesOf(await phone.reoffer(underAvp)).join(), /AES_CM_128_HMAC_SHA1_80/);
    assert.deepEqual(linesOf(await phone.reoffer({})), ["m=audio # RTP/AVP"]);
    await bell.send("BYE");
    await phone.hungUp();
    const { media } = await desk.ended();
    assert.deepEqual([media?.answerer?.codec, media?.answerer?.encrypted], ["PCMA/8000", undefined]);
  });

  it("where it must be, is not begun plain by a 200 after a 183 with a key", async () => {
    const desk = await Desk.open();
    open.push(desk);
    const [phone, other] = [await desk.phone("6001", { encryption: "required" }), await desk.phone("6002")];
    const invite = await other.dial("6001");
    const offer = await phone.party.takeRequest("INVITE");
    phone.party.respond(offer, 183, { tag: "tt", sdp: sound(secure) });
    await phone.party.settle();
    phone.party.respond(offer, 200, { tag: "tt", sdp: sound() });
    await phone.party.takeRequest("ACK");
    await phone.hungUp();
    other.party.ack(invite, await other.party.takeResponse(488));
    assert.match(desk.logged.join("\n"), /6001 answered without usable sound: .*not encrypted.*required/);
  });
});

describe("P3 encrypted sound to another server", () => {
  for (const [encryption, offered] of [
    ["required", true],
    ["off", false],
  ] as const satisfies [Encryption, boolean][])
    it(`is as the account says, and not as the extensions: ${encryption}`, async () => {
      const house = await House.open({}, undefined, {}, { devices: { encryption: offered ? "off" : "required" } });
      const provider = await House.open();
      try {
        const password = new Secret("a password");
        provider.switchboard.addExtension({ extension: "6100", name: "Us", password }, "the line");
        const { host, port } = provider.server;
        const line = { name: "provider", server: host, port, user: "6100", password, encryption };
        const registered = once(house.switchboard, "account");
        house.switchboard.addAccount(line, "account");
        await registered;
        await provider.phone("0301", { answerAfterMs: 10 });
        // The bell offers plain RTP: the door must not insist.
        house.switchboard.addDoor(
          {
            ...{ id: "gate", name: "Gate", extension: "8001", preset: "generic" },
            ...{ password, code: new Secret("1") },
          },
          "door Gate",
          { encryption: "off" },
        );
        const { bell } = await house.bell({ extension: "8001" });
        const visit = await house.pressed(bell);
        const outcome = await visit.answerBy(
          strategyOf({ strategy: "ring-all", targets: ["0301@provider"], seconds: 10 }),
        );
        assert.equal(outcome.result, "answered");
        assert.equal(/ RTP\/SAVP /.test(house.switchboard.tracing.entries().map(textOf).join("")), offered);
      } finally {
        await house.close();
        await provider.close();
      }
    });
});
