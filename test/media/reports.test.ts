// Our own RTCP: reports where nobody's are passed on, what the peer's say, and requests for a key frame.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { around, end, straight, type End } from "./ends.ts";
import { control, rtcp, rtp } from "./packets.ts";

let bell: End;
let phone: End;

beforeEach(() => {
  [around.now, around.own] = [1_000_000, []];
  [bell, phone] = [end(4000), end(5000)];
  bell.stream.setRoutes(phone.stream, straight);
  phone.stream.setRoutes(bell.stream, straight);
});

/** The bell's packet of this number, 20 ms after the one before it. */
const speak = (sequence: number) => {
  around.now += 20;
  bell.stream.receive(rtp({ sequence, timestamp: 160 * sequence, ssrc: 7 }), "192.0.2.1", 4000);
};
/** Time passes as in the worker, which looks once a second. */
const pass = (ms: number) => {
  for (const until = around.now + ms; around.now < until;) {
    around.now += 500;
    for (const { stream } of [bell, phone]) stream.report();
  }
};
const first = ({ report }: End) => control(report())[0] ?? assert.fail();

describe("RFC 3550 §6.4 reports of our own", () => {
  it("tell a phone what it is sent where the bell sends no reports, and the bell what came of it", () => {
    for (let sequence = 0; sequence < 50; sequence++) if (sequence % 10 !== 3) speak(sequence);
    pass(3000);
    const [, type, [ssrc, seconds, , timestamp, packets, octets]] = first(phone);
    assert.deepEqual([type, ssrc, packets, octets], [200, phone.stream.out.ssrc, 45, 45 * 160]);
    const reportedAt = (seconds ?? 0) * 1000;
    assert.ok(Math.abs(reportedAt - around.now) < 1500);
    // 2.5 s after the last packet, the stream's clock shows 2.5 s more.
    const passed = ((timestamp ?? 0) - phone.last().timestamp) >>> 0;
    assert.ok(passed >= 8 * 2000 && passed <= 8 * 3000, `${passed}`);
    const [blocks, kind, words] = first(bell);
    assert.deepEqual([blocks, kind], [1, 201]);
    const fraction = Math.floor((5 * 256) / 50);
    assert.deepEqual(words.slice(0, 4), [bell.stream.out.ssrc, 7, (fraction << 24) | 5, 49]);
    assert.deepEqual(words.slice(5), [0, 0], "it never sent a report");
  });

  it("come every five seconds, and say of a bell that sends no more what came since the last", () => {
    for (let sequence = 0; sequence < 10; sequence++) speak(sequence);
    pass(12_600);
    assert.equal(bell.reports.length, 3);
    const [, , words] = first(bell);
    assert.deepEqual(words.slice(2, 4), [0, 9]);
    assert.deepEqual(
      phone.reports.map(({ packet }) => control(packet)[0]?.[1]),
      [200, 201, 201],
      "who has sent nothing since the last report is a receiver",
    );
  });

  it("stay away while those of the other side are passed on, and come when these fail to", () => {
    for (let i = 0; i < 6; i++) {
      speak(i);
      bell.stream.receiveControl(rtcp(0, 200, [7, 1, i, 0, 1, 160]), "192.0.2.1", 4001);
      pass(5000);
    }
    assert.equal(phone.reports.length, 6);
    pass(5000);
    assert.equal(phone.reports.length, 7);
  });

  it("A.3: tell of loss across the wrap, and of packets that came twice", () => {
    for (const sequence of [65_530, 65_531, 65_535, 65_535, 0, 1, 4]) speak(sequence);
    pass(3000);
    const [, , words] = first(bell);
    // 65530 to 65536+4 are eleven; seven came, one of them twice.
    assert.deepEqual(words.slice(2, 4), [(Math.floor((4 * 256) / 11) << 24) | 4, 65_540]);
  });

  it("§6.4.1: the last sender report and how long ago it was", () => {
    speak(1);
    bell.stream.receiveControl(rtcp(0, 200, [7, 0x11112222, 0x33334444, 0, 1, 160]), "192.0.2.1", 4001);
    const at = around.now;
    pass(3000);
    const [, , words] = first(bell);
    const [since, delay] = words.slice(5);
    assert.equal(since, 0x22223333);
    assert.equal(delay, Math.round(((around.now - at) * 65_536) / 1000));
  });
});

describe("what a peer's reports say", () => {
  const answer = (words: readonly number[]) => phone.stream.receiveControl(rtcp(1, 201, words), "192.0.2.1", 5001);
  const middle = (seconds = 0, fraction = 0) => ((seconds << 16) | (fraction >>> 16)) >>> 0;

  it("gives the round trip, by a report of our own", () => {
    speak(1);
    pass(3000);
    const [, , [, seconds, fraction]] = first(phone);
    around.now += 340;
    answer([9, phone.stream.out.ssrc, 0x10000007, 1, 0, middle(seconds, fraction), 0.3 * 65_536]);
    const { roundTrip = -1, peerLost } = phone.stream.reports;
    assert.ok(Math.abs(roundTrip - 40) < 1, `${roundTrip}`);
    assert.equal(peerLost, 7);
    const [, , passedOn] = first(bell);
    assert.deepEqual(passedOn.slice(5), [0, 0], "the bell does not know the time of our report");
  });

  it("gives the round trip of this leg, by a report of the other side that was passed on", () => {
    speak(1);
    bell.stream.receiveControl(rtcp(0, 200, [7, 0x11112222, 0x33334444, 0, 1, 160]), "192.0.2.1", 4001);
    around.now += 25;
    answer([9, phone.stream.out.ssrc, 0, 1, 0, 0x22223333, 0]);
    assert.equal(phone.stream.reports.roundTrip, 25);
    const [, , passedOn] = first(bell);
    assert.deepEqual(passedOn.slice(5), [0x22223333, 0], "and the bell can measure the whole way");
  });

  it("is not believed where it names a report that was never sent, nor of another's stream", () => {
    speak(1);
    pass(3000);
    answer([9, phone.stream.out.ssrc, 0, 1, 0, 0x12345678, 0]);
    answer([9, 4711, 0x00000009, 1, 0, 0, 0]);
    assert.deepEqual([phone.stream.reports.roundTrip, phone.stream.reports.peerLost], [undefined, 0]);
  });
});

describe("RFC 3550 A.8 jitter", () => {
  it("is nothing where packets come as they were sent, over the wrap of their clock", () => {
    for (let i = 0; i < 100; i++) {
      around.now += 20;
      const timestamp = (2 ** 32 - 160 * 50 + 160 * i) >>> 0;
      bell.stream.receive(rtp({ sequence: i, timestamp, ssrc: 7 }), "192.0.2.1", 4000);
    }
    assert.equal(bell.stream.in.jitter, 0);
  });

  it("comes near to how much they are off", () => {
    for (let i = 0; i < 400; i++) {
      around.now = 2_000_000 + 20 * i + (i % 2) * 8;
      bell.stream.receive(rtp({ sequence: i, timestamp: 160 * i, ssrc: 7 }), "192.0.2.1", 4000);
    }
    assert.ok(Math.abs(bell.stream.in.jitter - 8) < 0.1, `${bell.stream.in.jitter}`);
  });

  it("does not count digits, whose packets all have the time of their begin", () => {
    speak(1);
    for (let sequence = 2; sequence < 12; sequence++) {
      around.now += 20;
      bell.stream.receive(rtp({ payload: 101, sequence, timestamp: 160, ssrc: 7 }), "192.0.2.1", 4000);
    }
    speak(12);
    assert.equal(bell.stream.in.jitter, 0);
  });
});

describe("RFC 5761 RTCP on the RTP port", () => {
  it("is told from RTP, and answered there", () => {
    const muxed = end(6000, { mux: true });
    muxed.stream.setRoutes(phone.stream, straight);
    muxed.stream.receive(rtp({ sequence: 1, ssrc: 7 }), "192.0.2.1", 6000);
    muxed.stream.receive(rtcp(0, 200, [7, 1, 2, 0, 1, 160]), "192.0.2.1", 6000);
    assert.equal(first(phone)[1], 200);
    assert.equal(muxed.stream.in.received, 1);
    around.now += 10_000;
    muxed.stream.report();
    around.now += 10_000;
    muxed.stream.report();
    const [said] = muxed.media;
    assert.deepEqual([said?.port, muxed.reports.length], [6000, 0]);
    assert.equal(control(said?.packet ?? Buffer.alloc(0))[0]?.[1], 201);
  });

  it("is taken for nothing where it was not agreed", () => {
    bell.stream.receive(rtcp(0, 200, [7, 1, 2, 0, 1, 160]), "192.0.2.1", 4000);
    assert.equal(phone.reports.length + phone.media.length, 0);
  });
});

describe("requests for a key frame", () => {
  const film = { payload: 96, name: "H264", rate: 90_000, channels: 1 };
  const pictures = { sends: [film], receives: [film] };
  let camera: End;
  let screen: End;
  const watch = (feedback: readonly string[]) => {
    [camera, screen] = [end(4000, { ...pictures, feedback }, "video"), end(5000, pictures, "video")];
    camera.stream.setRoutes(screen.stream, [{ from: 96, to: 96, rate: 90_000 }]);
    camera.stream.receive(rtp({ payload: 96, sequence: 1, ssrc: 7 }), "192.0.2.1", 4000);
  };
  const ask = (...feedback: Buffer[]) =>
    screen.stream.receiveControl(Buffer.concat([rtcp(0, 201, [9]), ...feedback]), "192.0.2.1", 5001);
  const pli = () => rtcp(1, 206, [9, screen.stream.out.ssrc]);
  const fir = (number: number) => rtcp(4, 206, [9, 0, screen.stream.out.ssrc, number << 24]);
  const asked = () => camera.reports.map(({ packet }) => control(packet)[2]);

  it("RFC 4585 §6.3.1: reach the source, in a compound with our name, whatever way they came", () => {
    watch(["nack pli", "ccm fir"]);
    ask(pli());
    around.now += 600;
    ask(fir(5));
    const we = camera.stream.out.ssrc;
    assert.deepEqual(asked(), [
      [1, 206, [we, 7]],
      [1, 206, [we, 7]],
    ]);
    assert.deepEqual(
      control(camera.report()).map(([, type]) => type),
      [201, 202, 206],
    );
  });

  it("RFC 5104 §4.3.1: as full intra requests, counted, where the camera knows only those", () => {
    watch(["ccm fir"]);
    ask(fir(5));
    around.now += 600;
    ask(pli());
    const we = camera.stream.out.ssrc;
    assert.deepEqual(asked(), [
      [4, 206, [we, 0, 7, 0]],
      [4, 206, [we, 0, 7, 0x01000000]],
    ]);
  });

  it("go by signalling where the camera knows neither", () => {
    watch([]);
    ask(pli());
    assert.deepEqual([camera.reports.length, camera.wanted], [0, [around.now]]);
  });

  it("are one in half a second, however many ask", () => {
    watch(["nack pli"]);
    for (let i = 0; i < 10; i++) ask(pli(), fir(i));
    assert.equal(camera.reports.length, 1);
  });

  it("are not made for another's stream, nor of sound", () => {
    watch(["nack pli"]);
    ask(rtcp(1, 206, [9, 4711]), rtcp(4, 206, [9, 0, 4711, 0]), rtcp(15, 206, [9, 0, 0x52454d42]));
    assert.equal(camera.reports.length, 0);
    bell.stream.requestPicture();
    assert.deepEqual([bell.reports.length, bell.wanted], [0, []]);
  });
});
