// Reading and writing session descriptions (RFC 8866), as devices write them and as nobody should.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { OfferAnswer } from "../../src/media/offer-answer.ts";
import { parseSdp, writeSdp, type RemoteLine } from "../../src/media/sdp.ts";
import { fixture, fixtures } from "./fixture.ts";
import { seeded } from "./seeded.ts";

const names = (line: RemoteLine | undefined) => line?.formats.map((f) => `${f.payload} ${f.name}/${f.rate}`);
const sdp = (...lines: string[]) => ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "t=0 0", ...lines].join("\r\n") + "\r\n";
const first = (text: string): RemoteLine => {
  const line = parseSdp(text)[0];
  assert.ok(line);
  return line;
};
const isBad = (e: unknown) => e instanceof PorteroError && e.code === "bad-sdp" && e.advice === "giveUp";

describe("session descriptions of devices", () => {
  it("baresip: five codecs in its order, address of the session", () => {
    const line = first(fixture("baresip-offer"));
    assert.deepEqual(names(line), [
      "0 PCMU/8000",
      "8 PCMA/8000",
      "9 G722/8000",
      "96 opus/48000",
      "101 telephone-event/8000",
    ]);
    assert.equal(line.address, "192.0.2.10");
    assert.equal(line.ptime, 20);
  });

  it("Linphone: passes over speex and VP8, keeps the fmtp of H.264 and its key frame feedback", () => {
    const [audio, video] = parseSdp(fixture("linphone-offer"));
    assert.equal(audio?.formats[0]?.fmtp, "useinbandfec=1");
    assert.equal(names(audio)?.includes("97 speex/16000"), false);
    assert.deepEqual(names(video), ["97 H264/90000"]);
    assert.deepEqual(video?.feedback, ["nack pli", "ccm fir"]);
  });

  it("Akuvox-like: send-only H.264 with parameter sets", () => {
    const video = parseSdp(fixture("akuvox-like-offer"))[1];
    assert.equal(video?.direction, "sendonly");
    assert.match(video.formats[0]?.fmtp ?? "", /sprop-parameter-sets=Z0Lg\S+,aM4wpIA=$/);
  });

  it("2N-like: static payload types without rtpmap, a port count, the address at the m-line (RFC 3551 §6)", () => {
    const line = first(fixture("2n-like-offer"));
    assert.deepEqual(names(line), ["8 PCMA/8000", "0 PCMU/8000", "96 telephone-event/8000"]);
    assert.equal(line.port, 5000);
    assert.equal(line.address, "192.0.2.52");
    assert.deepEqual(line.rtcp, { port: 5001 });
  });

  it("PJSIP: RTCP at another address (RFC 3605)", () => {
    assert.deepEqual(first(fixture("pjsip-answer")).rtcp, { port: 40_431, address: "192.0.2.141" });
  });

  it("reads IPv6 addresses", () => {
    assert.equal(first(sdp("c=IN IP6 2001:db8::7", "m=audio 4000 RTP/AVP 0")).address, "2001:db8::7");
  });

  for (const address of ["IP4 bell.example", "IP4 239.1.2.3/127", "IP4 999.1.1.1", "IP6 ff02::1", "IP6 fe80::1%eth0"]) {
    it(`has no address to send to with c=IN ${address}`, () => {
      assert.equal(first(sdp(`c=IN ${address}`, "m=audio 4000 RTP/AVP 0")).address, undefined);
    });
  }

  for (const [said, means] of [
    ["", "sendonly"],
    ["a=sendonly", "sendonly"],
    ["a=recvonly", "inactive"],
    ["a=inactive", "inactive"],
  ] as const) {
    it(`RFC 3264 §8.4: c=0.0.0.0 ${said} is hold: ${means}`, () => {
      const line = first(sdp("c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0", ...(said ? [said] : [])));
      assert.equal(line.direction, means);
      assert.equal(line.address, undefined);
    });
  }

  it("takes the session's direction where the m-line has none", () => {
    assert.equal(first(sdp("c=IN IP4 192.0.2.1", "a=inactive", "m=audio 4000 RTP/AVP 0")).direction, "inactive");
  });
});

describe("RFC 8866 malformed descriptions", () => {
  for (const [what, text] of [
    ["nothing", ""],
    ["no version", "m=audio 1 RTP/AVP 0\r\n"],
    ["no m-line", sdp()],
    ["an m-line cut short", sdp("m=audio 4000")],
    ["a port that does not exist", sdp("m=audio 70000 RTP/AVP 0")],
    ["33 m-lines", sdp(...Array.from({ length: 33 }, () => "m=audio 4000 RTP/AVP 0"))],
    ["more than 32 kB", sdp("m=audio 4000 RTP/AVP 0", "a=" + "x".repeat(33_000))],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => parseSdp(text), isBad));
  }

  it("does not hand an fmtp with strange characters on", () => {
    const line = first(sdp("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2", 'a=fmtp:96 x=1\u0007;y="<b>"'));
    assert.equal(line.formats[0]?.fmtp, undefined);
  });

  it("gives up, and does nothing else, on 6000 mutations of the fixtures", () => {
    const random = seeded(20_260_101);
    const sources = fixtures.map(fixture);
    const scraps = [
      "m=",
      "a=rtpmap:",
      "0",
      "-1",
      "99999999999999999999",
      " ",
      "\r\n",
      "/",
      "=",
      "IP6",
      "\0",
      "é",
      "a=fmtp:96 ",
      "c=IN IP4 ",
    ];
    const of = <T>(list: readonly T[]): T => list[random(list.length)] as T;
    let understood = 0;
    let refused = 0;
    for (let i = 0; i < 6000; i++) {
      let text = of(sources);
      for (let n = random(6); n >= 0; n--) {
        const at = random(text.length + 1);
        const to = at + random(random(4) === 0 ? 120 : 4);
        const middle =
          [of(scraps), "", text.slice(at, to).repeat(2), String.fromCharCode(random(256))][random(4)] ?? "";
        text = text.slice(0, at) + middle + text.slice(to);
      }
      const leg = new OfferAnswer({
        advertise: "192.0.2.9",
        ports: new Map([
          ["audio", 30_000],
          ["video", 30_002],
        ]),
        id: 1,
      });
      const other = new OfferAnswer({
        advertise: "192.0.2.9",
        ports: new Map([
          ["audio", 30_004],
          ["video", 30_006],
        ]),
        id: 2,
      });
      try {
        leg.receiveOffer(text);
        other.receiveOffer(leg.offer());
        other.answer();
        leg.receiveAnswer(text);
        leg.receiveOffer(text);
        other.offer(leg);
        for (const line of parseSdp(leg.answer())) assert.ok(line.port === 0 || line.formats.length > 0);
        understood++;
      } catch (error) {
        assert.ok(error instanceof PorteroError, `${String(error)} on ${JSON.stringify(text)}`);
        assert.equal(error.advice, "giveUp");
        assert.ok(["bad-sdp", "no-codec"].includes(error.code), error.code);
        refused++;
      }
    }
    assert.ok(understood > 500 && refused > 500, `${understood} understood, ${refused} refused`);
  });
});

describe("RFC 8866 writing", () => {
  it("writes lines in the order of §5, and what it writes reads back", () => {
    const text = writeSdp(4_000_000_000, 3, "2001:db8::1", [
      {
        type: "audio",
        port: 30_000,
        protocol: "RTP/AVP",
        direction: "sendonly",
        ptime: 30,
        feedback: [],
        formats: [{ payload: 96, name: "opus", rate: 48_000, channels: 2, fmtp: "useinbandfec=1" }],
      },
      {
        type: "application",
        port: 0,
        protocol: "UDP/DTLS/SCTP",
        list: "webrtc-datachannel",
        direction: "inactive",
        feedback: [],
        formats: [],
      },
    ]);
    assert.deepEqual(text.split("\r\n"), [
      "v=0",
      "o=- 4000000000 3 IN IP6 2001:db8::1",
      "s=Portero",
      "c=IN IP6 2001:db8::1",
      "t=0 0",
      "m=audio 30000 RTP/AVP 96",
      "a=rtpmap:96 opus/48000/2",
      "a=fmtp:96 useinbandfec=1",
      "a=ptime:30",
      "a=sendonly",
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
      "",
    ]);
    assert.deepEqual(first(text).formats, [
      { payload: 96, name: "opus", rate: 48_000, channels: 2, fmtp: "useinbandfec=1" },
    ]);
  });
});
