// Keys in the session description (SDES, RFC 4568): what is read, written, offered, taken and refused.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import type { Kind } from "../../src/media/codec.ts";
import { OfferAnswer } from "../../src/media/offer-answer.ts";
import { keysOf, parseCrypto, writeCrypto, type Encryption } from "../../src/media/sdes.ts";
import { suites } from "../../src/media/suites.ts";
import { fixture } from "./fixture.ts";
import { seeded } from "./seeded.ts";
import { suiteNames } from "./srtp/keys.ts";

const random = seeded(4568);
const randomBytes = (count: number) => Buffer.from(Array.from({ length: count }, () => random(256)));

let port = 30_000;
function leg(encryption: Encryption = "off"): OfferAnswer {
  const ports = new Map((["audio", "video"] as const).map((kind): [Kind, number] => [kind, (port += 2)]));
  const made = new OfferAnswer({ advertise: "192.0.2.9", ports, id: port, randomBytes });
  made.encryption = encryption;
  return made;
}

const sdp = (...lines: string[]) =>
  ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...lines, ""].join("\r\n");
const audio = (protocol: string, ...more: string[]) => sdp(`m=audio 4000 ${protocol} 8`, ...more);
const inline = (suite: keyof typeof suites, fill: number) =>
  `inline:${Buffer.alloc(suites[suite].keyBytes + suites[suite].saltBytes, fill).toString("base64")}`;
const eighty = "AES_CM_128_HMAC_SHA1_80";
const line = (tag: number, suite: keyof typeof suites = eighty, fill = tag) =>
  `a=crypto:${tag} ${suite} ${inline(suite, fill)}`;
const cryptos = (text: string) => text.split("\r\n").filter((l) => l.startsWith("a=crypto:"));
const protocols = (text: string) => [...text.matchAll(/^m=\S+ (\d+) (\S+)/gm)].map(([, , protocol]) => protocol);
const names = (text: string) => cryptos(text).map((l) => l.slice("a=crypto:".length).split(" ", 2).join(" "));
const keys = (text: string) => cryptos(text).map((l) => /inline:([^|]+)/.exec(l)?.[1]);
const fails = (code: string, words: RegExp) => (e: unknown) =>
  e instanceof PorteroError && e.code === code && words.test(e.message);
const settled = (made: OfferAnswer, kind: Kind = "audio") => {
  const secured = made.agreed(kind)?.secured;
  return secured && keysOf(secured);
};

describe("RFC 4568 §9.1 a line a=crypto", () => {
  for (const suite of suiteNames)
    it(`is read and written with ${suite}`, () => {
      const text = `1 ${suite} ${inline(suite, 5)}`;
      const read = parseCrypto(text) ?? assert.fail();
      assert.equal(read.key.suite, suite);
      assert.equal(writeCrypto(read), `crypto:${text}`);
    });

  const key = inline(eighty, 1);
  for (const [what, text] of [
    ["a lifetime", `1 ${eighty} ${key}|2^20`],
    ["a lifetime as a number", `1 ${eighty} ${key}|1048576`],
    ["hints", `1 ${eighty} ${key} KDR=0 WSH=128`],
    ["what is marked as not to be minded", `1 ${eighty} ${key} -SHINY=1`],
    ["small letters and tabs", ` 1\t${eighty.toLowerCase()}  ${key}`],
    ["the former name of a suite", `3 AES_CM_256_HMAC_SHA1_80 ${inline("AES_256_CM_HMAC_SHA1_80", 1)}`],
  ] as const)
    it(`may have ${what}`, () => assert.ok(parseCrypto(text)));

  for (const [what, text] of [
    ["UNENCRYPTED_SRTCP", `1 ${eighty} ${key} UNENCRYPTED_SRTCP`],
    ["UNENCRYPTED_SRTCP behind another parameter", `1 ${eighty} ${key} WSH=64 UNENCRYPTED_SRTCP`],
    ["UNENCRYPTED_SRTP", `1 ${eighty} ${key} UNENCRYPTED_SRTP`],
    ["UNAUTHENTICATED_SRTP", `1 ${eighty} ${key} UNAUTHENTICATED_SRTP`],
    ["keys derived anew", `1 ${eighty} ${key} KDR=24`],
    ["forward error correction", `1 ${eighty} ${key} FEC_ORDER=FEC_SRTP`],
    ["a parameter that nobody knows", `1 ${eighty} ${key} SHINY=1`],
    ["a suite that nobody knows", `1 F8_128_HMAC_SHA1_80 ${key}`],
    ["two keys", `1 ${eighty} ${key}|2^20|1:4;${key}|2^20|2:4`],
    ["another way to give the key", `1 ${eighty} uri:https://example.org/key`],
    ["a key that is too short", `1 ${eighty} inline:${Buffer.alloc(29).toString("base64")}`],
    ["a key for another suite", `1 ${eighty} ${inline("AEAD_AES_128_GCM", 1)}`],
    ["a key identifier that is longer than it says", `1 ${eighty} ${key}|2^20|65536:2`],
    ["a key identifier of no bytes", `1 ${eighty} ${key}|1:0`],
    ["a tag that is no number", `x ${eighty} ${key}`],
    ["no key", `1 ${eighty}`],
    ["nothing", ""],
    ["the name of a method of objects", `1 constructor ${key}`],
  ] as const)
    it(`is not used with ${what}`, () => assert.equal(parseCrypto(text), undefined));

  it("§6.1: has a key identifier, with a lifetime or without", () => {
    assert.equal(parseCrypto(`1 ${eighty} ${key}|2^31|1:1`)?.key.mki, "01");
    assert.equal(parseCrypto(`1 ${eighty} ${key}|66051:4`)?.key.mki, "00010203");
    const read = parseCrypto(`1 ${eighty} ${key}|66051:4`) ?? assert.fail();
    assert.equal(writeCrypto(read), `crypto:1 ${eighty} ${key}|66051:4`);
  });

  it("survives 5000 mutations", () => {
    const whole = `1 ${eighty} ${key}|2^20|1:4 KDR=0`;
    for (let i = 0; i < 5000; i++) {
      const at = random(whole.length);
      parseCrypto(whole.slice(0, at) + String.fromCharCode(random(128)) + whole.slice(at + random(3)));
    }
  });
});

describe("our offer", () => {
  it("off: has no keys, and stays as it always was", () => {
    const offer = leg().offer();
    assert.deepEqual([protocols(offer), cryptos(offer)], [["RTP/AVP"], []]);
  });

  it("optional (RFC 8643): has keys under RTP/AVP, so that who knows no SRTP still talks", () => {
    const offer = leg("optional").offer();
    assert.deepEqual(protocols(offer), ["RTP/AVP"]);
    assert.deepEqual(names(offer), [`1 ${eighty}`, "2 AES_CM_128_HMAC_SHA1_32", "3 AEAD_AES_128_GCM"]);
  });

  it("required: RTP/SAVP, with every suite", () => {
    const offer = leg("required").offer();
    assert.deepEqual(protocols(offer), ["RTP/SAVP"]);
    assert.deepEqual(
      names(offer)
        .map((n) => n.slice(2))
        .sort(),
      [...suiteNames].sort(),
    );
  });

  it("has a key of its own in every line, every m-line and every fork", () => {
    const bell = leg();
    bell.receiveOffer(sdp("m=audio 4000 RTP/AVP 8", "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000"));
    const offers = [leg("required").offer(bell), leg("required").offer(bell)];
    const all = offers.flatMap(keys);
    assert.equal(all.length, 24);
    assert.equal(new Set(all).size, 24);
  });

  it("is the same again when it is sent again, as after a question for the password", () => {
    const phone = leg("optional");
    assert.equal(phone.offer(), phone.offer());
  });
});

describe("the answer to our offer", () => {
  it("settles the suite by its tag: our key of this line, and theirs", () => {
    const phone = leg("optional");
    const own = keys(phone.offer())[1];
    phone.receiveAnswer(audio("RTP/AVP", line(2, "AES_CM_128_HMAC_SHA1_32", 9)));
    assert.deepEqual(settled(phone), {
      send: { suite: "AES_CM_128_HMAC_SHA1_32", key: own },
      receive: { suite: "AES_CM_128_HMAC_SHA1_32", key: Buffer.alloc(30, 9).toString("base64") },
    });
  });

  it("without a key is plain RTP where encryption is optional", () => {
    const phone = leg("optional");
    phone.offer();
    phone.receiveAnswer(audio("RTP/AVP"));
    assert.ok(phone.agreed("audio"));
    assert.equal(settled(phone), undefined);
  });

  it("without a key is refused in a sentence where it is required", () => {
    for (const answer of [audio("RTP/AVP"), audio("RTP/SAVP")]) {
      const phone = leg("required");
      phone.offer();
      assert.throws(
        () => phone.receiveAnswer(answer),
        fails(answer.includes("SAVP") ? "no-codec" : "not-encrypted", /SRTP|gives no key/),
      );
      assert.equal(phone.agreed("audio"), undefined);
    }
  });

  it("with a key for nothing that was offered, or one that cannot be used, is refused: its sound would be noise", () => {
    for (const crypto of [line(1, "AEAD_AES_256_GCM"), `${line(1)} UNENCRYPTED_SRTCP`, "a=crypto:1 x inline:y"]) {
      const phone = leg("optional");
      phone.offer();
      assert.throws(() => phone.receiveAnswer(audio("RTP/AVP", crypto)), fails("not-encrypted", /not encrypted/));
    }
  });

  it("may have another tag, as some write it: each suite was offered once", () => {
    const phone = leg("optional");
    phone.offer();
    phone.receiveAnswer(audio("RTP/AVP", line(1, "AEAD_AES_128_GCM")));
    assert.equal(settled(phone)?.send.suite, "AEAD_AES_128_GCM");
  });

  it("with a key that nobody asked for is plain RTP", () => {
    const phone = leg();
    phone.offer();
    phone.receiveAnswer(audio("RTP/AVP", line(1)));
    assert.equal(settled(phone), undefined);
  });

  it("without a key for the video leaves the video out where it is required, and the sound in", () => {
    const [bell, phone] = [leg(), leg("required")];
    bell.receiveOffer(sdp("m=audio 4000 RTP/AVP 8", "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000"));
    phone.offer(bell);
    phone.receiveAnswer(sdp("m=audio 4000 RTP/SAVP 8", line(1), "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000"));
    assert.ok(settled(phone));
    assert.equal(phone.agreed("video"), undefined);
  });
});

describe("our answer", () => {
  for (const protocol of ["RTP/AVP", "RTP/SAVP", "RTP/SAVPF"])
    it(`takes an offer of keys under ${protocol}, whatever is set here: one suite, its tag, a key of our own`, () => {
      for (const encryption of ["off", "optional", "required"] as const) {
        const phone = leg(encryption);
        phone.receiveOffer(audio(protocol, line(4, "AEAD_AES_256_GCM"), line(7)));
        const answer = phone.answer();
        assert.deepEqual([protocols(answer), names(answer)], [[protocol], ["4 AEAD_AES_256_GCM"]]);
        assert.equal(settled(phone)?.receive.key, Buffer.alloc(44, 4).toString("base64"));
        assert.equal(settled(phone)?.send.key, keys(answer)[0]);
        assert.notEqual(settled(phone)?.send.key, settled(phone)?.receive.key);
      }
    });

  it("takes the first of three suites that Yealink's guides show, of which we know two", () => {
    const phone = leg();
    phone.receiveOffer(fixture("yealink-like-srtp-offer"));
    assert.deepEqual(names(phone.answer()), [`1 ${eighty}`]);
    const second = fixture("yealink-like-srtp-offer").replace(/a=crypto:1.*\r?\n/, "");
    phone.receiveOffer(second);
    assert.deepEqual(names(phone.answer()), ["2 AES_CM_128_HMAC_SHA1_32"]);
  });

  it("echoes a suite by the name that the other side gives it", () => {
    const phone = leg();
    phone.receiveOffer(audio("RTP/SAVP", `a=crypto:1 AES_CM_256_HMAC_SHA1_80 ${inline("AES_256_CM_HMAC_SHA1_80", 1)}`));
    assert.deepEqual(names(phone.answer()), ["1 AES_CM_256_HMAC_SHA1_80"]);
  });

  it("marks its packets as the other side does (§6.1)", () => {
    const phone = leg();
    phone.receiveOffer(audio("RTP/SAVP", `${line(1)}|2^31|7:4`));
    assert.match(phone.answer(), /\|1:4\r\n/);
    assert.deepEqual([settled(phone)?.receive.mki, settled(phone)?.send.mki], ["00000007", "00000001"]);
  });

  it("passes over lines that cannot be used, and without any other is plain under RTP/AVP", () => {
    const phone = leg();
    phone.receiveOffer(audio("RTP/AVP", `${line(1)} UNENCRYPTED_SRTCP`, line(2)));
    assert.deepEqual(names(phone.answer()), [`2 ${eighty}`]);
    phone.receiveOffer(audio("RTP/AVP", `${line(1)} UNENCRYPTED_SRTCP`));
    assert.deepEqual(cryptos(phone.answer()), []);
  });

  it("refuses RTP/SAVP without a line that can be used, and a browser without ICE, in sentences that say what to allow", () => {
    const refused = (text: string, words: RegExp) =>
      assert.throws(() => leg().receiveOffer(text), fails("no-codec", words));
    refused(audio("RTP/SAVP", `${line(1)} KDR=5`), /RTP\/SAVP\), but by no suite that we know; allow AES_CM_128/);
    refused(audio("RTP/SAVP"), /gives no key/);
    refused(audio("UDP/TLS/RTP/SAVPF"), /a browser's \(UDP\/TLS\/RTP\/SAVPF\) without all that is needed: ICE/);
  });

  it("refuses plain RTP where encryption is required, and says what to do", () => {
    assert.throws(
      () => leg("required").receiveOffer(audio("RTP/AVP")),
      fails("not-encrypted", /switch on SRTP \(SDES\) there, or require it no longer/),
    );
  });

  it("takes the encrypted one of two lines for one sound where encryption is required", () => {
    const phone = leg("required");
    phone.receiveOffer(sdp("m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/SAVP 8", line(1)));
    const answer = phone.answer();
    assert.deepEqual(
      [...answer.matchAll(/^m=audio (\d+)/gm)].map(([, at]) => at !== "0"),
      [false, true],
    );
  });
});

describe("the two legs", () => {
  it("are encrypted each for itself", () => {
    const [bell, phone] = [leg(), leg("required")];
    bell.receiveOffer(audio("RTP/AVP"));
    const offer = phone.offer(bell);
    phone.receiveAnswer(audio("RTP/SAVP", line(1)));
    const answer = bell.answer(phone);
    assert.deepEqual([protocols(offer), protocols(answer)], [["RTP/SAVP"], ["RTP/AVP"]]);
    assert.equal(settled(bell), undefined);
    assert.ok(settled(phone));
  });
});

describe("RFC 4568 §7.1.4 a later offer", () => {
  const answered = () => {
    const phone = leg("required");
    phone.offer();
    phone.receiveAnswer(audio("RTP/SAVP", line(1)));
    return { phone, keys: settled(phone) };
  };

  it("of ours keeps the key and its line, and nothing beside it", () => {
    const { phone, keys: before } = answered();
    const again = phone.offer(undefined, "sendonly");
    assert.deepEqual(
      [protocols(again), names(again), keys(again)],
      [["RTP/SAVP"], [`1 ${eighty}`], [before?.send.key]],
    );
    phone.receiveAnswer(audio("RTP/SAVP", line(1), "a=recvonly"));
    assert.deepEqual(settled(phone), before);
  });

  it("of theirs with the key they had is answered with the one we had", () => {
    const { phone, keys: before } = answered();
    phone.receiveOffer(audio("RTP/SAVP", line(1), "a=sendonly"));
    assert.deepEqual(keys(phone.answer()), [before?.send.key]);
    assert.deepEqual(settled(phone), before);
  });

  it("of theirs with another key is answered with another one: it may be another device", () => {
    const { phone, keys: before } = answered();
    phone.receiveOffer(audio("RTP/SAVP", line(1, eighty, 99)));
    assert.notEqual(keys(phone.answer())[0], before?.send.key);
    assert.notDeepEqual(settled(phone), before);
  });

  it("of theirs without a key ends encryption where it is optional, and is refused where it is required", () => {
    const { phone, keys: before } = answered();
    assert.throws(() => phone.receiveOffer(audio("RTP/AVP")), fails("not-encrypted", /required/));
    assert.deepEqual(settled(phone), before);
    const other = leg("optional");
    other.offer();
    other.receiveAnswer(audio("RTP/AVP", line(1)));
    other.receiveOffer(audio("RTP/AVP"));
    assert.deepEqual(cryptos(other.answer()), []);
    assert.equal(settled(other), undefined);
    assert.deepEqual(cryptos(other.offer()), [], "and is not begun again by us");
  });

  it("of ours with a video that is new encrypts it as the sound is", () => {
    const [bell, phone] = [leg(), leg()];
    phone.receiveOffer(audio("RTP/SAVP", line(1)));
    phone.answer();
    bell.receiveOffer(sdp("m=audio 4000 RTP/AVP 8", "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000"));
    const offer = phone.offer(bell);
    assert.deepEqual(protocols(offer), ["RTP/SAVP", "RTP/SAVP"]);
    assert.equal(cryptos(offer).length, 1 + suiteNames.length);
  });
});
