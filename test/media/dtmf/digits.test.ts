// Digits in the worker, through its relay without sockets: what is sent as packets, what is told of packets that come.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { beforeEach, describe, it } from "node:test";
import { g722, pcma, pcmu, type Format } from "../../../src/media/codec.ts";
import { G722 } from "../../../src/media/g722.ts";
import { Detector } from "../../../src/media/worker/dtmf/detector.ts";
import type { FromWorker, Remote, ToWorker } from "../../../src/media/worker/messages.ts";
import type { PortPair } from "../../../src/media/worker/ports.ts";
import { Relay } from "../../../src/media/worker/relay.ts";
import { settle } from "../../support/clock.ts";
import { read, rtp } from "../packets.ts";
import { seeded } from "../seeded.ts";
import { dialled } from "./voice.ts";
import { encodeA, lawOf } from "../../../src/media/g711.ts";

const events: Format = { payload: 101, name: "telephone-event", rate: 8000, channels: 1 };

class FakeSocket extends EventEmitter {
  readonly sent: Buffer[] = [];
  send(packet: Buffer) {
    this.sent.push(Buffer.from(packet));
  }
}

let now = 0;
let told: FromWorker[] = [];
let sockets: FakeSocket[] = [];
let ticks: Set<(now: number) => void>;
let relay: Relay;

/** Session 1 is the phone's, on socket 0; session 2 the bell's, on socket 1. */
beforeEach(async () => {
  [now, told, sockets, ticks] = [10_000, [], [], new Set()];
  const open = (): Promise<PortPair> => {
    const socket = new FakeSocket();
    sockets.push(socket);
    const pair = { rtp: socket, rtcp: new FakeSocket() } as unknown as Pick<PortPair, "rtp" | "rtcp">;
    return Promise.resolve({ port: 40_000 + 2 * (sockets.length - 1), ...pair, close: () => Promise.resolve() });
  };
  relay = new Relay(
    { bind: "0.0.0.0", own: [], firstPacketMs: 0, silenceMs: 0 },
    {
      ...{
        now: () => now,
        random: () => 0.5,
        pool: { open, has: () => false },
        shake: () => assert.fail("no browser here"),
        tell: (m) => told.push(m),
      },
      metronome: {
        add: (tick) => {
          ticks.add(tick);
          return () => ticks.delete(tick);
        },
      },
    },
  );
  relay.handle({ type: "want", pairs: 2 });
  await settle();
});

function open(session: 1 | 2, formats: readonly Format[], over: Partial<Remote> = {}): void {
  const remote: Remote = {
    ...{ address: "192.0.2.1", port: 4000 + session, rtcpPort: 4009, send: true, receive: true },
    ...{ sends: formats, receives: formats, ...over },
  };
  relay.handle({ type: "remote", session, kind: "audio", port: 40_000 + 2 * (session - 1), remote });
}

const bridge = (...pairs: [from: number, to: number][]) => {
  const routes = pairs.map(([from, to]) => ({ from, to, rate: 8000 }));
  relay.handle({ type: "route", session: 1, kind: "audio", to: 2, routes });
};

function beats(count: number): void {
  for (let i = 0; i < count; i++) {
    now += 20;
    for (const tick of [...ticks]) tick(now);
  }
}

const from = (session: 1 | 2, packet: Buffer) =>
  sockets[session - 1]?.emit("message", packet, { address: "192.0.2.1", port: 4000 + session });
const sentTo = (session: 1 | 2) => (sockets[session - 1]?.sent ?? []).map(read);
const send = (
  digit: string,
  way: "rfc4733" | "inband",
  over: Partial<Extract<ToWorker, { type: "send-digit" }>> = {},
) => relay.handle({ type: "send-digit", session: 2, ask: 1, digit, way, durationMs: 100, gapMs: 60, ...over });
const digitsTold = () =>
  told.flatMap((m) => (m.type === "digit" ? [`${m.session} ${m.digit} ${m.by} ${m.durationMs ?? "…"}`] : []));
/** What a peer's octets say, one after the other. */
function decoder({ name }: Format): (octet: number) => number {
  const ear = new G722();
  const { linear } = lawOf(name);
  return (octet) => (name === "G722" ? ear.decode(octet) : (linear[octet] ?? 0));
}
const sendings = () => told.flatMap((m) => (m.type === "digit-sent" ? [[m.ask, m.ok]] : []));

describe("RFC 4733 §2.5.1 a digit that is sent", () => {
  it("is one timestamp: a marker on the first packet, a longer duration in each, the end three times", () => {
    open(2, [pcma, { ...events, payload: 96 }]);
    send("#", "rfc4733");
    beats(20);
    const packets = sentTo(2);
    assert.deepEqual(
      packets.map(({ payload, marker, body }) => [payload, marker, body.toString("hex")]),
      [
        [96, true, "0b0800a0"],
        [96, false, "0b080140"],
        [96, false, "0b0801e0"],
        [96, false, "0b080280"],
        [96, false, "0b880320"],
        [96, false, "0b880320"],
        [96, false, "0b880320"],
      ],
    );
    const [first] = packets;
    assert.ok(first && packets.every(({ timestamp, ssrc }) => timestamp === first.timestamp && ssrc === first.ssrc));
    assert.deepEqual(
      packets.map(({ sequence }) => (sequence - first.sequence) & 0xffff),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.deepEqual(sendings(), [[1, true]]);
    assert.equal(ticks.size, 0, "the beat rests");
  });

  it("is counted in the events' own clock, and goes on in a segment where the field is full", () => {
    open(2, [
      { payload: 96, name: "opus", rate: 48_000, channels: 2 },
      { ...events, rate: 48_000 },
    ]);
    send("1", "rfc4733", { durationMs: 2000 });
    beats(110);
    const packets = sentTo(2);
    assert.equal(packets[0]?.body.readUInt16BE(2), 960);
    const [first, second] = [...new Set(packets.map(({ timestamp }) => timestamp))];
    assert.ok(first !== undefined && second !== undefined);
    assert.equal((second - first) >>> 0, 68 * 960, "§2.5.1.3: where the first segment ends");
    assert.equal(68 * 960 + (packets.at(-1)?.body.readUInt16BE(2) ?? 0), 96_000);
    assert.deepEqual(
      packets.filter(({ marker }) => marker).map(({ sequence }) => sequence),
      [packets[0].sequence],
    );
  });

  it("has the floor: nothing else leaves meanwhile, and the sound goes on afterwards in its own time", () => {
    open(1, [pcma, events]);
    open(2, [pcma, events]);
    bridge([8, 8]);
    from(1, rtp({ sequence: 1, timestamp: 8000 }));
    const before = sentTo(2).at(-1);
    send("1", "rfc4733");
    for (let i = 1; i <= 20; i++) {
      beats(1);
      from(1, rtp({ sequence: 1 + i, timestamp: 8000 + 160 * i }));
    }
    const packets = sentTo(2);
    const during = packets.slice(1, 8);
    assert.ok(during.every(({ payload }) => payload === 101));
    const after = packets.slice(8);
    assert.ok(after.length > 5 && after.every(({ payload }) => payload === 8));
    assert.equal(after[0]?.marker, true);
    // Sound that left 180 ms after the last sound before the digit is marked as that.
    assert.ok(before && after[0]);
    assert.equal((after[0].timestamp - before.timestamp) >>> 0, 160 * (21 - after.length));
    assert.deepEqual(
      packets.map(({ sequence }) => (sequence - before.sequence) & 0xffff),
      packets.map((_, i) => i),
    );
  });

  it("waits for the one before it, a gap apart", () => {
    open(2, [pcma, events]);
    for (const [i, digit] of ["1", "2"].entries()) send(digit, "rfc4733", { ask: i });
    beats(40);
    const packets = sentTo(2);
    assert.equal(packets.map(({ body }) => body[0]).join(""), "11111112222222");
    assert.equal(((packets[7]?.timestamp ?? 0) - (packets[0]?.timestamp ?? 0)) >>> 0, 160 * 8, "100 ms and 60 ms");
    assert.deepEqual(
      sendings().map(([ask]) => ask),
      [0, 1],
    );
  });

  it("is refused where the peer takes none, and in a session that is not or no longer there", async () => {
    open(2, [pcma]);
    send("1", "rfc4733");
    beats(1);
    send("1", "rfc4733", { session: 7, ask: 2 });
    send("1", "inband", { ask: 3 });
    beats(2);
    const sent = sentTo(2).length;
    relay.handle({ type: "close", session: 2, ports: [] });
    beats(20);
    await settle();
    assert.equal(sentTo(2).length, sent, "nothing leaves a closed session");
    send("1", "inband", { ask: 4 });
    assert.deepEqual(sendings(), [
      [1, false],
      [2, false],
      [3, true],
      [4, false],
    ]);
    assert.equal(ticks.size, 0);
  });
});

describe("N5 a digit that is sent as tones", () => {
  for (const format of [pcma, pcmu, g722])
    it(`is two tones and then silence, in ${format.name}`, () => {
      open(2, [format]);
      for (const [i, digit] of ["1", "5", "9", "D"].entries()) send(digit, "inband", { ask: i });
      beats(40);
      const packets = sentTo(2);
      assert.ok(packets.every(({ payload, body }) => payload === format.payload && body.length === 160));
      assert.ok(packets.every(({ timestamp }, i) => i === 0 || timestamp - (packets[i - 1]?.timestamp ?? 0) === 160));
      const decode = decoder(format);
      const detector = new Detector();
      let digits = "";
      for (const { body } of packets) detector.hear(Array.from(body, decode), (key) => (digits += key));
      assert.equal(digits, "159D");
    });

  it("is refused where the codec is none that we can make tones in", () => {
    open(2, [{ payload: 96, name: "opus", rate: 48_000, channels: 2 }]);
    send("1", "inband");
    beats(1);
    assert.deepEqual(sendings(), [[1, false]]);
  });
});

describe("digits that are heard", () => {
  const press = (timestamp: number, end: boolean) =>
    rtp({ payload: 101, timestamp, sequence: now / 20, body: Buffer.from([1, end ? 0x8a : 0x0a, 3, 0x20]) });
  const say = (digits: string, { payload } = pcma) => {
    const samples = dialled(digits, { ms: 100, gapMs: 100 }, seeded(5));
    const voice = new G722();
    const encode = payload === g722.payload ? (sample: number) => voice.encode(sample) : encodeA;
    for (let at = 0; at + 160 <= samples.length; at += 160) {
      const body = Uint8Array.from(samples.slice(at, at + 160), encode);
      from(1, rtp({ payload, sequence: at / 160, timestamp: at, body }));
      beats(1);
    }
  };
  const hearing = (how: Pick<Extract<ToWorker, { type: "hear-digits" }>, "events" | "tones">, codec = pcma) => {
    open(1, [codec, events]);
    open(2, [codec, events]);
    bridge([codec.payload, codec.payload], [101, 101]);
    relay.handle({ type: "hear-digits", session: 1, ...how });
  };

  it("as events are told, and passed on as they are", () => {
    hearing({ events: "pass", tones: "ignore" });
    from(1, press(1000, false));
    beats(1);
    from(1, press(1000, true));
    assert.deepEqual(digitsTold(), ["1 1 rfc4733 …", "1 1 rfc4733 100"]);
    assert.equal(sentTo(2).length, 2);
  });

  it("as events that are kept leave no hole in the sound: nobody takes them for lost", () => {
    hearing({ events: "keep", tones: "ignore" });
    from(1, rtp({ sequence: 7, timestamp: 800 }));
    for (const sequence of [8, 9, 10])
      from(1, rtp({ payload: 101, sequence, timestamp: 960, body: Buffer.from([1, 0x0a, 3, 0x20]) }));
    from(1, rtp({ sequence: 11, timestamp: 1440 }));
    const [before, after] = sentTo(2);
    assert.ok(before && after && sentTo(2).length === 2);
    assert.equal((after.sequence - before.sequence) & 0xffff, 1);
    assert.equal((after.timestamp - before.timestamp) >>> 0, 640);
  });

  it("as events are told and kept", () => {
    hearing({ events: "keep", tones: "ignore" });
    from(1, press(1000, false));
    assert.deepEqual(digitsTold(), ["1 1 rfc4733 …"]);
    assert.equal(sentTo(2).length, 0);
    beats(20);
    assert.deepEqual(digitsTold().slice(1), ["1 1 rfc4733 100"], "let go of by silence");
    assert.equal(ticks.size, 0);
  });

  it("as tones are told only where that was asked for", () => {
    hearing({ events: "pass", tones: "ignore" });
    say("12");
    assert.deepEqual(digitsTold(), []);
    relay.handle({ type: "hear-digits", session: 1, events: "pass", tones: "pass" });
    say("34");
    assert.deepEqual(
      digitsTold().map((text) => text.slice(0, 11)),
      ["1 3 inband ", "1 3 inband ", "1 4 inband ", "1 4 inband "],
    );
    const lengths = told.flatMap((m) => (m.type === "digit" && m.durationMs !== undefined ? [m.durationMs] : []));
    assert.ok(
      lengths.every((ms) => Math.abs(ms - 100) <= 20),
      lengths.join(),
    );
  });

  for (const codec of [pcma, g722])
    it(`as tones are taken out of the sound where they are kept, so that nobody hears the digit twice, in ${codec.name}`, () => {
      hearing({ events: "pass", tones: "keep" }, codec);
      say("1593", codec);
      const passed = sentTo(2);
      assert.equal(passed.length, sockets[1]?.sent.length);
      const detector = new Detector();
      const decode = decoder(codec);
      const sound = passed.map(({ body }) => Array.from(body, decode));
      let digits = "";
      for (const samples of sound) detector.hear(samples, (key) => (digits += key));
      assert.equal(digits, "", "what is left of the tone is too short for anybody");
      // The longest run of sound that is none of the silence put in.
      const loud = sound.flat().map((sample) => Math.abs(sample) > 500);
      const runs = loud
        .map(String)
        .join("")
        .split(/(?:false){20,}/)
        .map((run) => run.split(/true|false/).length - 1);
      assert.ok(Math.max(...runs) < 23 * 8, `${Math.max(...runs) / 8} ms are left`);
      assert.equal(digitsTold().length, 8);
    });

  for (const [how, sequence, timestamp] of [
    ["has the number of the one before", (i: number) => 2 * i, (i: number) => 160 * i],
    ["has a number of another count", (i: number) => 2 * i + 30_000, (i: number) => 160 * i],
    ["has the time of the one before", (i: number) => 2 * i + 1, (i: number) => 160 * i + 1],
    ["is of another time", (i: number) => 2 * i + 1, (i: number) => 160 * i + 2 ** 31],
  ] as const)
    it(`as tones in G.722 get through no better where each second packet ${how}, to be thrown away by the peer`, () => {
      hearing({ events: "pass", tones: "keep" }, g722);
      // It drives a decoder to the greatest steps that there are.
      const noise = Uint8Array.from({ length: 160 }, (_, i) => (i % 2 ? 0x20 : 0x04));
      const voice = new G722();
      const samples = dialled("1593", { ms: 300, gapMs: 100 }, seeded(5));
      for (let at = 0; at + 160 <= samples.length; at += 160) {
        const body = Uint8Array.from(samples.slice(at, at + 160), (sample) => voice.encode(sample));
        from(1, rtp({ payload: 9, sequence: (2 * at) / 160, timestamp: at, body }));
        from(1, rtp({ payload: 9, sequence: sequence(at / 160), timestamp: timestamp(at / 160), body: noise }));
        beats(1);
      }
      // A peer that throws away what has a number or a time that it had, or ones that are far off.
      let [last, time] = [-1, 0];
      const kept = sentTo(2).filter((packet) => {
        const [step, ahead] = [((packet.sequence - last) << 16) >> 16, (packet.timestamp - time) | 0];
        const follows = last < 0 || (step > 0 && step < 1000 && ahead >= 160 && ahead < 80_000);
        if (follows) [last, time] = [packet.sequence, packet.timestamp];
        return follows;
      });
      assert.ok(kept.length > 50);
      const decode = decoder(g722);
      const detector = new Detector();
      let digits = "";
      for (const { body } of kept) detector.hear(Array.from(body, decode), (key) => (digits += key));
      assert.equal(digits, "");
    });

  it("as one tone count once though the network stalls in it, and twice where nothing was sent between two", () => {
    hearing({ events: "pass", tones: "pass" });
    const samples = dialled("7", { ms: 300 }, seeded(5));
    const packet = (at: number, timestamp: number) =>
      from(1, rtp({ sequence: at / 160, timestamp, body: Uint8Array.from(samples.slice(at, at + 160), encodeA) }));
    for (let at = 0; at < 1600; at += 160) packet(at, at);
    beats(20);
    for (let at = 1600; at + 160 <= samples.length; at += 160) packet(at, at);
    assert.equal(digitsTold().length, 2, digitsTold().join());
    // The same key, and no packet of the silence before or behind it.
    for (const start of [100_000, 200_000]) {
      for (let at = 480; at < 2400; at += 160) packet(at, start + at);
      beats(20);
    }
    assert.deepEqual(
      digitsTold().map((text) => text.slice(0, 10)),
      Array(6).fill("1 7 inband"),
    );
  });

  it("as a tone that ends with the stream itself is let go of", () => {
    hearing({ events: "pass", tones: "pass" });
    const samples = dialled("7", { ms: 200 }, seeded(5));
    for (let at = 0; at < 1600; at += 160)
      from(1, rtp({ sequence: at / 160, timestamp: at, body: Uint8Array.from(samples.slice(at, at + 160), encodeA) }));
    assert.deepEqual(digitsTold(), ["1 7 inband …"]);
    beats(20);
    assert.equal(digitsTold().length, 2);
    assert.equal(ticks.size, 0);
  });
});
