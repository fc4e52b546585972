// The path of a packet through the worker, without sockets or threads.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { pcma } from "../../src/media/codec.ts";
import { rtpPacket } from "../../src/media/worker/rtp.ts";
import { Stream } from "../../src/media/worker/stream.ts";
import { around, end, straight, type End } from "./ends.ts";
import { control, read, rtcp, rtp } from "./packets.ts";
import { seeded } from "./seeded.ts";

let bell: End;
let phone: End;

beforeEach(() => {
  [around.now, around.own] = [1_000_000, []];
  bell = end(4000);
  phone = end(5000);
  bell.stream.setRoutes(phone.stream, straight);
  phone.stream.setRoutes(bell.stream, straight);
});

const fromBell = (over: Parameters<typeof rtp>[0]) => bell.stream.receive(rtp(over), "192.0.2.1", 4000);

describe("the stream that a peer gets", () => {
  it("H1 begins with the timestamps of its first source, so that a phone that later gets it directly sees no jump", () => {
    fromBell({ sequence: 7, timestamp: 123_456 });
    fromBell({ sequence: 8, timestamp: 123_616 });
    assert.deepEqual(
      phone.media.map(({ packet }) => read(packet).timestamp),
      [123_456, 123_616],
    );
  });
});

describe("hearing and speaking", () => {
  it("lets ears hear what passed the checks, in the format that was agreed, and keep it from the other side", () => {
    const heard: string[] = [];
    let keeps = false;
    const deaf = bell.stream.hear({
      heard: (packet, { name }) => {
        heard.push(`${name} ${read(packet).sequence}`);
        return keeps;
      },
    });
    fromBell({ sequence: 1 });
    fromBell({ sequence: 2, payload: 101 });
    fromBell({ sequence: 3, payload: 77 });
    bell.stream.receive(rtp({ sequence: 4 }), "203.0.113.9", 4000);
    assert.deepEqual(heard, ["PCMA 1", "telephone-event 2"]);
    assert.equal(phone.media.length, 2);
    keeps = true;
    fromBell({ sequence: 5 });
    assert.equal(phone.media.length, 2);
    deaf();
    fromBell({ sequence: 6 });
    assert.deepEqual([heard.length, phone.media.length], [3, 3]);
  });

  it("knows what it sends: the first codec, and events of its clock rate", () => {
    assert.equal(phone.stream.codec, pcma);
    assert.equal(phone.stream.events?.payload, 96);
  });

  it("gives the floor to one speaker: nothing else leaves, and numbers and times go on without a jump", () => {
    fromBell({ sequence: 100, timestamp: 8000, ssrc: 7 });
    const before = phone.last();
    const speaker = {};
    phone.stream.speak(speaker, rtpPacket(9, 0, Buffer.alloc(160)), pcma);
    assert.equal(phone.media.length, 2, "nobody has the floor: everybody may speak");
    const leave = phone.stream.take(speaker);
    around.now += 20;
    fromBell({ sequence: 101, timestamp: 8160, ssrc: 7 });
    assert.equal(phone.media.length, 2);
    phone.stream.speak(speaker, rtpPacket(10, 160, Buffer.alloc(160, 0xd5)), pcma);
    const said = phone.last();
    assert.equal(said.ssrc, before.ssrc);
    assert.equal((said.sequence - before.sequence) & 0xffff, 2);
    assert.equal(said.payload, pcma.payload);
    const other = phone.stream.take({});
    phone.stream.speak(speaker, rtpPacket(11, 320, Buffer.alloc(160)), pcma);
    assert.equal(phone.media.length, 3, "the last taker has it");
    other();
    leave();
    around.now += 20;
    fromBell({ sequence: 102, timestamp: 8320, ssrc: 7 });
    assert.equal((phone.last().sequence - said.sequence) & 0xffff, 1);
    assert.equal((phone.last().timestamp - said.timestamp) >>> 0, 160);
  });
});

describe("rewriting per receiver", () => {
  it("gives packets our SSRC and the receiver's payload type, and keeps steps of sequence and time", () => {
    fromBell({ sequence: 65_535, timestamp: 2 ** 32 - 160, ssrc: 7, marker: true });
    const one = phone.last();
    fromBell({ sequence: 0, timestamp: 0, ssrc: 7, payload: 101 });
    const two = phone.last();
    assert.equal(one.ssrc, phone.stream.out.ssrc);
    assert.equal(two.ssrc, one.ssrc);
    assert.equal(two.payload, 96);
    assert.equal((two.sequence - one.sequence) & 0xffff, 1);
    assert.equal((two.timestamp - one.timestamp) >>> 0, 160);
    assert.deepEqual([phone.media[0]?.address, phone.media[0]?.port], ["192.0.2.1", 5000]);
  });

  it("goes on without a jump when the source changes, in SSRC or in leg (ring-back → bell)", () => {
    for (let i = 0; i < 3; i++) fromBell({ sequence: 100 + i, timestamp: 1000 + 160 * i, ssrc: 7 });
    const before = phone.last();
    around.now += 60;
    fromBell({ sequence: 40_000, timestamp: 77, ssrc: 8 });
    const after = phone.last();
    assert.equal(after.sequence, (before.sequence + 1) & 0xffff);
    assert.equal((after.timestamp - before.timestamp) >>> 0, 480, "60 ms at 8 kHz");
    assert.equal(after.marker, true);
    const other = end(6000);
    other.stream.setRoutes(phone.stream, straight);
    around.now += 20;
    other.stream.receive(rtp({ sequence: 9, timestamp: 5, ssrc: 8 }), "192.0.2.1", 6000);
    assert.equal(phone.last().sequence, (before.sequence + 2) & 0xffff);
    assert.equal((phone.last().timestamp - after.timestamp) >>> 0, 160);
    assert.equal(phone.last().ssrc, before.ssrc);
  });

  it("does not turn back for a late packet", () => {
    for (const sequence of [10, 12, 11]) fromBell({ sequence, timestamp: sequence * 160, ssrc: 7 });
    const [first, , late] = phone.media.map((m) => read(m.packet).sequence);
    assert.equal(late, ((first ?? 0) + 1) & 0xffff);
    around.now += 20;
    fromBell({ sequence: 500, ssrc: 8 });
    assert.equal(phone.last().sequence, ((first ?? 0) + 3) & 0xffff);
  });

  it("keeps the order and the gaps of a source that loses, doubles and overtakes, over all sequence numbers", () => {
    const random = seeded(65_536);
    const waiting: number[] = [];
    const given: number[] = [];
    for (let number = 30_000; number < 30_000 + 70_000; number++) {
      if (random(100) < 5) continue;
      waiting.push(number, ...(random(100) < 3 ? [number] : []));
      while (waiting.length > random(4)) given.push(...waiting.splice(random(waiting.length), 1));
    }
    given.push(...waiting);
    for (const number of given) {
      around.now += 20;
      fromBell({ sequence: number, timestamp: (160 * number) >>> 0, ssrc: 7 });
    }
    const sent = phone.media.map(({ packet }) => read(packet));
    const first = sent[0] ?? assert.fail();
    const begin = given[0] ?? assert.fail();
    assert.equal(sent.length, given.length);
    for (const [i, { sequence, timestamp, ssrc }] of sent.entries()) {
      const ahead = (given[i] ?? NaN) - begin;
      assert.equal(sequence, (first.sequence + ahead) & 0xffff);
      assert.equal(timestamp, (first.timestamp + 160 * ahead) >>> 0);
      assert.equal(ssrc, first.ssrc);
    }
    // RFC 3550 A.3: what came twice makes up for what did not come.
    assert.equal(bell.stream.in.lost, Math.max(...given) - begin + 1 - given.length);
  });

  it("changes the law of the payload only, not of header extension, CSRCs or padding", () => {
    bell.stream.setRoutes(phone.stream, [{ from: 8, to: 0, rate: 8000, codec: "PCMU" }]);
    const head = rtp({ body: Buffer.alloc(0) });
    head.writeUInt8(0x80 | 0x20 | 0x10 | 1, 0);
    const csrcAndExtension = Buffer.from("d5d5d5d5bede0001d5d5d5d5", "hex");
    const packet = Buffer.concat([
      head,
      csrcAndExtension,
      Buffer.from("d5552aaa", "hex"),
      Buffer.from("d5d503", "hex"),
    ]);
    bell.stream.receive(packet, "192.0.2.1", 4000);
    const sent = phone.last();
    assert.equal(sent.payload, 0);
    assert.equal(sent.body.toString("hex"), "d5d5d5d5bede0001d5d5d5d5" + "fe7e0080" + "d5d503");
  });

  it("drops formats without a way, and everything while the other side is on hold", () => {
    bell.stream.setRoutes(phone.stream, [{ from: 101, to: 96, rate: 8000 }]);
    fromBell({ payload: 8 });
    assert.equal(phone.media.length, 0);
    phone.stream.setRemote({ ...phone.remote, send: false });
    fromBell({ payload: 101, sequence: 2 });
    assert.equal(phone.media.length, 0);
    assert.equal(bell.stream.in.received, 2);
  });
});

describe("RFC 3264 §5.1 a side that may not send", () => {
  it("is not heard, until a new offer lets it", () => {
    bell.stream.setRemote({ ...bell.remote, receive: false });
    fromBell({ sequence: 1 });
    assert.equal(phone.media.length + bell.stream.in.received, 0);
    bell.stream.setRemote(bell.remote);
    fromBell({ sequence: 2 });
    assert.equal(phone.media.length, 1);
  });
});

describe("RFC 3550 A.1 checks", () => {
  for (const [what, packet] of [
    ["too short", Buffer.alloc(11, 0x80)],
    ["empty", Buffer.alloc(0)],
    ["of version 1", Buffer.concat([Buffer.from([0x40]), rtp().subarray(1)])],
    ["of a payload type that was not negotiated", rtp({ payload: 0 })],
    ["RTCP", rtcp(0, 201, [1, 2, 3])],
    ["with more CSRCs than bytes", Buffer.concat([Buffer.from([0x8f]), rtp({ body: Buffer.alloc(8) }).subarray(1)])],
    [
      "with an extension beyond its end",
      Buffer.concat([Buffer.from([0x90]), rtp({ body: Buffer.from("bede00ff", "hex") }).subarray(1)]),
    ],
    [
      "with an extension cut short",
      Buffer.concat([Buffer.from([0x90]), rtp({ body: Buffer.from("be", "hex") }).subarray(1)]),
    ],
    [
      "with more padding than payload",
      Buffer.concat([Buffer.from([0xa0]), rtp({ body: Buffer.from("0005", "hex") }).subarray(1)]),
    ],
    [
      "with padding of nothing",
      Buffer.concat([Buffer.from([0xa0]), rtp({ body: Buffer.from("0000", "hex") }).subarray(1)]),
    ],
  ] as const) {
    it(`drops a packet ${what}`, () => {
      bell.stream.receive(packet, "192.0.2.1", 4000);
      assert.equal(phone.media.length + bell.stream.in.received, 0);
    });
  }

  it("survives 20 000 packets of noise, RTP and RTCP", () => {
    const random = seeded(7);
    for (let i = 0; i < 20_000; i++) {
      const noise = Buffer.from(Array.from({ length: random(60) }, () => random(256)));
      if (noise.length > 1 && random(2)) noise[0] = 0x80 | random(64);
      if (noise.length > 1 && random(2)) noise[1] = random(2) ? 8 : 200 + random(8);
      bell.stream.receive(noise, "192.0.2.1", 4000);
      bell.stream.receiveControl(noise, "192.0.2.1", 4001);
    }
    assert.ok(bell.stream.in.received > 100);
  });

  it("counts what is missing, over wraps and a change of source", () => {
    for (const sequence of [65_534, 65_535, 2, 1, 5]) fromBell({ sequence, ssrc: 7 });
    assert.equal(bell.stream.in.lost, 3, "0, 3 and 4");
    for (const sequence of [10, 12]) fromBell({ sequence, ssrc: 8 });
    assert.equal(bell.stream.in.lost, 4);
    assert.equal(bell.stream.in.received, 7);
  });
});

describe("latching (symmetric RTP, RFC 4961)", () => {
  const from = (address: string, port: number, sequence: number, ssrc = 7) =>
    bell.stream.receive(rtp({ sequence, ssrc }), address, port);
  const toBell = () => {
    phone.stream.receive(rtp({ sequence: 1 }), "192.0.2.1", 5000);
    const sent = bell.media.at(-1);
    return sent && `${sent.address}:${sent.port}`;
  };

  it("sends to the SDP's address until a packet shows another", () => assert.equal(toBell(), "192.0.2.1:4000"));

  it("takes another source after two packets in sequence, and sends there", () => {
    from("198.51.100.9", 1234, 10);
    assert.equal(phone.media.length, 0);
    from("198.51.100.9", 1234, 11);
    assert.equal(phone.media.length, 1);
    assert.equal(toBell(), "198.51.100.9:1234");
  });

  it("is not moved by single packets, or two that do not follow each other", () => {
    from("198.51.100.9", 1234, 10);
    from("198.51.100.9", 1234, 12);
    from("198.51.100.9", 1235, 13);
    from("198.51.100.9", 1234, 14, 8);
    assert.equal(phone.media.length, 0);
    assert.equal(toBell(), "192.0.2.1:4000");
  });

  it("locks to the SDP's address at its first packet, and drops strangers then", () => {
    from("192.0.2.1", 4000, 1);
    for (let i = 0; i < 5; i++) from("198.51.100.9", 1234, 10 + i);
    assert.equal(phone.media.length, 1);
    assert.equal(bell.stream.peer, "192.0.2.1:4000");
  });

  it("gives the SDP's own address back what a quicker stranger took, and keeps it then", () => {
    for (let i = 0; i < 3; i++) from("198.51.100.9", 1234, 10 + i);
    from("203.0.113.5", 99, 20);
    from("203.0.113.5", 99, 21);
    assert.equal(bell.stream.peer, "198.51.100.9:1234");
    from("192.0.2.1", 4000, 1);
    from("198.51.100.9", 1234, 13);
    from("198.51.100.9", 1234, 14);
    assert.equal(bell.stream.peer, "192.0.2.1:4000");
    assert.equal(phone.media.length, 3);
  });

  it("takes no other host where the SDP's is the one that the call is with, but any port of it", () => {
    bell.stream.setRemote({ ...bell.remote, near: true });
    for (let i = 0; i < 5; i++) from("198.51.100.9", 1234, 10 + i);
    assert.equal(phone.media.length, 0);
    assert.equal(toBell(), "192.0.2.1:4000");
    for (let i = 0; i < 2; i++) from("192.0.2.1", 4321, 10 + i);
    assert.equal(bell.stream.peer, "192.0.2.1:4321");
  });

  it("finds its peer anew after a new offer, and the way found stays in use meanwhile", () => {
    from("198.51.100.9", 1234, 10);
    from("198.51.100.9", 1234, 11);
    bell.stream.setRemote(bell.remote);
    assert.equal(toBell(), "198.51.100.9:1234");
    from("198.51.100.9", 4321, 12);
    from("198.51.100.9", 4321, 13);
    assert.equal(toBell(), "198.51.100.9:4321");
    bell.stream.setRemote({ ...bell.remote, port: 4400 });
    assert.equal(toBell(), "192.0.2.1:4400");
  });

  it("accepts nothing before a description came", () => {
    const early = new Stream(
      "audio",
      { rtp: () => {}, rtcp: () => {} },
      { now: () => 0, random: () => 0, isOwn: () => false, wantPicture: () => {} },
    );
    early.receive(rtp(), "192.0.2.1", 4000);
    early.receive(rtp({ sequence: 2 }), "192.0.2.1", 4000);
    assert.equal(early.in.received, 0);
  });

  it("sends nothing to our own ports, nor takes anything from them: that would go round for ever", () => {
    around.own = ["192.0.2.1:4000", "192.0.2.1:5000"];
    from("192.0.2.1", 4000, 1);
    assert.equal(bell.stream.in.received, 0);
    from("198.51.100.9", 1234, 10);
    from("198.51.100.9", 1234, 11);
    assert.equal(phone.media.length, 0);
  });
});

describe("RTCP between legs", () => {
  // Bell → phone and phone → bell, one packet each, so that both directions have a source.
  beforeEach(() => {
    for (const sequence of [1000, 1001])
      fromBell({ sequence, timestamp: 160 * sequence, ssrc: 7, body: Buffer.alloc(160) });
    phone.stream.receive(rtp({ sequence: 50, ssrc: 9 }), "192.0.2.1", 5000);
  });
  const offset = () => phone.stream.out.sequenceOffset;

  it("RFC 3550 §6.4.1: a sender report carries our SSRC, our clock and our counts; names stay behind", () => {
    const report = rtcp(0, 200, [7, 0x11111111, 0x22222222, 160 * 1001, 999, 888]);
    const name = rtcp(1, 202, [7, 0x01026162, 0]); // CNAME "ab"
    bell.stream.receiveControl(Buffer.concat([report, name, rtcp(1, 203, [7])]), "192.0.2.1", 4001);
    const [[, type, words] = [0, 0, []], sdes, ...rest] = control(phone.reports[0]?.packet ?? Buffer.alloc(0));
    const { out } = phone.stream;
    assert.equal(type, 200);
    assert.deepEqual(words, [out.ssrc, 0x11111111, 0x22222222, phone.last().timestamp, 2, 320]);
    assert.deepEqual(sdes?.slice(0, 2), [1, 202]);
    assert.equal(sdes[2].length, 4, "our own name of eight letters");
    assert.deepEqual(rest, [], "no BYE: our stream goes on");
    assert.equal(phone.reports[0]?.port, 5001);
  });

  it("RFC 3550 §6.4.2: a report about our stream becomes one about its source", () => {
    const highest = (3 << 16) | ((1001 + offset()) & 0xffff);
    const ours = [phone.stream.out.ssrc, 0x80000005, highest, 12, 0x33333333, 44];
    const strange = [4711, 0, 0, 0, 0, 0];
    phone.stream.receiveControl(rtcp(2, 201, [9, ...strange, ...ours]), "192.0.2.1", 5001);
    const [report] = control(bell.reports[0]?.packet ?? Buffer.alloc(0));
    assert.deepEqual(report, [1, 201, [bell.stream.out.ssrc, 7, 0x80000005, 1001, 12, 0x33333333, 44]]);
  });

  it("RFC 4585 §6.2.1: NACKs reach the source in its numbers; what is not about our stream does not", () => {
    const us = phone.stream.out.ssrc;
    const compound = Buffer.concat([
      rtcp(0, 201, [9]),
      rtcp(1, 205, [9, us, (((1000 + offset()) & 0xffff) << 16) | 0x0003]),
      rtcp(1, 206, [9, 4711]),
      rtcp(15, 206, [9, 0, 0x52454d42]),
    ]);
    phone.stream.receiveControl(compound, "192.0.2.1", 5001);
    const [report, , ...feedback] = control(bell.reports[0]?.packet ?? Buffer.alloc(0));
    const we = bell.stream.out.ssrc;
    assert.deepEqual(report, [0, 201, [we]]);
    assert.deepEqual(feedback, [[1, 205, [we, 7, (1000 << 16) | 3]]]);
  });

  it("tells a new source nothing of the one before, though both use one SSRC", () => {
    const second = end(6000);
    phone.stream.setRoutes(second.stream, straight);
    second.stream.receive(rtp({ sequence: 30, ssrc: 7 }), "192.0.2.1", 6000);
    const us = phone.stream.out.ssrc;
    const compound = Buffer.concat([rtcp(1, 201, [9, us, 0, 0, 0, 0, 0]), rtcp(1, 206, [9, us])]);
    phone.stream.receiveControl(compound, "192.0.2.1", 5001);
    assert.equal(second.reports.length, 0);
  });

  it("sends nothing when nothing in it can be translated, nor anything from a stranger", () => {
    phone.stream.receiveControl(rtcp(1, 201, [9, 4711, 0, 0, 0, 0, 0]), "192.0.2.1", 5001);
    phone.stream.receiveControl(rtcp(1, 206, [9, phone.stream.out.ssrc]), "198.51.100.9", 5001);
    assert.equal(bell.reports.length, 0);
  });

  it("answers to the port RTCP really comes from", () => {
    bell.stream.receiveControl(rtcp(0, 201, [7]), "192.0.2.1", 4999);
    phone.stream.receiveControl(rtcp(1, 201, [9, phone.stream.out.ssrc, 0, 0, 0, 0, 0]), "192.0.2.1", 5001);
    assert.equal(bell.reports[0]?.port, 4999);
  });
});
