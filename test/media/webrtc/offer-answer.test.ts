// X8: offers and answers to a browser: RFC 8839 (ICE), RFC 5763 (DTLS-SRTP), RFC 9143 (BUNDLE).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PorteroError } from "../../../src/errors.ts";
import type { Kind } from "../../../src/media/codec.ts";
import { Gateway } from "../../../src/media/gateway.ts";
import { OfferAnswer } from "../../../src/media/offer-answer.ts";
import type { WebrtcMode } from "../../../src/media/webrtc.ts";
import { fixture } from "../fixture.ts";

const wifi = { address: "192.0.2.20", internal: false };
const loopback = { address: "127.0.0.1", internal: true };
const gateway = new Gateway("0.0.0.0", [loopback, wifi], () => 1_700_000_000_000);
const hex = (byte: string, count = 32) => Array.from({ length: count }, () => byte).join(":");

let port = 30_000;
function leg(mode: WebrtcMode = "auto", reached = true) {
  const asked: Kind[] = [];
  const [sound, picture] = [(port += 2), (port += 2)];
  const ports = {
    get: (kind: Kind) => {
      asked.push(kind);
      return kind === "audio" ? sound : picture;
    },
  };
  const made = new OfferAnswer({ advertise: "192.0.2.9", ports, id: port, ...(reached && { reach: gateway }) });
  made.webrtc = mode;
  return Object.assign(made, { asked, sound });
}

const way = (setup: string, ufrag = "F7gI") => [
  ...["c=IN IP4 0.0.0.0", `a=ice-ufrag:${ufrag}`, "a=ice-pwd:x9cml/YzichV2+XlhiMu8gAA", "a=rtcp-mux"],
  ...[`a=fingerprint:sha-256 ${hex("D1")}`, `a=setup:${setup}`],
];
/** As a browser writes it; `more` are further lines of its video. */
const browser = (setup: string, more: string[] = ["a=recvonly"], ufrag?: string) =>
  [
    ...["v=0", "o=- 7614219274584779017 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"],
    ...["m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 126", ...way(setup, ufrag), "a=mid:0", "a=sendrecv"],
    ...[
      "a=rtpmap:111 opus/48000/2",
      "a=rtpmap:0 PCMU/8000",
      "a=rtpmap:8 PCMA/8000",
      "a=rtpmap:126 telephone-event/8000",
    ],
    ...["m=video 9 UDP/TLS/RTP/SAVPF 96 102 104 106", ...way(setup, ufrag), "a=mid:1", "a=rtpmap:96 VP8/90000"],
    ...["a=rtpmap:102 H264/90000", "a=rtpmap:104 H264/90000", "a=rtpmap:106 H264/90000"],
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
    "a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f",
    "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f",
    ...["a=rtcp-fb:102 nack pli", "a=rtcp-fb:106 nack pli", ...more],
  ].join("\r\n") + "\r\n";
/** An answer that takes PCMA and the first format of the video. */
const taken = browser("active")
  .replace(" 111 0 8 126", " 8 101")
  .replace("126 tele", "101 tele")
  .replace(" 96 102 104 106", " 99")
  .replaceAll(":102 ", ":99 ");
const bellOffer =
  [
    ...["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"],
    ...["m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000"],
    ...["m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000", "a=fmtp:99 profile-level-id=4d0028;packetization-mode=1"],
  ].join("\r\n") + "\r\n";

function bell(offer = bellOffer) {
  const made = leg();
  made.receiveOffer(offer);
  return made;
}

const lines = (text: string, start: string) => text.split("\r\n").filter((line) => line.startsWith(start));
const codec = (made: OfferAnswer, kind: Kind) =>
  made.agreed(kind)?.send.map(({ payload, name }) => `${payload} ${name}`);
const fails = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof PorteroError && error.code === code && words.test(error.message);

describe("X8 an offer to a browser", () => {
  it("has one port, our side of ICE-lite and DTLS, and the bell's sound and video in one bundle", () => {
    const phone = leg("required");
    const text = phone.offer(bell());
    assert.deepEqual(lines(text, "m="), [
      `m=audio ${phone.sound} UDP/TLS/RTP/SAVPF 8 0 101`,
      `m=video ${phone.sound} UDP/TLS/RTP/SAVPF 99`,
    ]);
    assert.deepEqual(phone.asked.includes("video"), false);
    assert.deepEqual(lines(text, "a=group"), ["a=group:BUNDLE audio video"]);
    assert.deepEqual([lines(text, "a=ice-lite").length, lines(text, "a=rtcp-mux").length], [1, 2]);
    assert.deepEqual(new Set(lines(text, "a=setup")), new Set(["a=setup:actpass"]));
    assert.deepEqual(new Set(lines(text, "a=fingerprint")), new Set([`a=fingerprint:sha-256 ${gateway.fingerprint}`]));
    assert.deepEqual(new Set(lines(text, "a=ice-ufrag")).size, 1);
    assert.deepEqual(lines(text, "a=candidate").slice(0, 2), [
      `a=candidate:1 1 udp 2130706431 192.0.2.9 ${phone.sound} typ host`,
      `a=candidate:2 1 udp 2130706175 192.0.2.20 ${phone.sound} typ host`,
    ]);
  });

  it("names the profile that every browser knows, whatever the bell's is", () => {
    assert.deepEqual(lines(leg("required").offer(bell()), "a=fmtp:99"), [
      "a=fmtp:99 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    ]);
  });

  it("is settled by its answer, and the bell is answered in its own profile", () => {
    const [visitor, phone] = [bell(), leg("required")];
    phone.offer(visitor);
    phone.receiveAnswer(taken);
    assert.deepEqual([codec(phone, "audio"), codec(phone, "video")], [["8 PCMA", "101 telephone-event"], ["99 H264"]]);
    assert.equal(phone.agreed("audio")?.webrtc?.remote.ufrag, "F7gI");
    assert.deepEqual(phone.agreed("audio")?.webrtc?.remote.fingerprints, [{ hash: "sha256", value: hex("D1") }]);
    assert.equal(phone.agreed("video")?.direction, "sendonly");
    // c=0.0.0.0 is no hold: the browser is found by ICE.
    assert.equal(phone.agreed("audio")?.direction, "sendrecv");
    const answer = visitor.answer(phone);
    assert.deepEqual(lines(answer, "a=fmtp:99"), ["a=fmtp:99 profile-level-id=4d0028;packetization-mode=1"]);
    assert.deepEqual([lines(answer, "a=ice").length, lines(answer, "a=mid").length], [0, 0]);
  });

  it("has no video where the browser does not bundle it: there is one port", () => {
    const phone = leg("required");
    phone.offer(bell());
    phone.receiveAnswer(taken.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"));
    assert.ok(phone.agreed("audio"));
    assert.equal(phone.agreed("video"), undefined);
  });

  it("keeps its names of ICE when it is repeated, and through a hold", () => {
    const phone = leg("required");
    const first = phone.offer(bell());
    assert.equal(phone.offer(), first);
    phone.receiveAnswer(taken);
    const held = phone.offer(undefined, "sendonly");
    for (const name of ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=mid", "m=", "a=group"])
      assert.deepEqual(lines(held, name), lines(first, name));
    assert.equal(lines(held, "a=sendonly").length, 1);
  });

  for (const [what, answer, words] of [
    ["plain RTP", bellOffer, /not a browser's.*"webrtc"/],
    ["another one that is the server of DTLS", browser("passive"), /a=setup actpass or active/],
    ["a fingerprint by SHA-1 only", browser("active").replaceAll("sha-256", "sha-1"), /fingerprint by SHA-256/],
    ["no rtcp-mux", browser("active").replaceAll("a=rtcp-mux\r\n", ""), /rtcp-mux/],
    ["no password of ICE", browser("active").replace(/a=ice-pwd.*\r\n/g, ""), /ICE with its password/],
  ] as const)
    it(`refuses an answer with ${what}, in a sentence`, () => {
      const phone = leg("required");
      phone.offer(bell());
      assert.throws(() => phone.receiveAnswer(answer), fails("no-codec", words));
      assert.equal(phone.agreed("audio"), undefined);
    });

  it("is not made by rtpengine, which is not asked to", () => {
    assert.throws(() => leg("required", false).offer(bell()), fails("media-cannot", /built-in media engine/));
    assert.throws(() => leg("auto", false).receiveOffer(browser("actpass")), fails("no-codec", /rtpengine/));
  });
});

describe("X8 an offer of a browser", () => {
  it("is answered in the order and by the names of its lines; we are passive, and never opus where the bell has G.711", () => {
    const [phone, other] = [leg(), bell()];
    phone.receiveOffer(
      browser("actpass", ["a=recvonly", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:2"]),
    );
    other.offer(phone);
    const text = phone.answer();
    assert.deepEqual(lines(text, "m="), [
      `m=audio ${phone.sound} UDP/TLS/RTP/SAVPF 0 126`,
      `m=video ${phone.sound} UDP/TLS/RTP/SAVPF 102`,
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    ]);
    assert.deepEqual(lines(text, "a=mid"), ["a=mid:0", "a=mid:1", "a=mid:2"]);
    assert.deepEqual(lines(text, "a=group"), ["a=group:BUNDLE 0 1"]);
    assert.deepEqual(new Set(lines(text, "a=setup")), new Set(["a=setup:passive"]));
    assert.deepEqual(lines(text, "a=rtcp-fb"), ["a=rtcp-fb:* nack pli"]);
  });

  it("is answered in the bell's profile where it names that", () => {
    const [phone, visitor] = [leg(), bell()];
    phone.receiveOffer(browser("actpass"));
    visitor.answer();
    const text = phone.answer(visitor);
    assert.deepEqual(lines(text, "m=video"), [`m=video ${phone.sound} UDP/TLS/RTP/SAVPF 106`]);
    assert.match(lines(text, "a=fmtp:106")[0] ?? "", /profile-level-id=4d001f/);
  });

  it("is taken with a bundle-only line, which has port 0 (RFC 9143 §6)", () => {
    const phone = leg();
    phone.receiveOffer(browser("actpass", ["a=bundle-only", "a=recvonly"]).replace("m=video 9", "m=video 0"));
    assert.match(phone.answer(), /m=video 3/);
  });

  it("of SIP.js is taken", () => {
    const phone = leg();
    phone.receiveOffer(fixture("sipjs-offer"));
    assert.deepEqual(lines(phone.answer(), "m="), [`m=audio ${phone.sound} UDP/TLS/RTP/SAVPF 9 126`]);
  });

  it("keeps our names of ICE, until the browser begins anew (RFC 8839 §4.4.1.1.1)", () => {
    const phone = leg();
    const answers = ["F7gI", "F7gI", "new1"].map((ufrag) => {
      phone.receiveOffer(browser("actpass", ["a=recvonly"], ufrag));
      return lines(phone.answer(), "a=ice-ufrag")[0];
    });
    assert.equal(answers[0], answers[1]);
    assert.notEqual(answers[1], answers[2]);
  });

  it("is refused where it is switched off, and plain RTP where it is required, in sentences", () => {
    assert.throws(() => leg("off").receiveOffer(browser("actpass")), fails("no-codec", /switched off.*"webrtc"/));
    assert.throws(() => leg("required").receiveOffer(bellOffer), fails("no-codec", /not a browser's/));
  });

  it("counts as encrypted where encryption is required", () => {
    const phone = leg();
    phone.encryption = "required";
    phone.receiveOffer(browser("actpass"));
    assert.match(phone.answer(), /m=audio 3\d+ UDP\/TLS/);
  });

  it("is not answered by another leg's peer: no direct media with a browser", () => {
    const [phone, visitor] = [leg(), bell()];
    phone.receiveOffer(browser("actpass"));
    phone.answer();
    visitor.answer(phone);
    assert.equal(visitor.offerOf(phone), undefined);
  });
});

describe("X8 the addresses that a browser is given", () => {
  const all = [loopback, wifi, { address: "fe80::1", internal: false }, { address: "2001:db8::9", internal: false }];
  const of = (bind: string) => new Gateway(bind, all, () => 0).addresses("192.0.2.9");
  it("are the leg's own, and all others where we listen everywhere", () => {
    assert.deepEqual(of("192.0.2.9"), ["192.0.2.9"]);
    assert.deepEqual(of("0.0.0.0"), ["192.0.2.9", "192.0.2.20"]);
    assert.deepEqual(of("::"), ["192.0.2.9", "192.0.2.20", "2001:db8::9"]);
  });
});
