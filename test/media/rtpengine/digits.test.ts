// Digits by an rtpengine that says what the test wants: whose they are, what is kept, whether one has gone out.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PorteroError } from "../../../src/errors.ts";
import type { Pressed } from "../../../src/media/digits.ts";
import type { MediaSession } from "../../../src/media/media.ts";
import { textAt, type Dictionary } from "../../../src/media/rtpengine/bencode.ts";
import { DigitLog, readDigit } from "../../../src/media/rtpengine/digit-log.ts";
import { Rtpengine } from "../../../src/media/rtpengine/rtpengine.ts";
import { parseDigits } from "../../../src/media/rtpengine/wire.ts";
import { FakeClock, settle } from "../../support/clock.ts";
import { Stub, type Sent } from "./stub.ts";

const sdpOf = (port: number) =>
  `v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n`;
const five = { digit: "5", way: "rfc4733", durationMs: 100, gapMs: 100 } as const;

describe("what rtpengine logs of a key", () => {
  const line = { callid: "c", source_tag: "1", tags: ["2"], type: "DTMF", timestamp: 1, event: 11, duration: 120 };
  const read = (wish: object) => readDigit(Buffer.from(JSON.stringify({ ...line, ...wish })));

  it("is a key, whose it is and for how long", () => {
    assert.deepEqual(read({}), { callId: "c", tag: "1", digit: "#", durationMs: 120 });
    assert.equal(read({ event: 15 })?.digit, "D");
  });

  it("is nothing where anything is missing or wrong", () => {
    for (const wish of [
      ...[{ type: "RTCP" }, { callid: 1 }, { source_tag: null }, { event: 16 }, { event: -1 }, { event: "5" }],
      ...[{ event: 1.5 }, { tags: "x".repeat(5000) }],
    ])
      assert.equal(read(wish), undefined, JSON.stringify(wish).slice(0, 40));
    for (const text of ["", "{", "null", "[]", "5"]) assert.equal(readDigit(Buffer.from(text)), undefined);
  });

  it("comes in where the setting says, which has to be free", async () => {
    const log = await DigitLog.open({ host: "127.0.0.1", port: 0 });
    const socket = createSocket("udp4");
    try {
      const heard = new Promise((resolve) => (log.heard = resolve));
      socket.send("noise", log.port, "127.0.0.1");
      socket.send(JSON.stringify(line), log.port, "127.0.0.1");
      assert.deepEqual(await heard, read({}));
      await assert.rejects(
        DigitLog.open({ host: "127.0.0.1", port: log.port }),
        (error: unknown) =>
          error instanceof PorteroError && /cannot be received at 127\.0\.0\.1:\d+: /.test(error.message),
      );
    } finally {
      socket.close();
      await log.close();
    }
    assert.deepEqual(parseDigits("[::1]:2224"), { host: "::1", port: 2224 });
    for (const wrong of ["127.0.0.1", "::1", "127.0.0.1:0", "127.0.0.1:65536", "a b:1", ""])
      assert.throws(() => parseDigits(wrong), /is no address: write an address of this machine and a port/);
  });
});

describe("digits by the second engine", () => {
  let clock: FakeClock;
  let stub: Stub;
  let log: DigitLog | undefined;
  let media: Rtpengine;
  /** Packets that come from each with every question. */
  let flow: number;
  let packets: number;

  function answer({ request }: Sent): Dictionary {
    const command = textAt(request, "command");
    const tag = textAt(request, command === "offer" ? "to-tag" : "from-tag");
    if (command === "query") packets += flow;
    const stream = { flags: ["RTP"], stats: { packets } };
    return {
      result: command === "ping" ? "pong" : "ok",
      sdp: sdpOf(30_000 + 10 * (Number.parseInt(tag, 10) || 0)),
      tags: { [tag]: { medias: [{ type: "audio", streams: [stream] }] } },
    };
  }

  async function open(heard: boolean): Promise<[MediaSession, MediaSession]> {
    log = heard ? await DigitLog.open({ host: "127.0.0.1", port: 0 }) : undefined;
    const options = { servers: [{ host: "10.0.0.1", port: 2223 }], ...(log && { digits: log }) };
    media = new Rtpengine(options, { clock, dial: stub.dial, prefix: "test" });
    const bell = await media.open();
    const phone = await media.open(bell);
    bell.receiveOffer(sdpOf(4000));
    phone.offer(bell);
    phone.receiveAnswer(sdpOf(4002));
    bell.answer(phone);
    media.bridge(bell, phone);
    await settle();
    return [bell, phone];
  }

  beforeEach(() => {
    [clock, stub, flow, packets] = [new FakeClock(), new Stub(), 10, 0];
    stub.answer = answer;
  });
  afterEach(async () => {
    await media.close();
    assert.equal(clock.pending, 0);
  });

  const asked = (command: string) => stub.asked(command).map(({ request }) => request["from-tag"]);
  const logs = (tag: string, digit = "5", callId = "test-1") => log?.heard({ callId, tag, digit, durationMs: 90 });

  function told(session: MediaSession): Pressed[] {
    const all: Pressed[] = [];
    session.on("digit", (digit) => all.push(digit));
    return all;
  }

  it("N5 are told of the leg that they come from, and of no call with another name", async () => {
    const [bell, phone] = await open(true);
    const [none, all] = [told(bell), told(phone)];
    for (const [tag, callId] of [
      ["2", "test-2"],
      ["2-trunk", "test-1"],
      ["9", "test-1"],
      ["2.0", "test-1"],
    ] as const)
      logs(tag, "1", callId);
    logs("2");
    assert.deepEqual(all, [
      { digit: "5", by: "rfc4733" },
      { digit: "5", by: "rfc4733", durationMs: 90 },
    ]);
    assert.deepEqual(none, []);
  });

  it("N5 are kept from the other side where they are heard, and pass where they are not", async () => {
    for (const heard of [true, false]) {
      const [, phone] = await open(heard);
      phone.hearDigits({ events: "keep", tones: "ignore" });
      phone.hearDigits({ events: "keep", tones: "ignore" });
      await settle();
      assert.deepEqual(asked("block DTMF"), heard ? ["2"] : []);
      phone.hearDigits({ events: "pass", tones: "ignore" });
      await settle();
      assert.deepEqual(asked("unblock DTMF"), heard ? ["2"] : []);
      await media.close();
      stub.sent.length = 0;
    }
  });

  it("P11 are sent in the place of the other side's sound, one after the other, and not told as its own", async () => {
    const [bell, phone] = await open(true);
    const all = told(phone);
    const sent = Promise.all([bell.sendDigit(five), bell.sendDigit({ ...five, digit: "6", durationMs: 40 })]);
    await settle();
    assert.deepEqual(asked("play DTMF"), ["2"]);
    logs("2");
    await clock.advance(200);
    await clock.advance(200);
    assert.deepEqual(await sent, [true, true]);
    assert.deepEqual(
      stub.asked("play DTMF").map(({ request }) => [request["code"], request["duration"], request["pause"]]),
      [
        ["5", 100, 100],
        ["6", 100, 100],
      ],
    );
    assert.deepEqual(all, []);
    logs("2");
    assert.equal(all.length, 2, "the next is theirs");
    await clock.advance(5000);
    logs("2", "6");
    assert.equal(all.length, 4, "what was not told in time is forgotten");
  });

  it("P11 are not sent, and not said to be, where the other side says nothing", async () => {
    const [bell] = await open(false);
    flow = 0;
    const sent = bell.sendDigit(five);
    await clock.advance(300);
    assert.equal(await sent, false);
    assert.deepEqual(asked("play DTMF"), []);
    assert.equal(await bell.sendDigit({ ...five, way: "inband" }), false);
  });
});
