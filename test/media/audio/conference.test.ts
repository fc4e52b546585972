// H9, N1: a bell and several phones that all hear each other.
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeEach, describe, it } from "node:test";
import { g722, pcmu } from "../../../src/media/codec.ts";
import { Conference } from "../../../src/media/worker/audio/conference.ts";
import { seeded } from "../seeded.ts";
import { levelOf } from "../tone.ts";
import { Beats, RtpParty } from "./room.ts";
import { purity, sine, steepest } from "./sender.ts";

const opus = { payload: 96, name: "opus", rate: 48_000, channels: 2 };
let beats: Beats;
let room: Conference;
let bell: RtpParty;
let one: RtpParty;
let two: RtpParty;
const tones = [400, 700, 1150] as const;

beforeEach(() => {
  beats = new Beats();
  room = new Conference(beats);
  bell = new RtpParty(beats, 4000, { codec: pcmu, events: 96 });
  one = new RtpParty(beats, 5000);
  two = new RtpParty(beats, 6000, { events: 0 });
});

const all = () => [bell, one, two];
const enter = () => all().forEach((party, i) => room.add(i, party.stream, false));

/** Everybody sings a tone of their own, so many beats long. */
function sing(count: number, singers: readonly RtpParty[] = all(), amplitude = 6000): void {
  for (let i = 0; i < count; i++) {
    all().forEach((party, n) => (singers.includes(party) ? party.say(sine(tones[n] ?? 0, amplitude)) : party.pause()));
    beats.beat();
  }
}

const hears = (party: RtpParty, from = 0) =>
  tones.map((hertz) => Math.round(levelOf([...party.heard.subarray(from)], hertz)));

describe("conference", () => {
  it("lets everybody hear all others and nobody himself, in the codec of each", () => {
    two = new RtpParty(beats, 6000, { codec: g722, events: 0 });
    enter();
    sing(100);
    const sung = Math.round(20 * Math.log10(6000 / 32_768));
    assert.ok(two.heardPackets.every(({ payload, body }) => payload === 9 && body.length === 160));
    all().forEach((party, own) => {
      const heard = hears(party, 1600);
      heard.forEach((level, n) =>
        n === own ? assert.ok(level < -50, `${level}`) : assert.ok(Math.abs(level - sung) <= 1, `${level}`),
      );
      party.assertSmooth();
    });
    assert.deepEqual(new Set(bell.heardPackets.map(({ payload }) => payload)), new Set([0]));
    assert.equal(bell.sent.length, 100, "one packet at each beat");
  });

  it("cuts off what is too loud, and nothing comes round at the other end", () => {
    enter();
    sing(50, all(), 32_000);
    const { heard } = bell;
    assert.ok(Math.max(...heard) > 32_000 && Math.min(...heard) < -32_000);
    // Two tones of 700 and 1150 Hz at full height; from the top to the bottom within a sample it would be 65,535.
    assert.ok(steepest(heard) < 47_000, `${steepest(heard)}`);
    const before = one.heard.length;
    sing(50, [one, two], 32_000);
    const alone = one.heard.subarray(before + 4800);
    assert.ok(purity(alone, 1150) > 30, "who shouts along hears the other one whole");
  });

  it("lets nobody click who comes, goes, is muted or heard again", () => {
    room.add(0, bell.stream, false);
    const loud = 12_000;
    sing(30, [bell, one], loud);
    room.add(1, one.stream, false);
    sing(30, [bell, one], loud);
    room.mute(1, true);
    sing(30, [bell, one], loud);
    room.mute(1, false);
    sing(30, [bell, one], loud);
    room.remove(1);
    sing(30, [bell, one], loud);
    const natural = loud * 2 * Math.sin((Math.PI * 700) / 8000) + 520;
    assert.ok(steepest(bell.heard) <= natural, `${steepest(bell.heard)} of ${natural}`);
    const at = (beat: number) => levelOf([...bell.heard.subarray(beat * 160, (beat + 15) * 160)], 700);
    assert.ok(at(0) < -80 && at(40) > -12 && at(70) < -80 && at(100) > -12 && at(135) < -80);
    assert.ok(steepest(one.heard) <= natural, "who comes hears the others softly at first");
    assert.equal(one.sent.length, 90, "and nothing after it has left");
  });

  it("gives the floor back to who leaves: what it is bridged with is heard again", () => {
    enter();
    sing(20);
    room.remove(1);
    beats.beat();
    bell.stream.setRoutes(one.stream, [{ from: 0, to: 8, rate: 8000, codec: "PCMA" }]);
    room.remove(0);
    const before = one.sent.length;
    bell.say(sine(400));
    assert.equal(one.sent.length, before + 1);
    one.assertSmooth();
  });

  it("rests when the last has left, and sends nothing into a stream that is closed", () => {
    enter();
    sing(5);
    two.stream.close();
    const before = two.sent.length;
    sing(5, [bell, one]);
    assert.equal(two.sent.length, before);
    for (const session of [0, 1, 2]) room.remove(session);
    beats.beat();
    assert.ok(beats.resting);
  });

  it("expects its members to send something, so that a dead one is noticed", () => {
    assert.equal(bell.stream.expectsMedia, false);
    room.add(0, bell.stream, false);
    assert.equal(bell.stream.expectsMedia, true);
    room.remove(0);
    assert.equal(bell.stream.expectsMedia, false);
  });

  it("mixes what it understands only: what has another codec is neither heard nor sent noise", () => {
    enter();
    const wide = new RtpParty(beats, 7000, { codec: opus });
    room.add(3, wide.stream, false);
    for (let i = 0; i < 30; i++) {
      wide.packet({ payload: 96 });
      beats.beat();
    }
    assert.equal(wide.sent.length, 0);
    assert.ok(bell.heard.every((sample) => sample === 0));
  });
});

describe("keys in a conference (RFC 4733)", () => {
  /** Holds a key for five packets and says three times that it is over. */
  function press(party: RtpParty, event: number): void {
    const at = party.press(event, 160);
    for (let n = 2; n <= 8; n++) {
      sing(
        1,
        all().filter((other) => other !== party),
      );
      party.press(event, 160 * Math.min(n, 6), n >= 6, at);
    }
  }

  const keysOf = (party: RtpParty) => party.heardPackets.filter(({ payload }) => payload === party.events);

  it("H9, N5 reach the others as telephone events by their own numbers: a door code works from there", () => {
    enter();
    sing(10);
    press(one, 5);
    sing(10);
    const keys = keysOf(bell);
    assert.deepEqual(
      keys.map(({ body }) => [...body]),
      [1, 2, 3, 4, 5, 6, 6, 6].map((n) => [5, n >= 6 ? 0x8a : 0x0a, (160 * n) >> 8, (160 * n) & 0xff]),
    );
    assert.deepEqual(
      keys.map(({ marker }) => marker),
      [true, ...Array<boolean>(7).fill(false)],
    );
    assert.equal(new Set(keys.map(({ timestamp }) => timestamp)).size, 1, "one press has one time");
    bell.assertSmooth();
    assert.equal(keysOf(one).length, 0, "who pressed does not get it back");
    assert.equal(two.heardPackets.filter(({ payload }) => payload !== 8).length, 0, "who knows no events gets none");
  });

  it("are heard instead of speech, which goes on with its own time after them", () => {
    enter();
    sing(10);
    press(one, 11);
    const before = bell.sent.length;
    sing(10);
    const packets = bell.heardPackets;
    const after = packets.slice(before);
    assert.ok(after.length >= 7 && after.every(({ payload }) => payload === 0), `${after.length}`);
    const speech = packets.filter(({ payload }) => payload === 0);
    const [last, first] = [speech.at(9), speech.at(10)];
    // Seven beats of the press, and the silence after its last packet.
    const passed = ((first?.timestamp ?? 0) - (last?.timestamp ?? 0)) >>> 0;
    assert.ok(passed >= 8 * 160 && passed <= 12 * 160 && passed % 160 === 0, `${passed}`);
  });

  it("pressed again are a new press, and an end that comes late is none", () => {
    enter();
    sing(10);
    press(one, 1);
    one.pause();
    press(one, 1);
    const times = [...new Set(keysOf(bell).map(({ timestamp }) => timestamp))];
    assert.equal(times.length, 2);
    const count = bell.sent.length;
    one.press(1, 960, true, 160 * 10);
    assert.equal(bell.sent.length, count);
  });

  it("of two at once, the first is passed on", () => {
    enter();
    const three = new RtpParty(beats, 7000);
    room.add(3, three.stream, false);
    sing(10);
    const at = one.press(1, 160);
    three.press(2, 160);
    one.press(1, 320, true, at);
    assert.deepEqual(
      keysOf(bell).map(({ body }) => body[0]),
      [1, 1],
    );
  });
});

describe("an hour of a conference", () => {
  it("needs no more memory at its end than at its beginning", () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const random = seeded(9);
    const words = new Uint8Array(160).fill(0x35);
    enter();
    let early = 0;
    for (let beat = 0; beat < 180_000; beat++) {
      for (const party of all()) {
        const lost = random(100) < 3;
        if (!lost) party.packet({ payload: party.codec.payload, timestamp: beat * 160, body: words });
        party.sent.length = 0;
      }
      beats.beat();
      if (beat !== 30_000) continue;
      gc();
      early = process.memoryUsage().heapUsed;
    }
    gc();
    const grown = process.memoryUsage().heapUsed - early;
    assert.ok(grown < 500_000, `${grown} bytes more`);
  });
});
