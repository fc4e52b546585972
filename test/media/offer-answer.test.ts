// Offer and answer (RFC 3264) of one leg, and of two that are to be joined.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { isG711, type Kind } from "../../src/media/codec.ts";
import { passesEvents, routes } from "../../src/media/negotiate.ts";
import { OfferAnswer } from "../../src/media/offer-answer.ts";
import { fixture } from "./fixture.ts";

let port = 30_000;
function leg(...kinds: Kind[]): OfferAnswer {
  const ports = new Map((kinds.length > 0 ? kinds : (["audio", "video"] as const)).map((k) => [k, (port += 2)]));
  return new OfferAnswer({ advertise: "192.0.2.9", ports, id: port });
}
const sdp = (...lines: string[]) =>
  ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...lines].join("\r\n") + "\r\n";
const audio = (list: string, ...more: string[]) => sdp(`m=audio 4000 RTP/AVP ${list}`, ...more);
const events = "a=rtpmap:101 telephone-event/8000";
const lines = (text: string, start: string) => text.split("\r\n").filter((l) => l.startsWith(start));
const mLines = (text: string) => lines(text, "m=").map((l) => l.replace(/ (3\d{4}) /, " # "));
const version = (text: string) => Number(/^o=\S+ \d+ (\d+)/m.exec(text)?.[1]);
const failsWith = (code: string) => (e: unknown) =>
  e instanceof PorteroError && e.advice === "giveUp" && e.code === code;
const codec = (l: OfferAnswer, kind: Kind = "audio") => l.agreed(kind)?.send.map((f) => `${f.payload} ${f.name}`);

describe("codec choice across both legs", () => {
  it("offers the phone what the bell offered, in its order, and the law it lacks, each codec once", () => {
    const bell = leg();
    bell.receiveOffer(audio("9 8 101", events));
    assert.deepEqual(mLines(leg().offer(bell)), ["m=audio # RTP/AVP 9 8 0 101"]);
  });

  it("adds G.711 for a bell that has G.722 alone, and G.722 for a phone that may have nothing else", () => {
    const [wide, narrow, phone] = [leg(), leg(), leg()];
    wide.receiveOffer(audio("9"));
    assert.deepEqual(mLines(leg().offer(wide)), ["m=audio # RTP/AVP 9 8 0 101"]);
    narrow.receiveOffer(audio("8 101", events));
    phone.codecs = ["G722"];
    assert.deepEqual(mLines(phone.offer(narrow)), ["m=audio # RTP/AVP 9 101"]);
  });

  it("turns neither into the other in another program: a leg there is offered what the bell has", () => {
    const options = { advertise: "192.0.2.9", ports: new Map([["audio", 30_000] as const]), id: 1, turns: isG711 };
    const [bell, phone] = [new OfferAnswer(options), new OfferAnswer(options)];
    bell.receiveOffer(audio("9 0"));
    assert.deepEqual(mLines(phone.offer(bell)), ["m=audio # RTP/AVP 9 0 8 101"]);
    assert.match(bell.answer(), /RTP\/AVP 0/);
    bell.receiveOffer(audio("9"));
    assert.deepEqual(mLines(phone.offer(bell)), ["m=audio # RTP/AVP 9 101"]);
  });

  it("joins a bell with G.722 and a phone with G.711 that have no codec in common", () => {
    const [bell, phone] = [leg(), leg()];
    bell.receiveOffer(audio("9 101", events));
    phone.offer(bell);
    phone.receiveAnswer(audio("8 101", events));
    assert.deepEqual(mLines(bell.answer(phone)), ["m=audio # RTP/AVP 9 101"]);
    const [from, to] = [bell.agreed("audio"), phone.agreed("audio")];
    assert.ok(from && to);
    assert.deepEqual(routes(from, to)[0], { from: 9, to: 8, rate: 8000, codec: "PCMA" });
    assert.deepEqual(routes(to, from)[0], { from: 8, to: 9, rate: 8000, codec: "G722" });
  });

  it("answers the bell with the codec the phone took, though the bell likes another better", () => {
    const [bell, phone] = [leg(), leg()];
    bell.receiveOffer(fixture("akuvox-like-offer"));
    phone.offer(bell);
    phone.receiveAnswer(audio("8 101", events));
    const answer = bell.answer(phone);
    assert.deepEqual(mLines(answer), ["m=audio # RTP/AVP 8 101", "m=video 0 RTP/AVP 104"]);
    const [from, to] = [bell.agreed("audio"), phone.agreed("audio")];
    assert.ok(from && to);
    assert.deepEqual(routes(from, to), [
      { from: 8, to: 8, rate: 8000 },
      { from: 101, to: 101, rate: 8000 },
    ]);
  });

  it("transcodes only when the phone took the law the bell lacks, and translates event numbers", () => {
    const [bell, phone] = [leg(), leg()];
    bell.receiveOffer(audio("8 96", "a=rtpmap:96 telephone-event/8000"));
    phone.offer(bell);
    phone.receiveAnswer(audio("0 101", events));
    bell.answer(phone);
    const [from, to] = [bell.agreed("audio"), phone.agreed("audio")];
    assert.ok(from && to);
    assert.deepEqual(routes(from, to), [
      { from: 8, to: 0, rate: 8000, codec: "PCMU" },
      { from: 96, to: 101, rate: 8000 },
    ]);
    assert.deepEqual(routes(to, from)[0], { from: 0, to: 8, rate: 8000, codec: "PCMA" });
  });

  it("takes what can be played in for early media, the best that is offered, before it is known who will answer", () => {
    const phone = leg();
    phone.receiveOffer(fixture("linphone-offer"));
    phone.answer();
    assert.deepEqual(codec(phone), ["0 PCMU", "100 telephone-event"]);
    const bell = leg();
    bell.receiveOffer(audio("96 9 8", "a=rtpmap:96 opus/48000/2"));
    bell.answer();
    assert.deepEqual(codec(bell), ["9 G722"]);
  });

  it("N5 takes events though the other leg has none: its digits are sent there another way", () => {
    const [phone, bell] = [leg(), leg()];
    phone.receiveOffer(audio("8 101", events));
    bell.offer(phone);
    bell.receiveAnswer(audio("8"));
    assert.deepEqual(mLines(phone.answer(bell)), ["m=audio # RTP/AVP 8 101"]);
    const [from, to] = [phone.agreed("audio"), bell.agreed("audio")];
    assert.ok(from && to);
    assert.equal(passesEvents(from, to), false);
  });

  it("N5 offers events of each clock rate to a leg whose other side has none of them", () => {
    const [phone, bell] = [leg(), leg()];
    phone.receiveOffer(audio("8 96", "a=rtpmap:96 opus/48000/2"));
    const offer = bell.offer(phone);
    assert.match(offer, /telephone-event\/8000/);
    assert.match(offer, /telephone-event\/48000/);
  });

  it("passes opus and its parameters through, events at its clock rate only where both have them", () => {
    const [caller, answerer] = [leg(), leg()];
    caller.receiveOffer(fixture("linphone-offer"));
    const offer = answerer.offer(caller);
    assert.ok(offer.includes("a=fmtp:96 useinbandfec=1"));
    answerer.receiveAnswer(
      audio(
        "96 101",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 maxaveragebitrate=20000",
        "a=rtpmap:101 telephone-event/48000",
      ),
    );
    const answer = caller.answer(answerer);
    assert.deepEqual(mLines(answer)[0], "m=audio # RTP/AVP 96 101");
    assert.ok(answer.includes("a=fmtp:96 maxaveragebitrate=20000"));
  });

  it("says so when two legs have nothing in common", () => {
    const [bell, phone] = [leg(), leg()];
    phone.offer();
    phone.receiveAnswer(audio("8"));
    bell.receiveOffer(audio("96", "a=rtpmap:96 opus/48000/2"));
    assert.throws(() => bell.answer(phone), failsWith("no-codec"));
  });
});

describe("RFC 3264 answers to our offer", () => {
  it("§7: takes the answer's first codec, not its events, where those stand first (PJSIP)", () => {
    const phone = leg();
    phone.offer();
    phone.receiveAnswer(fixture("pjsip-answer"));
    assert.deepEqual(codec(phone), ["101 telephone-event", "0 PCMU"]);
    assert.equal(phone.agreed("video"), undefined);
  });

  it("passes over an m-line nobody offered, and H.264 without fmtp is packetization 0 (Dahua; RFC 6184 §8.1)", () => {
    const [bell, phone] = [leg(), leg()];
    phone.receiveOffer(fixture("linphone-offer"));
    bell.offer(phone);
    bell.receiveAnswer(fixture("dahua-answer"));
    assert.deepEqual(codec(bell), ["8 PCMA", "99 telephone-event"]);
    assert.equal(bell.agreed("video"), undefined, "the phone wants packetization 1");
  });

  it("changes nothing when the same answer comes twice (183, then 200), but takes another one", () => {
    const phone = leg();
    phone.offer();
    assert.equal(phone.receiveAnswer(audio("8")), true);
    assert.equal(phone.receiveAnswer(audio("8")), false);
    assert.equal(phone.receiveAnswer(audio("0")), true);
  });

  for (const [what, text, code] of [
    ["refuses the audio", sdp("m=audio 0 RTP/AVP 8"), "no-codec"],
    ["takes a codec that was not offered", audio("9"), "no-codec"],
    ["takes only events", audio("101", events), "no-codec"],
    ["has no audio", sdp("m=video 4000 RTP/AVP 96"), "no-codec"],
    ["is empty", "", "bad-sdp"],
  ] as const) {
    it(`gives up when the answer ${what}`, () => {
      const phone = leg();
      phone.offer();
      assert.throws(() => phone.receiveAnswer(text), failsWith(code));
    });
  }

  it("gives up on an answer to no offer", () => {
    assert.throws(() => leg().receiveAnswer(audio("8")), failsWith("bad-sdp"));
    assert.throws(() => leg().answer(), failsWith("no-offer"));
  });
});

describe("RFC 3264 §6 answers of ours", () => {
  it("mirrors the order of m-lines, refusing unknown ones and second ones with port 0", () => {
    const phone = leg();
    phone.receiveOffer(
      sdp(
        "m=application 5000 UDP/DTLS/SCTP webrtc-datachannel",
        "m=video 6000 RTP/AVP 34",
        "m=audio 4000 RTP/AVP 0",
        "m=audio 4002 RTP/AVP 8",
      ),
    );
    assert.deepEqual(mLines(phone.answer()), [
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
      "m=video 0 RTP/AVP 34",
      "m=audio # RTP/AVP 0",
      "m=audio 0 RTP/AVP 8",
    ]);
  });

  for (const [theirs, ours] of [
    ["sendrecv", "sendrecv"],
    ["sendonly", "recvonly"],
    ["recvonly", "sendonly"],
    ["inactive", "inactive"],
  ]) {
    it(`answers ${theirs} with ${ours}`, () => {
      const phone = leg();
      phone.receiveOffer(audio("8", `a=${theirs}`));
      assert.deepEqual(lines(phone.answer(), `a=${ours}`), [`a=${ours}`]);
    });
  }

  it("refuses an offer with everything switched off (Hikvision)", () => {
    assert.throws(
      () => leg().receiveOffer(fixture("hikvision-offer")),
      (e) => failsWith("no-codec")(e) && /port 0/.test(String(e)),
    );
  });
});

describe("N6 video", () => {
  const answerWith = (fmtp: string) =>
    audio("0", "m=video 5000 RTP/AVP 99", "a=rtpmap:99 H264/90000", `a=fmtp:99 ${fmtp}`, "a=recvonly");

  it("is joined where both sides take H.264 with one packetization, each with the other's parameters", () => {
    const [bell, phone] = [leg(), leg()];
    bell.receiveOffer(fixture("akuvox-like-offer"));
    const offer = phone.offer(bell);
    assert.deepEqual(lines(offer, "a=sendonly").length, 1, "the bell only sends");
    assert.ok(offer.includes("sprop-parameter-sets=Z0Lg"));
    phone.receiveAnswer(answerWith("profile-level-id=42801F;packetization-mode=1"));
    const answer = bell.answer(phone);
    assert.deepEqual(mLines(answer), ["m=audio # RTP/AVP 0 101", "m=video # RTP/AVP 104"]);
    assert.ok(answer.includes("a=fmtp:104 profile-level-id=42801F;packetization-mode=1"));
    const [from, to] = [bell.agreed("video"), phone.agreed("video")];
    assert.ok(from && to);
    assert.deepEqual(routes(from, to), [{ from: 104, to: 99, rate: 90_000 }]);
  });

  it("finds the packetization the phone takes among the bell's two (2N-like)", () => {
    const [bell, phone] = [leg(), leg()];
    bell.receiveOffer(fixture("2n-like-offer"));
    phone.offer(bell);
    phone.receiveAnswer(answerWith("profile-level-id=420028"));
    assert.deepEqual(mLines(bell.answer(phone))[1], "m=video # RTP/AVP 124");
  });

  it("is refused with port 0 where the phone has none, or no ports are left for it", () => {
    const [bell, phone, poor] = [leg(), leg(), leg("audio")];
    bell.receiveOffer(fixture("akuvox-like-offer"));
    phone.offer(bell);
    phone.receiveAnswer(audio("0", "m=video 0 RTP/AVP 104"));
    assert.deepEqual(mLines(bell.answer(phone))[1], "m=video 0 RTP/AVP 104");
    poor.receiveOffer(fixture("akuvox-like-offer"));
    assert.deepEqual(mLines(poor.answer())[1], "m=video 0 RTP/AVP 104");
  });

  it("offers the requests for a key frame that it can translate, and answers with those that were offered", () => {
    const [phone, bell] = [leg(), leg()];
    phone.receiveOffer(fixture("linphone-offer").replace(/a=rtcp-fb:\S+ ccm fir\r\n/g, ""));
    assert.deepEqual(lines(bell.offer(phone), "a=rtcp-fb"), ["a=rtcp-fb:* nack pli", "a=rtcp-fb:* ccm fir"]);
    bell.receiveAnswer(answerWith("packetization-mode=1").replace("a=recvonly", "a=rtcp-fb:99 ccm fir"));
    assert.deepEqual(bell.agreed("video")?.remote.feedback, ["ccm fir"]);
    assert.deepEqual(lines(phone.answer(bell), "a=rtcp-fb"), ["a=rtcp-fb:* nack pli"]);
  });
});

describe("RFC 5761 RTP and RTCP on one port", () => {
  const muxed = audio("8", "a=rtcp-mux");

  it("is taken where it is offered, and not offered at first", () => {
    const phone = leg();
    assert.deepEqual(lines(phone.offer(), "a=rtcp-mux"), []);
    phone.receiveOffer(muxed);
    assert.deepEqual(lines(phone.answer(), "a=rtcp-mux"), ["a=rtcp-mux"]);
  });

  it("§5.1.1 is offered again while it is in use, and not after the other side has left it", () => {
    const phone = leg();
    phone.receiveOffer(muxed);
    phone.answer();
    assert.deepEqual(lines(phone.offer(), "a=rtcp-mux"), ["a=rtcp-mux"]);
    phone.receiveOffer(audio("8"));
    assert.deepEqual(lines(phone.answer(), "a=rtcp-mux"), []);
    assert.deepEqual(lines(phone.offer(), "a=rtcp-mux"), []);
  });
});

describe("RFC 3264 §8 changes of a session", () => {
  it("raises the o= version exactly when something changed", () => {
    const phone = leg();
    const versions = [phone.offer(), phone.offer()].map(version);
    phone.receiveAnswer(audio("8"));
    phone.receiveOffer(audio("8", "a=sendonly"));
    versions.push(version(phone.answer()));
    phone.receiveOffer(audio("8", "a=sendonly"));
    versions.push(version(phone.answer()));
    phone.receiveOffer(audio("8"));
    versions.push(version(phone.answer()));
    assert.deepEqual(versions, [1, 1, 2, 2, 3]);
  });

  it("keeps the codec through hold and resume, though the phone's list begins with another", () => {
    const [bell, phone] = [leg(), leg()];
    bell.receiveOffer(audio("8"));
    phone.receiveOffer(audio("0 8"));
    bell.answer();
    phone.answer(bell);
    phone.receiveOffer(audio("0 8", "a=sendonly"));
    phone.answer();
    assert.deepEqual(codec(phone), ["8 PCMA"]);
  });

  it("passes a hold on to the other leg, and its end", () => {
    const [bell, phone] = [leg(), leg()];
    bell.receiveOffer(audio("8"));
    phone.offer(bell);
    phone.receiveAnswer(audio("8"));
    bell.answer(phone);
    phone.receiveOffer(audio("8", "a=inactive"));
    phone.answer(bell);
    assert.equal(lines(bell.offer(phone), "a=inactive").length, 1);
    bell.receiveAnswer(audio("8", "a=inactive"));
    phone.receiveOffer(audio("8"));
    phone.answer(bell);
    assert.equal(lines(bell.offer(phone), "a=sendrecv").length, 1);
  });

  it("keeps the number and order of m-lines in a new offer, refused ones too", () => {
    const [phone, bell] = [leg(), leg()];
    phone.receiveOffer(sdp("m=text 5000 RTP/AVP 98", "m=audio 4000 RTP/AVP 0"));
    phone.answer();
    bell.receiveOffer(fixture("akuvox-like-offer"));
    assert.deepEqual(mLines(phone.offer(bell)), [
      "m=text 0 RTP/AVP 98",
      "m=audio # RTP/AVP 0 8 9 101",
      "m=video # RTP/AVP 104",
    ]);
  });

  it("§8.3.2: never gives a payload number to another codec", () => {
    const [phone, one, two] = [leg(), leg(), leg()];
    one.receiveOffer(audio("8 96", "a=rtpmap:96 telephone-event/8000"));
    two.receiveOffer(audio("8 96 97", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000"));
    phone.offer(one);
    const again = phone.offer(two);
    assert.ok(again.includes("a=rtpmap:96 telephone-event/8000"), again);
    assert.ok(again.includes("a=rtpmap:97 opus/48000/2"), again);
  });

  it("stays as it was when a new offer cannot be taken", () => {
    const phone = leg();
    phone.receiveOffer(audio("8"));
    phone.answer();
    assert.throws(() => phone.receiveOffer(audio("18")), failsWith("no-codec"));
    assert.deepEqual(codec(phone), ["8 PCMA"]);
  });
});

describe("H1 a device that may use certain codecs only", () => {
  const only = (...codecs: string[]) => {
    const made = leg();
    made.codecs = codecs;
    return made;
  };
  const both = sdp("m=audio 4000 RTP/AVP 9 8 0 101", events, "m=video 4002 RTP/AVP 99", "a=rtpmap:99 H264/90000");

  it("is offered these, in this order, and no video without H264", () => {
    const bell = leg();
    bell.receiveOffer(both);
    assert.deepEqual(mLines(only("PCMU", "PCMA").offer(bell)), ["m=audio # RTP/AVP 0 8 101"]);
    assert.equal(mLines(only("G722", "H264").offer(bell)).length, 2);
    assert.deepEqual(mLines(only("PCMU").offer()), ["m=audio # RTP/AVP 0 101"]);
  });

  it("is answered with these out of what it offers, its video refused", () => {
    const bell = only("PCMU", "PCMA");
    bell.receiveOffer(both);
    assert.deepEqual(mLines(bell.answer()), ["m=audio # RTP/AVP 0 101", "m=video 0 RTP/AVP 99"]);
  });

  it("hides its other codecs from whom it is joined with", () => {
    const bell = only("PCMA");
    bell.receiveOffer(both);
    assert.deepEqual(mLines(leg().offer(bell)), ["m=audio # RTP/AVP 8 0 101"]);
  });

  it("is told in a sentence where there is nothing left to talk with", () => {
    const bell = leg();
    bell.receiveOffer(audio("9"));
    const nothing = /may use opus only, and the other side has none of it/;
    assert.throws(() => only("opus").offer(bell), nothing);
    assert.throws(() => only("opus").receiveOffer(audio("8 0")), nothing);
  });
});

describe("a leg that is to be mixed or recorded", () => {
  const video = "m=video 4002 RTP/AVP 96";
  const h264 = "a=rtpmap:96 H264/90000";

  it("talks what we understand only, whatever else it knows, and keeps its order and its video", () => {
    const [bell, phone] = [leg(), leg()];
    bell.receiveOffer(audio("97 9 0 8 101", "a=rtpmap:97 opus/48000/2", events, video, h264));
    assert.equal(bell.limitToUnderstood(), true);
    assert.deepEqual(mLines(phone.offer(bell)), ["m=audio # RTP/AVP 9 0 8 101", "m=video # RTP/AVP 96"]);
    phone.receiveAnswer(audio("8 101", events, video, h264));
    assert.match(bell.answer(phone), /^m=audio \d+ RTP\/AVP 8 101/m);
  });

  it("stays as it was where nothing would be left", () => {
    const bell = leg();
    bell.receiveOffer(audio("96", "a=rtpmap:96 opus/48000/2"));
    assert.equal(bell.limitToUnderstood(), false);
    assert.match(bell.answer(), /RTP\/AVP 96/);
    const phone = leg();
    phone.codecs = ["opus", "H264"];
    assert.equal(phone.limitToUnderstood(), false);
    phone.receiveOffer(audio("96", "a=rtpmap:96 opus/48000/2"));
  });

  it("is offered G.711 and no video for a conference, in the lines that it has, with their numbers", () => {
    const phone = leg();
    phone.receiveOffer(audio("9 97", "a=rtpmap:97 telephone-event/8000", video, h264));
    phone.answer();
    assert.deepEqual(mLines(phone.offer("conference")), ["m=audio # RTP/AVP 8 0 97", "m=video 0 RTP/AVP 96"]);
  });
});
