// Sounds as the rest of the program plays them: through the worker, to a phone that hears them.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { PorteroError } from "../../src/errors.ts";
import { Media, type MediaSession } from "../../src/media/media.ts";
import { toneSound } from "../../src/media/sound.ts";
import { readWav } from "../../src/media/wav.ts";
import { read } from "./packets.ts";
import { Phone } from "./phone.ts";
import { levelOf } from "./tone.ts";
import { sine, wav } from "./wav.ts";

const loopback = { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] as const };
const isCode = (code: string) => (e: unknown) => e instanceof PorteroError && e.code === code;
const gong = readWav(wav(sine(440, 0.2)));

describe("a session", () => {
  let media: Media;
  const phones: Phone[] = [];
  before(async () => {
    media = await Media.start(loopback);
  });
  after(() => media.close());
  afterEach(() => {
    for (const phone of phones.splice(0)) phone.close();
  });

  async function leg(
    formats = "8",
    attributes: string[] = [],
  ): Promise<{ phone: Phone; session: MediaSession; port: number }> {
    const phone = await Phone.open();
    phones.push(phone);
    const session = await media.open();
    session.receiveOffer(phone.sdp(formats, ...attributes));
    const port = Number(/^m=audio (\d+)/m.exec(session.answer())?.[1]);
    return { phone, session, port };
  }

  for (const [formats, payload] of [
    ["8", 8],
    ["0", 0],
    ["9 0", 9],
    ["96 0", 0],
  ] as const)
    it(`plays a WAV file to a phone that offers ${formats}`, async () => {
      const { phone, session } = await leg(formats, ["a=rtpmap:96 opus/48000/2"]);
      assert.equal(await session.play(gong).ended, "finished");
      await phone.heard(10);
      assert.deepEqual(new Set(phone.received.map((p) => read(p).payload)), new Set([payload]));
      assert.ok(Math.abs(levelOf(phone.samples(), 440) + 12.25) < 0.2);
      assert.equal((await session.stats()).sent, 10);
    });

  it("plays a tone until it is told to stop, and another sound in its place", async () => {
    const { phone, session } = await leg();
    const ring = session.play(toneSound("ring-back", "us"), true);
    await phone.heard(5);
    const next = session.play(gong);
    assert.equal(await ring.ended, "replaced");
    next.stop();
    assert.equal(await next.ended, "stopped");
    next.stop();
    assert.ok(levelOf(phone.samples().slice(0, 800), 440) > -20);
  });

  it("goes on through a new offer, and is silent while the phone holds", async () => {
    const { phone, session } = await leg();
    const ring = session.play(toneSound("busy", "us"), true);
    await phone.heard(3);
    session.receiveOffer(phone.sdp("8", "a=sendonly"));
    session.answer();
    await session.stats();
    const held = phone.received.length;
    session.receiveOffer(phone.sdp("0"));
    session.answer();
    await session.stats();
    await phone.heard(held + 4);
    assert.equal(read(phone.received.at(-1) ?? assert.fail()).payload, 0);
    ring.stop();
    assert.equal(await ring.ended, "stopped");
  });

  it("ends with the session", async () => {
    const { session } = await leg();
    const ring = session.play(toneSound("busy", "us"), true);
    await session.close();
    assert.equal(await ring.ended, "closed");
    assert.throws(() => session.play(gong), isCode("no-media"));
  });

  it("is refused where nothing is settled, or the codec is none of ours, and says what to do", async () => {
    const fresh = await media.open();
    assert.throws(() => fresh.play(gong), isCode("no-media"));
    await fresh.close();
    const { session } = await leg("96", ["a=rtpmap:96 opus/48000/2"]);
    assert.throws(() => session.play(gong), /PCMA, PCMU or G722, and this side talks opus\/48000\/2: allow it one/);
  });

  it("hears at both sides of a bridge what is played to it, and the other side again afterwards", async () => {
    const [bell, hall] = [await leg(), await leg()];
    media.bridge(bell.session, hall.session);
    await bell.session.stats();
    await bell.phone.sing(bell.port, 700, "PCMA", 2);
    await hall.phone.heard(2);
    await hall.session.play(gong).ended;
    await hall.phone.heard(12);
    await bell.phone.sing(bell.port, 700, "PCMA", 10);
    await hall.phone.heard(22);
    const samples = hall.phone.samples();
    assert.ok(levelOf(samples.slice(320, 320 + 1600), 440) > -13);
    assert.ok(levelOf(samples.slice(1920), 700) > -13);
    const sequences = hall.phone.received.map((p) => read(p).sequence);
    assert.deepEqual(
      sequences.map((n) => (n - (sequences[0] ?? 0)) & 0xffff),
      [...sequences.keys()],
    );
  });
});

describe("a worker that dies", () => {
  it("ends what it played", async () => {
    let worker: Worker | undefined;
    const file = new URL("../../src/media/worker/main.ts", import.meta.url);
    const media = await Media.start(loopback, {
      spawn: (settings) => (worker = new Worker(file, { workerData: settings })),
    });
    const phone = await Phone.open();
    const session = await media.open();
    session.receiveOffer(phone.sdp("8"));
    session.answer();
    const ring = session.play(toneSound("busy", "us"), true);
    await phone.heard(2);
    await worker?.terminate();
    assert.equal(await ring.ended, "closed");
    phone.close();
    await media.close();
  });
});
