// What a simulated device says and hears, down to the bytes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readInfo, writeInfo } from "../../src/sim/dtmf.ts";
import { decode, encode } from "../../src/sim/g711.ts";
import { Hearing } from "../../src/sim/hearing.ts";
import { readRtp, writeRtp, writeTelephoneEvent } from "../../src/sim/rtp.ts";
import { ownCodecs, readSdp, writeSdp } from "../../src/sim/sdp.ts";

// The digital milliwatt of ITU-T G.711, tables 5 and 6: 1 kHz at 0 dBm0, which is 6.15 dB (A-law) or 6.18 dB (µ-law) below
// the power of a full-scale square wave.
const milliwatt = {
  PCMA: [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4],
  PCMU: [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e],
} as const;

describe("ITU-T G.711", () => {
  for (const law of ["PCMA", "PCMU"] as const) {
    it(`${law}: the reference sequence is 1000 Hz at its level`, () => {
      const hearing = new Hearing();
      const samples = Array.from({ length: 1600 }, (_, i) => decode(law, milliwatt[law][i % 8] ?? 0));
      hearing.hear(samples);
      const { frequency, level } = hearing.take();
      assert.equal(frequency, 1000);
      assert.ok(Math.abs(level + 6.15) < 0.1, `level ${level}`);
    });

    it(`${law}: every byte is the code of its own value`, () => {
      for (let byte = 0; byte < 256; byte++)
        // µ-law has two zeros; the negative one is never written.
        assert.equal(encode(law, decode(law, byte)), law === "PCMU" && byte === 0x7f ? 0xff : byte);
    });
  }
});

describe("hearing", () => {
  const sine = (frequency: number, size: number, length = 8000) =>
    Array.from({ length }, (_, i) => size * Math.sin((2 * Math.PI * frequency * i) / 8000));

  for (const frequency of [425, 440, 880, 1335, 3000])
    it(`tells a tone of ${frequency} Hz`, () => {
      const hearing = new Hearing();
      hearing.hear(sine(frequency, 1000));
      assert.equal(hearing.take().frequency, frequency);
    });

  it("tells the louder of two, silence as silence, and forgets what it told", () => {
    const hearing = new Hearing();
    const weak = sine(440, 1000);
    hearing.hear(sine(880, 4000).map((sample, i) => sample + (weak[i] ?? 0)));
    assert.equal(hearing.take().frequency, 880);
    assert.deepEqual(hearing.take(), { frequency: 0, level: -96, packets: 0 });
    hearing.hear(sine(440, 8));
    assert.equal(hearing.take().frequency, 0);
  });

  it("measures the level: a full sine is -3 dB, half of it -9", () => {
    const hearing = new Hearing();
    hearing.hear(sine(500, 32767));
    assert.equal(hearing.take().level, -3);
    hearing.hear(sine(500, 16384));
    assert.equal(hearing.take().level, -9);
  });
});

describe("RFC 3550 §5.1", () => {
  const packet = { payloadType: 8, marker: true, sequence: 65535, timestamp: 2 ** 32 - 1, ssrc: 7 };

  it("reads what it writes", () => {
    const payload = Buffer.from([1, 2, 3]);
    assert.deepEqual(readRtp(writeRtp({ ...packet, payload })), { ...packet, payload });
  });

  it("steps over contributing sources, header extension and padding", () => {
    const head = writeRtp({ ...packet, payload: Buffer.alloc(0) });
    head[0] = 0x80 | 0x20 | 0x10 | 2;
    const extension = Buffer.from([0xbe, 0xde, 0, 1, 9, 9, 9, 9]);
    const data = Buffer.concat([head, Buffer.alloc(8), extension, Buffer.from("sound"), Buffer.from([0, 0, 3])]);
    assert.equal(readRtp(data)?.payload.toString(), "sound");
  });

  it("takes no other packets for RTP", () => {
    const rtcp = Buffer.from([0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const cut = Buffer.from([0x9f, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (const data of [rtcp, cut, Buffer.from("\r\n\r\n"), Buffer.alloc(0), Buffer.alloc(40)])
      assert.equal(readRtp(data), undefined);
  });

  it("RFC 4733 §2.3: an event's end, code and duration", () => {
    assert.deepEqual([...writeTelephoneEvent(11, true, 1280)], [11, 0x8a, 5, 0]);
  });
});

describe("RFC 3264 the simulated devices' session descriptions", () => {
  const local = { address: "192.0.2.1", port: 4000, codecs: ownCodecs, events: 101, session: { id: 5, version: 1 } };

  it("reads what it writes", () => {
    const read = readSdp(writeSdp(local));
    assert.deepEqual(
      { ...read, lines: 0 },
      { address: "192.0.2.1", port: 4000, codecs: ownCodecs, events: 101, receives: true, lines: 0 },
    );
  });

  it("keeps the other side's order and numbers, and refuses its video with port 0", () => {
    const offer = [
      "v=0",
      "o=- 1 1 IN IP4 192.0.2.9",
      "s=-",
      "c=IN IP4 192.0.2.9",
      "t=0 0",
      "m=video 6000 RTP/AVP 99",
      "a=rtpmap:99 H264/90000",
      "m=audio 7000 RTP/AVP 9 0 97 8",
      "c=IN IP4 192.0.2.10",
      "a=rtpmap:97 telephone-event/8000",
      "a=sendonly",
    ].join("\r\n");
    const read = readSdp(offer);
    assert.ok(read);
    assert.deepEqual(
      [read.address, read.port, read.events, read.receives, read.codecs.map(({ law }) => law)],
      ["192.0.2.10", 7000, 97, false, ["PCMU", "PCMA"]],
    );
    const lines = writeSdp({ ...local, sends: read.receives }, read.lines).split("\r\n");
    assert.deepEqual(
      lines.filter((line) => line.startsWith("m=")),
      ["m=video 0 RTP/AVP 99", "m=audio 4000 RTP/AVP 8 0 101"],
    );
    assert.ok(lines.includes("a=recvonly"));
  });

  for (const [what, sdp] of [
    ["nothing", ""],
    ["encrypted audio", "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/SAVP 8\r\n"],
    ["a codec it has not", "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 18\r\n"],
    ["a refused stream", "c=IN IP4 192.0.2.1\r\nm=audio 0 RTP/AVP 8\r\n"],
    ["no address", "m=audio 4000 RTP/AVP 8\r\n"],
  ] as const)
    it(`talks to no one by ${what}`, () => assert.equal(readSdp(sdp), undefined));
});

describe("N5 digits in an INFO", () => {
  for (const [type, body, digit] of [
    ["application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"],
    ["application/dtmf-relay", "signal= #\nDuration=100", "#"],
    ["application/dtmf-relay", "Signal=10\r\n", "*"],
    ["application/dtmf-relay", "Duration=160", ""],
    ["application/dtmf", " 7\r\n", "7"],
    ["application/dtmf", "77", ""],
    ["application/dtmf", "x", ""],
  ] as const)
    it(`reads ${JSON.stringify(body)} as ${JSON.stringify(digit)}`, () =>
      assert.equal(readInfo(type, body)?.digit, digit));

  it("reads what it writes, and nothing of another type", () => {
    for (const kind of ["dtmf", "dtmf-relay"] as const)
      assert.deepEqual(readInfo(...writeInfo(kind, "D", 160)), { kind, digit: "D" });
    assert.equal(readInfo("text/plain", "1"), undefined);
  });
});
