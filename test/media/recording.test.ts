// Recordings through the worker: what each side said stands in its channel, in step with the other.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { g722, pcma } from "../../src/media/codec.ts";
import { Media, type MediaSession } from "../../src/media/media.ts";
import { Recorder } from "../../src/media/worker/audio/recorder.ts";
import { Beats, RtpParty } from "./audio/room.ts";
import { purity, sine, steepest } from "./audio/sender.ts";
import { Phone } from "./phone.ts";
import { levelOf } from "./tone.ts";

const channel = (samples: Int16Array, of: number, channels = 2) => samples.filter((_, i) => i % channels === of);
const level = (samples: Int16Array, hertz: number) => levelOf([...samples], hertz);

describe("recorder", () => {
  let beats: Beats;
  let bell: RtpParty;
  let phone: RtpParty;
  let told: Int16Array[];
  let samples: () => Int16Array;

  function meet(codec = pcma): void {
    bell = new RtpParty(beats, 4000, { codec });
    phone = new RtpParty(beats, 5000, { codec });
    const { payload } = codec;
    bell.stream.setRoutes(phone.stream, [{ from: payload, to: payload, rate: 8000 }]);
    phone.stream.setRoutes(bell.stream, [{ from: payload, to: payload, rate: 8000 }]);
  }

  beforeEach(() => {
    beats = new Beats();
    meet();
    told = [];
    samples = () => Int16Array.from(told.flatMap((piece) => [...piece]));
  });

  const recorder = (channels: 1 | 2, toneMs = 0) => new Recorder(channels, toneMs, beats, (piece) => told.push(piece));

  function talk(count: number): void {
    for (let i = 0; i < count; i++) {
      bell.say(sine(400, 6000));
      phone.say(sine(1000, 6000));
      beats.beat();
    }
  }

  for (const codec of [pcma, g722])
    it(`keeps the door left and who answered right, a second at a time, and the rest at the end, in ${codec.name}`, () => {
      meet(codec);
      const one = recorder(2);
      one.hear(0, bell.stream);
      one.hear(1, phone.stream);
      talk(120);
      assert.deepEqual(
        told.map((piece) => piece.length),
        [16_000, 16_000],
      );
      one.stop();
      assert.equal(samples().length, 120 * 160 * 2);
      assert.ok(beats.resting);
      const [left, right] = [channel(samples(), 0).subarray(800), channel(samples(), 1).subarray(800)];
      assert.ok(purity(left, 400) > 30 && purity(right, 1000) > 30);
      assert.equal(phone.sent.length, 120, "what is recorded is passed on all the same");
    });

  it("goes on with another one who answers, and is silent where nobody is", () => {
    const one = recorder(2);
    one.hear(0, bell.stream);
    one.hear(1, phone.stream);
    talk(50);
    const other = new RtpParty(beats, 6000);
    one.hear(1, other.stream);
    for (let i = 0; i < 50; i++) {
      other.say(sine(700, 6000));
      phone.say(sine(1000, 6000));
      beats.beat();
    }
    const right = channel(samples(), 1).subarray(8000);
    assert.ok(purity(right.subarray(1600), 700) > 30);
    assert.ok(steepest(right) <= 6000 * 2 * Math.sin((Math.PI * 1000) / 8000) * 1.3);
    const left = channel(samples(), 0);
    assert.ok(left.subarray(-4000).every((sample) => sample === 0));
  });

  for (const codec of [pcma, g722])
    it(`tells both by a tone that is mixed into what they say, at the beginning and each time again, in ${codec.name}`, () => {
      meet(codec);
      const one = recorder(2, 1000);
      one.hear(0, bell.stream);
      one.hear(1, phone.stream);
      talk(120);
      for (const [party, own] of [
        [phone, 400],
        [bell, 1000],
      ] as const) {
        const at = (beat: number) => party.heard.subarray(beat * 160, (beat + 20) * 160);
        assert.ok(
          [3, 53, 103].every((beat) => level(at(beat).subarray(0, 1600), 1400) > -28),
          `${level(at(3), 1400)}`,
        );
        assert.ok(
          [27, 77].every((beat) => level(at(beat), 1400) < -60),
          `${level(at(27), 1400)}`,
        );
        assert.ok(
          [3, 27].every((beat) => level(at(beat), own) > -16),
          "speech goes on below it",
        );
      }
    });
});

describe("a recording of real sound", () => {
  let media: Media;
  const phones: Phone[] = [];
  before(async () => {
    media = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
  });
  after(() => media.close());
  afterEach(() => {
    for (const p of phones.splice(0)) p.close();
  });

  async function caller(formats: string, ...attributes: string[]): Promise<[Phone, MediaSession, number]> {
    const phone = await Phone.open(phones.length + 1);
    phones.push(phone);
    const session = await media.open();
    session.receiveOffer(phone.sdp(formats, ...attributes));
    return [phone, session, Number(/^m=audio (\d+)/m.exec(session.answer())?.[1])];
  }

  it("comes from the worker until it is stopped, and then says that it has ended", async () => {
    const [phone, session, port] = await caller("8");
    const recording = media.record(1);
    recording.hear(0, session);
    const pieces: Int16Array[] = [];
    recording.on("samples", (samples) => pieces.push(samples));
    const first = once(recording, "samples");
    // Packets may overtake messages to the worker; what stats() answers has been through all messages before it.
    await session.stats();
    await phone.sing(port, 440, "PCMA", 5);
    await first;
    assert.equal(pieces[0]?.length, 8000);
    assert.ok(level(pieces[0].subarray(0, 4000), 440) > -40);
    const ended = once(recording, "ended");
    recording.stop();
    await ended;
    assert.ok(pieces.length >= 2);
    await session.close();
  });

  it("needs a codec that we understand, and says so", async () => {
    const [, session] = await caller("96", "a=rtpmap:96 opus/48000/2");
    const recording = media.record(1);
    assert.throws(
      () => recording.hear(0, session),
      (e: unknown) => e instanceof PorteroError && e.code === "no-codec" && /codec opus\/48000/.test(e.message),
    );
    recording.stop();
  });

  it("ends with the worker", async () => {
    const own = await Media.start({ bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] });
    const ended = once(own.record(2), "ended");
    await own.close();
    await ended;
  });
});
