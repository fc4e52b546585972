// WAV files: those that are played sample by sample, and what is said of the others.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { mostBytes, readWav } from "../../src/media/wav.ts";
import { ClipSource } from "../../src/media/worker/audio/clip.ts";
import { frameSamples } from "../../src/media/worker/audio/frame.ts";
import { fastest } from "../support/cpu.ts";
import { levelOf } from "./tone.ts";
import { seeded } from "./seeded.ts";
import { chunk, sine, wav, type WavWish } from "./wav.ts";

function play(file: Buffer, { loop = false, frames = 1000 } = {}): number[] {
  const source = new ClipSource(readWav(file), loop);
  const frame = new Int16Array(frameSamples);
  const all: number[] = [];
  for (let i = 0; i < frames; i++) {
    const left = source.fill(frame);
    all.push(...frame.subarray(0, left));
    if (left < frameSamples) break;
  }
  return all;
}

const says = (file: Buffer, pattern: RegExp) =>
  assert.throws(
    () => readWav(file, "the file gong.wav"),
    (error) => {
      assert.ok(error instanceof PorteroError && error.code === "bad-sound");
      assert.match(error.message, /^the file gong\.wav /);
      assert.match(error.message, pattern);
      return true;
    },
  );

describe("WAV files", () => {
  it("H15 16 bits at 8 kHz come out sample by sample", () => {
    const samples = sine(440, 0.5);
    assert.deepEqual(play(wav(samples)), samples);
  });

  for (const [name, format] of [
    ["A-law", 6],
    ["µ-law", 7],
  ] as const)
    it(`${name} comes out at its level`, () => {
      assert.ok(Math.abs(levelOf(play(wav(sine(440, 1), { format })), 440) - 20 * Math.log10(8000 / 32_768)) < 0.1);
    });

  it("16 kHz is halved: what a telephone can carry stays, what it cannot is gone instead of coming back as another pitch", () => {
    const level = (hertz: number, at = hertz) =>
      levelOf(play(wav(sine(hertz, 1, 16_000), { rate: 16_000 })), at) + 12.25;
    for (const hertz of [100, 440, 1000, 2000, 3000, 3400])
      assert.ok(Math.abs(level(hertz)) < 0.2, `${hertz} Hz: ${level(hertz)} dB`);
    for (const hertz of [4600, 5000, 6000, 7000, 7900])
      assert.ok(level(hertz, 8000 - hertz) < -50, `${hertz} Hz comes back with ${level(hertz, 8000 - hertz)} dB`);
    assert.equal(play(wav(sine(440, 1, 16_000), { rate: 16_000 })).length, 8000);
  });

  it("16 kHz at full scale does not wrap round", () => {
    const square = Array.from({ length: 1600 }, (_, i) => (i % 100 < 50 ? 32_767 : -32_768));
    const halved = play(wav(square, { rate: 16_000 }));
    const wrong = halved.filter((sample, i) => i % 50 > 3 && i % 50 < 22 && sample < 20_000);
    assert.deepEqual(wrong, []);
  });

  it("go round without a gap", () => {
    for (const rate of [8000, 16_000]) {
      // 0.25 s are 110 waves of 440 Hz: the end fits the beginning.
      const looped = play(wav(sine(440, 0.25, rate), { rate }), { loop: true, frames: 100 });
      const steps = looped.map((sample, i) => Math.abs(sample - (looped[i - 1] ?? sample)));
      assert.equal(looped.length, 16_000);
      assert.ok(Math.max(...steps) < 2900, `a step of ${Math.max(...steps)}`);
      assert.ok(Math.abs(levelOf(looped, 440) + 12.25) < 0.1);
    }
  });

  it("of odd lengths go round in 16 kHz too", () => {
    assert.equal(play(wav([1, 2, 3], { rate: 16_000 }), { loop: true, frames: 3 }).length, 3 * frameSamples);
  });

  it("may have other chunks, a sub-format, and a length that a pipe did not know", () => {
    const samples = sine(440, 0.1);
    const list = chunk("LIST", Buffer.from("INFOISFT\x05\0\0\0Lavf!"));
    for (const wish of [
      { before: list },
      { extensible: true },
      { said: 0 },
      { said: 0xffffffff },
      { said: 0x7fffffff },
    ] satisfies WavWish[])
      assert.deepEqual(play(wav(samples, wish)), samples, JSON.stringify(wish));
  });

  it("that cannot be played are named, with what to do", () => {
    says(
      wav([1, 2], { rate: 44_100, channels: 2 }),
      /is 44\.1 kHz, stereo, 16-bit PCM: make it 8 or 16 kHz, mono.*ffmpeg/,
    );
    says(wav([1, 2], { channels: 6 }), /8 kHz, 6 channels/);
    says(wav([1, 2], { bits: 24 }), /24-bit PCM/);
    says(wav([1, 2], { format: 0x55, bits: 0 }), /MP3/);
    says(wav([1, 2], { format: 3, bits: 32 }), /32-bit floating-point/);
    says(wav([1, 2], { format: 0x1234 }), /unknown format 4660/);
    says(Buffer.from("ID3\x03"), /is an MP3 file, not a WAV file/);
    says(Buffer.from([0xff, 0xfb, 0x90, 0x64]), /is an MP3 file/);
    says(Buffer.from("OggS"), /Ogg/);
    says(Buffer.from("<!DOCTYPE html>"), /web page/);
    says(Buffer.from('{"error":"no voice"}'), /JSON/);
    says(Buffer.from("hello"), /is no WAV file/);
    says(Buffer.alloc(0), /is empty/);
    says(wav([]), /holds no sound/);
    says(chunk("RIFF", Buffer.concat([Buffer.from("WAVE"), chunk("data", Buffer.alloc(4))])), /no fmt chunk/);
    says(chunk("RIFF", Buffer.from("WAVE")), /no data chunk/);
    says(Buffer.concat([wav([1]), Buffer.alloc(mostBytes)]), /more than/);
  });

  it("that are nothing but beginnings of chunks hold up nobody", () => {
    const file = chunk("RIFF", Buffer.concat([Buffer.from("WAVE"), Buffer.alloc(mostBytes - 64)]));
    const ms = fastest(2, () => says(file, /no data chunk/));
    assert.ok(ms < 300, `${ms} ms`);
  });

  it("that are damaged are refused or played, and never more than that", () => {
    const random = seeded(7);
    const whole = wav(sine(440, 0.05), { before: chunk("LIST", Buffer.from("abcde")) });
    for (let i = 0; i < 3000; i++) {
      const file = Buffer.from(whole.subarray(0, random(2) === 0 ? random(whole.length) : whole.length));
      for (let n = random(4); n > 0 && file.length > 0; n--) file[random(Math.min(80, file.length))] = random(256);
      try {
        assert.ok(play(file, { frames: 10 }).length <= 10 * frameSamples);
      } catch (error) {
        assert.ok(error instanceof PorteroError, String(error));
      }
    }
  });
});
