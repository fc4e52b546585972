// A sound on its way into a stream, beat by beat.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { g722, pcma, pcmu, type Format } from "../../src/media/codec.ts";
import { lawOf } from "../../src/media/g711.ts";
import { G722 } from "../../src/media/g722.ts";
import { toneSound, type Sound } from "../../src/media/sound.ts";
import { readWav } from "../../src/media/wav.ts";
import { Players } from "../../src/media/worker/audio/player.ts";
import type { FromWorker, Remote } from "../../src/media/worker/messages.ts";
import { Stream } from "../../src/media/worker/stream.ts";
import { read, rtp } from "./packets.ts";
import { seeded } from "./seeded.ts";
import { levelOf } from "./tone.ts";
import { sine, wav } from "./wav.ts";

const opus: Format = { payload: 96, name: "opus", rate: 48_000, channels: 2 };
const remoteWith = (sends: Format, over: Partial<Remote> = {}): Remote => ({
  ...{ address: "192.0.2.1", port: 4000, rtcpPort: 4001, send: true, receive: true },
  ...{ sends: [sends], receives: [sends], ...over },
});

let now = 0;
let ticks: Set<(now: number) => void>;
let told: FromWorker[];
let sent: Buffer[];
let players: Players;
let stream: Stream;

function open(remote: Remote): Stream {
  const random = seeded(5);
  const wire = { rtp: (packet: Buffer) => void sent.push(Buffer.from(packet)), rtcp: () => {} };
  const made = new Stream("audio", wire, {
    ...{ now: () => now, random: () => random(2 ** 32) / 2 ** 32, isOwn: () => false },
  });
  made.setRemote(remote);
  return made;
}

beforeEach(() => {
  [now, ticks, told, sent] = [0, new Set(), [], []];
  const metronome = {
    add: (tick: (now: number) => void) => {
      ticks.add(tick);
      return () => void ticks.delete(tick);
    },
  };
  players = new Players(metronome, (message) => told.push(message));
  stream = open(remoteWith(pcma));
});

const beat = (times = 1) => {
  for (; times > 0; times--) {
    now += 20;
    for (const tick of [...ticks]) tick(now);
  }
};
const clip = (hertz: number, seconds: number): Sound => readWav(wav(sine(hertz, seconds)));
const play = (sound: Sound, { loop = false, number = 1 } = {}) =>
  players.handle({ type: "play", session: 1, play: number, sound, loop }, stream);
const stop = (number = 1) => players.handle({ type: "stop", session: 1, play: number }, stream);
const ends = () => told.map((message) => (message.type === "played" ? [message.play, message.end] : []));
const heard = (packets = sent) => {
  const ear = new G722();
  return packets.flatMap((packet) => {
    const { payload, body } = read(packet);
    const { linear } = lawOf(payload === 8 ? "PCMA" : "PCMU");
    return Array.from(body, (byte) => (payload === g722.payload ? ear.decode(byte) : (linear[byte] ?? 0)));
  });
};

describe("a player", () => {
  for (const law of [pcma, pcmu, g722])
    it(`sends a frame of ${law.name} at each beat, and says when the sound is through`, () => {
      stream = open(remoteWith(law));
      play(clip(440, 0.1));
      assert.equal(sent.length, 0, "nothing before the first beat");
      beat(20);
      assert.equal(sent.length, 5);
      const packets = sent.map(read);
      assert.deepEqual(new Set(packets.map((p) => p.payload)), new Set([law.payload]));
      assert.deepEqual(
        packets.map((p) => [
          (p.sequence - (packets[0]?.sequence ?? 0)) & 0xffff,
          (p.timestamp - (packets[0]?.timestamp ?? 0)) >>> 0,
        ]),
        [0, 1, 2, 3, 4].map((n) => [n, 160 * n]),
      );
      assert.deepEqual(
        packets.map((p) => p.marker),
        [true, false, false, false, false],
      );
      assert.ok(Math.abs(levelOf(heard(), 440) + 12.25) < 0.2);
      assert.deepEqual(ends(), [[1, "finished"]]);
      assert.equal(ticks.size, 0, "and needs no beat any more");
    });

  it("pads the last frame with silence", () => {
    play(readWav(wav(sine(440, 0.05))));
    beat(5);
    assert.equal(sent.length, 3);
    assert.ok(
      heard()
        .slice(400)
        .every((sample) => Math.abs(sample) <= 8),
    );
  });

  it("H16 plays a ring-back without end", () => {
    play(toneSound("ring-back", "de"), { loop: true });
    beat(600);
    assert.equal(sent.length, 600);
    const second = (from: number) => heard(sent.slice(50 * from + 1, 50 * from + 49));
    for (const at of [0, 5, 10]) assert.ok(Math.abs(levelOf(second(at), 425) + 13.14) < 0.3, `second ${at}`);
    for (const at of [1, 2, 3, 4, 6]) assert.ok(levelOf(second(at), 425) < -60, `second ${at}`);
    assert.deepEqual(ends(), []);
  });

  it("has the floor while it plays: what the other side says comes through before and after", () => {
    const other = open(remoteWith(pcma));
    other.setRoutes(stream, [{ from: 8, to: 8, rate: 8000 }]);
    const says = (sequence: number) => other.receive(rtp({ sequence, timestamp: sequence * 160 }), "192.0.2.1", 4000);
    says(1);
    play(clip(440, 0.04));
    says(2);
    beat(3);
    assert.equal(sent.length, 3);
    says(3);
    const sequences = sent.map((packet) => read(packet).sequence);
    assert.deepEqual(
      sequences.map((n) => (n - (sequences[0] ?? 0)) & 0xffff),
      [0, 1, 2, 3],
    );
    assert.equal(new Set(sent.map((packet) => read(packet).ssrc)).size, 1);
  });

  it("H15 stops within one packet, and softly", () => {
    play(clip(440, 2));
    beat(10);
    stop();
    assert.deepEqual(ends(), []);
    beat(10);
    assert.equal(sent.length, 11);
    assert.deepEqual(ends(), [[1, "stopped"]]);
    const last = heard(sent.slice(-1));
    assert.ok(Math.max(...last.slice(0, 20).map(Math.abs)) > 6000);
    assert.ok(Math.max(...last.slice(150).map(Math.abs)) < 600);
  });

  it("gives way to another sound", () => {
    play(clip(440, 2));
    beat(5);
    play(clip(880, 0.1), { number: 2 });
    stop(1);
    beat(10);
    assert.deepEqual(ends(), [
      [1, "replaced"],
      [2, "finished"],
    ]);
    assert.ok(levelOf(heard(sent.slice(5)), 880) > -13);
    const sequences = sent.map((packet) => read(packet).sequence);
    assert.deepEqual(
      sequences.map((n) => (n - (sequences[0] ?? 0)) & 0xffff),
      [...sequences.keys()],
    );
  });

  it("sends nothing while the leg holds, and goes on afterwards where it was, later by that time", () => {
    play(clip(440, 0.2));
    beat(5);
    stream.setRemote(remoteWith(pcma, { send: false }));
    beat(100);
    assert.equal(sent.length, 5);
    stream.setRemote(remoteWith(pcma));
    beat(10);
    const timestamps = sent.map((packet) => read(packet).timestamp);
    assert.equal(sent.length, 10);
    assert.equal(((timestamps[5] ?? 0) - (timestamps[4] ?? 0)) >>> 0, 101 * 160);
    assert.ok(levelOf(heard(), 440) > -12.5);
    assert.deepEqual(ends(), [[1, "finished"]]);
  });

  it("stops while the leg holds too", () => {
    play(clip(440, 0.2));
    stream.setRemote(remoteWith(pcma, { send: false }));
    stop();
    beat();
    assert.deepEqual([ends(), sent.length, ticks.size], [[[1, "stopped"]], 0, 0]);
  });

  it("follows the leg into another codec, and ends where it has one that is none of ours", () => {
    play(clip(440, 0.2));
    beat(5);
    stream.setRemote(remoteWith(pcmu));
    beat(2);
    stream.setRemote(remoteWith(g722));
    beat(2);
    assert.deepEqual(
      sent.map((packet) => read(packet).payload),
      [8, 8, 8, 8, 8, 0, 0, 9, 9],
    );
    assert.ok(levelOf(heard(), 440) > -12.5);
    stream.setRemote(remoteWith(opus));
    beat();
    assert.deepEqual([ends(), sent.length], [[[1, "codec"]], 9]);
  });

  it("waits until it is known where to send", () => {
    stream = open(remoteWith(pcma, { address: undefined, port: 0 }));
    play(clip(440, 0.1));
    beat(10);
    assert.equal(sent.length, 0);
    stream.setRemote(remoteWith(pcma));
    beat(10);
    assert.equal(sent.length, 5);
  });

  it("ends with its leg, and where there is none", () => {
    play(clip(440, 1));
    beat(3);
    players.closed(stream);
    players.handle({ type: "play", session: 1, play: 2, sound: clip(440, 1), loop: false }, undefined);
    beat(3);
    assert.deepEqual(
      [ends(), ticks.size, sent.length],
      [
        [
          [1, "closed"],
          [2, "closed"],
        ],
        0,
        3,
      ],
    );
  });
});
