// All of the media part: real RTP on loopback through the worker thread.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { after, afterEach, before, beforeEach, describe, it, mock } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { uToA } from "../../src/media/g711.ts";
import { Media, MediaSession } from "../../src/media/media.ts";
import { noCounts, type ToWorker } from "../../src/media/worker/messages.ts";
import { bound } from "../../src/media/worker/ports.ts";
import { control, read, rtcp } from "./packets.ts";
import { Phone } from "./phone.ts";
import { freeRange } from "./range.ts";
import { levelOf } from "./tone.ts";

const loopback = { bind: "127.0.0.1", advertise: "127.0.0.1" };
const video = "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n";
const events = "a=rtpmap:101 telephone-event/8000";
const portOf = (sdp: string, kind = "audio") => Number(new RegExp(`^m=${kind} (\\d+)`, "m").exec(sdp)?.[1]);
const isCode = (code: string) => (e: unknown) => e instanceof PorteroError && e.code === code;

let media: Media;
const phones: Phone[] = [];
const another = async (ssrc: number) => {
  const made = await Phone.open(ssrc);
  phones.push(made);
  return made;
};

// Packets may overtake messages to the worker; what stats() answers has been through all messages before it.

/** A bell that offered `bells` and a phone that took `takes`, bridged: the sessions and the ports to send to. */
async function call(bells: string, takes: string) {
  const [bell, answerer] = [await another(0xbe11), await another(0xf0e)];
  const [a, b] = [await media.open(), await media.open()];
  a.receiveOffer(bell.sdp(bells, events));
  const toPhone = portOf(b.offer(a));
  b.receiveAnswer(answerer.sdp(takes, events));
  const toBell = portOf(a.answer(b));
  media.bridge(a, b);
  await a.stats();
  return { bell, phone: answerer, a, b, bellPort: toBell, phonePort: toPhone };
}

describe("the relay", () => {
  before(async () => {
    media = await Media.start({ ...loopback, ports: [0, 0] });
  });
  after(() => media.close());
  afterEach(() => {
    for (const p of phones.splice(0)) p.close();
  });

  it("passes a tone from PCMA to PCMU and another back, at their level", async () => {
    const { bell, phone, a, b, bellPort, phonePort } = await call("8 101", "0 101");
    assert.deepEqual([a.codec, b.codec], ["PCMA/8000", "PCMU/8000"]);
    await Promise.all([bell.sing(bellPort, 700, "PCMA", 50), phone.sing(phonePort, 1300, "PCMU", 50)]);
    await Promise.all([bell.heard(50), phone.heard(50)]);
    assert.deepEqual(new Set(phone.received.map((p) => read(p).payload)), new Set([0]));
    assert.deepEqual(new Set(bell.received.map((p) => read(p).payload)), new Set([8]));
    // The two laws' levels lie beside each other; the nearest one moves a loud tone by up to 0.17 dB.
    const sent = 20 * Math.log10(8000 / 32_768);
    assert.ok(Math.abs(levelOf(phone.samples(), 700) - sent) < 0.2);
    assert.ok(Math.abs(levelOf(bell.samples(), 1300) - sent) < 0.2);
    assert.ok(levelOf(phone.samples(), 1300) < -50 && levelOf(bell.samples(), 700) < -50);
    const { jitterMs = 0, ...stats } = await a.stats();
    const remote = `127.0.0.1:${bell.port}`;
    assert.deepEqual(stats, { received: 50, sent: 50, lost: 0, codec: "PCMA/8000", mos: 4.4, remote });
    assert.ok(jitterMs > 10, "they came all at once, not 20 ms apart");
  });

  it("passes one law through untouched, digits with the receiver's number", async () => {
    const { bell, phone, bellPort } = await call("8 101", "8 101");
    const body = Uint8Array.from({ length: 160 }, (_, i) => i);
    await bell.send(bellPort, 8, body);
    await bell.send(bellPort, 101, Uint8Array.from([1, 0x8a, 0x03, 0x20]));
    await phone.heard(2);
    const [speech, digit] = phone.received.map(read);
    assert.deepEqual([speech?.payload, digit?.payload], [8, 101]);
    assert.deepEqual(new Uint8Array(speech?.body ?? []), body);
    assert.deepEqual([...(digit?.body ?? [])], [1, 0x8a, 0x03, 0x20]);
  });

  it("finds a bell that sends from another port than its SDP says, and answers it there", async () => {
    const { bell, phone, bellPort, phonePort } = await call("8", "8");
    const moved = await another(7);
    await moved.sing(bellPort, 700, "PCMA", 3);
    await phone.heard(2);
    await phone.send(phonePort, 8);
    await moved.heard(1);
    assert.equal(bell.received.length, 0);
  });

  it("drops a stranger's packets once it knows the bell", async () => {
    const { bell, phone, bellPort } = await call("8", "8");
    await bell.send(bellPort, 8);
    await phone.heard(1);
    const stranger = await another(66);
    for (let i = 0; i < 5; i++) await stranger.send(bellPort, 8);
    await bell.send(bellPort, 8);
    await phone.heard(2);
    const [one, two] = phone.received.map(read);
    assert.equal(two?.sequence, ((one?.sequence ?? 0) + 1) & 0xffff);
    assert.equal(two.timestamp, ((one?.timestamp ?? 0) + 160) >>> 0);
    assert.equal(phone.received.length, 2);
  });

  it("bridges the phone to another source without a jump of its sequence", async () => {
    const { bell, phone, a, b, bellPort } = await call("8", "8");
    await bell.sing(bellPort, 700, "PCMA", 3);
    await phone.heard(3);
    const second = await another(0x5ec);
    const c = await media.open();
    c.receiveOffer(second.sdp("0"));
    const port = portOf(c.answer(b));
    media.bridge(c, b);
    await c.stats();
    second.sequence = 40_000;
    await second.sing(port, 900, "PCMU", 3);
    await phone.heard(6);
    await bell.send(bellPort, 8);
    await second.send(port, 0, new Uint8Array(160));
    await phone.heard(7);
    const heard = phone.received.map(read);
    assert.equal(heard[6]?.body[0], uToA[0], "the first bell's packet in between goes nowhere");
    const first = heard[0] ?? assert.fail();
    assert.deepEqual(
      heard.map((p) => (p.sequence - first.sequence) & 0xffff),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.equal(new Set(heard.map((p) => p.ssrc)).size, 1);
    assert.deepEqual(new Set(heard.map((p) => p.payload)), new Set([8]), "the second source's law is turned");
    assert.equal((await a.stats()).received, 4, "the first source is still counted, but goes nowhere");
  });

  it("changes the codec in the middle of a call by a new offer", async () => {
    const { bell, phone, a, b, bellPort } = await call("8", "8");
    await bell.send(bellPort, 8);
    await phone.heard(1);
    b.receiveOffer(phone.sdp("0"));
    b.answer(a);
    await b.stats();
    await bell.send(bellPort, 8);
    await phone.heard(2);
    assert.deepEqual(
      phone.received.map((p) => read(p).payload),
      [8, 0],
    );
    assert.equal(b.codec, "PCMU/8000");
  });

  it("passes RTCP on in the numbers of the other side", async () => {
    const { bell, phone, bellPort } = await call("8", "8");
    await bell.send(bellPort, 8);
    await phone.heard(1);
    bell.rtcp.send(rtcp(0, 200, [bell.ssrc, 1, 2, 100 * 160, 1, 160]), bellPort + 1, "127.0.0.1");
    await phone.reported(1);
    const heard = read(phone.received[0] ?? assert.fail());
    assert.deepEqual(control(phone.reports[0] ?? assert.fail())[0], [
      0,
      200,
      [heard.ssrc, 1, 2, heard.timestamp, 1, 160],
    ]);
  });

  it("gives back the video ports that are not negotiated", async () => {
    const one = await another(1);
    const session = await media.open();
    session.receiveOffer(one.sdp("8") + video);
    const port = portOf(session.answer(), "video");
    assert.equal(await bound("127.0.0.1", port), undefined, "in use");
    session.receiveOffer(one.sdp("8"));
    session.answer();
    await session.close();
    const again = await bound("127.0.0.1", port);
    assert.ok(again);
    again.close();
  });

  it("adds video to a call that began without, on a port of its own", async () => {
    const { bell, a } = await call("8", "8");
    const audio = portOf(a.offer());
    a.receiveOffer(bell.sdp("8") + video);
    const answer = a.answer();
    assert.equal(portOf(answer), audio);
    const port = portOf(answer, "video");
    assert.ok(port > 0 && port !== audio);
    assert.equal(await bound("127.0.0.1", port), undefined, "in use");
  });

  it("X3 opens a session in the turn in which it is asked for, since ports stand ready", async () => {
    await media.open();
    const next = new Promise((resolve) => setImmediate(resolve, "a turn later"));
    assert.ok((await Promise.race([media.open(), next])) instanceof MediaSession);
  });

  it("opens and closes 200 sessions and leaves no port", async () => {
    const open = media.sessions;
    const sessions = await Promise.all(Array.from({ length: 200 }, async () => media.open()));
    assert.equal(media.sessions, open + 200);
    const ports = sessions.map((session) => portOf(session.offer()));
    assert.equal(new Set(ports).size, 200);
    assert.ok(ports.every((port) => port % 2 === 0));
    await Promise.all(sessions.map((session) => session.close()));
    assert.equal(media.sessions, open);
    const busy: number[] = [];
    for (const port of ports.flatMap((p) => [p, p + 1])) {
      const socket = await bound("127.0.0.1", port);
      socket?.close();
      if (!socket) busy.push(port);
    }
    // The system may have given one of the four hundred to another program meanwhile.
    assert.ok(busy.length <= 2, `still in use: ${busy.join(", ")}`);
  });

  it("closes a session once, with its last counts", async () => {
    const session = await media.open();
    const closed = once(session, "closed") as Promise<unknown[]>;
    await Promise.all([session.close(), session.close()]);
    assert.deepEqual(await closed, [noCounts]);
    assert.deepEqual(await session.stats(), noCounts);
  });
});

describe("the port range", () => {
  it("is kept to, and named when it is used up; a closed pair rests", async (t) => {
    const first = await freeRange(3);
    const small = await Media.start({ ...loopback, ports: [first, first + 5], drainMs: 60_000 });
    t.after(() => small.close());
    const [one, two, three] = [await small.open(), await small.open(), await small.open()];
    assert.deepEqual(
      [one, two, three].map((session) => portOf(session.offer())),
      [first, first + 2, first + 4],
    );
    const named = (e: unknown) =>
      isCode("no-ports")(e) &&
      (e as PorteroError).advice === "again" &&
      String(e).includes(`from ${first} to ${first + 5}`);
    await assert.rejects(async () => small.open(), named);
    await one.close();
    await assert.rejects(async () => small.open(), named, "still draining");
  });

  it("serves again what was closed and has rested", async (t) => {
    const first = await freeRange(2);
    const small = await Media.start({ ...loopback, ports: [first, first + 3], drainMs: 0 });
    t.after(() => small.close());
    const [one, two] = [await small.open(), await small.open()];
    await assert.rejects(async () => small.open(), isCode("no-ports"));
    await Promise.all([one.close(), two.close()]);
    assert.deepEqual(
      (await Promise.all([small.open(), small.open()])).map((session) => portOf(session.offer())).sort(),
      [first, first + 2],
    );
  });

  it("leaves a call without video, where there is a port for its sound only", async (t) => {
    const first = await freeRange(1);
    const small = await Media.start({ ...loopback, ports: [first, first + 1] });
    t.after(() => small.close());
    const session = await small.open();
    session.receiveOffer((await another(1)).sdp("8") + video);
    const answer = session.answer();
    assert.deepEqual([portOf(answer), portOf(answer, "video")], [first, 0]);
  });

  it("is enough for the video of many that are to be shown a bell at once", async (t) => {
    const house = await Media.start({ ...loopback, ports: [0, 0] });
    t.after(() => house.close());
    const bell = await house.open();
    bell.receiveOffer((await another(1)).sdp("8") + video);
    const rung = await Promise.all(Array.from({ length: 60 }, async () => house.open(bell)));
    const offers = rung.map((session) => session.offer(bell));
    assert.equal(offers.filter((offer) => portOf(offer, "video") > 0).length, 60);
  });

  it("gives those sound alone that it has no second port for", async (t) => {
    const first = await freeRange(3);
    const small = await Media.start({ ...loopback, ports: [first, first + 5] });
    t.after(() => small.close());
    const bell = await small.open();
    bell.receiveOffer((await another(1)).sdp("8") + video);
    bell.answer();
    const one = await small.open(bell);
    assert.ok(portOf(one.offer(bell)) > 0);
    await assert.rejects(async () => small.open(bell), isCode("no-ports"));
  });

  it("must make sense, and the address must be ours", async () => {
    await assert.rejects(Media.start({ ...loopback, ports: [5000, 4000] }), isCode("bad-ports"));
    await assert.rejects(Media.start({ bind: "192.0.2.77", advertise: "x", ports: [0, 0] }), isCode("bad-address"));
    // A radio network may bring it later.
    await Media.start({ bind: "192.0.2.77", advertise: "x", ports: [0, 0] }).catch((error: unknown) => {
      assert.equal((error as PorteroError).advice, "again");
    });
  });
});

describe("an IPv6 socket", () => {
  it("speaks with IPv4 phones as a dual-stack one does", async () => {
    media = await Media.start({ bind: "::ffff:127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
    const { bell, phone, a, bellPort, phonePort } = await call("8", "0");
    await bell.send(bellPort, 8);
    await phone.heard(1);
    await phone.send(phonePort, 0);
    await bell.heard(1);
    assert.equal((await a.stats()).remote, `127.0.0.1:${bell.port}`);
    await media.close();
    for (const p of phones.splice(0)) p.close();
  });
});

describe("silence", () => {
  it("is told of through the worker", async () => {
    media = await Media.start({ ...loopback, ports: [0, 0], firstPacketMs: 40, silenceMs: 40 });
    const { a, b } = await call("8", "8");
    await Promise.all([once(a, "silent"), once(b, "silent")]);
    await media.close();
    for (const p of phones.splice(0)) p.close();
  });
});

describe("a worker that dies", () => {
  let workers: Worker[];
  beforeEach(async () => {
    workers = [];
    const file = new URL("../../src/media/worker/main.ts", import.meta.url);
    const spawn = (workerData: unknown) => {
      const worker = new Worker(file, { workerData });
      workers.push(worker);
      return worker;
    };
    media = await Media.start({ ...loopback, ports: [0, 0] }, { spawn });
  });
  afterEach(() => media.close());

  it("closes its sessions, says so once, and the next call starts another", async () => {
    const session = await media.open();
    const closed = once(session, "closed");
    const down = once(media, "down") as Promise<[PorteroError]>;
    await workers[0]?.terminate();
    await closed;
    const [error] = await down;
    assert.equal(error.code, "media-down");
    assert.equal(error.advice, "again");
    assert.equal(media.sessions, 0);
    assert.deepEqual(await session.stats(), noCounts);
    await session.close();
    const next = await media.open();
    assert.ok(next instanceof MediaSession);
    assert.equal(workers.length, 2);
  });

  it("leaves the ports of the next one alone, though a call of before is answered late", async () => {
    const session = await media.open();
    session.receiveOffer(
      "v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n",
    );
    await workers[0]?.terminate();
    const next = await media.open();
    const told = mock.method(workers[1] ?? assert.fail(), "postMessage");
    session.answer();
    session.mute(true);
    await next.close();
    const messages = told.mock.calls.flatMap(({ arguments: [all] }) => all as ToWorker[]);
    assert.deepEqual(
      messages.map((one) => "session" in one && one.session),
      [next.number],
    );
  });

  it("fails what was being opened, and answers what was being asked", async () => {
    const session = await media.open();
    const stats = session.stats();
    // More than stand ready.
    const opening = Promise.allSettled(Array.from({ length: 100 }, async () => media.open()));
    const ended = workers[0]?.terminate();
    const failed = (await opening).flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    assert.ok(failed.length > 0 && failed.every(isCode("media-down")));
    assert.equal(media.sessions, 0);
    assert.equal((await stats).received, 0);
    await ended;
  });

  it("does not come back after close()", async () => {
    await media.close();
    await assert.rejects(async () => media.open(), isCode("media-down"));
    await media.close();
  });
});
