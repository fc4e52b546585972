// Tones as they sound: pitch, level and cadence measured on the samples that the generator makes (ITU-T E.180).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cadenceOf, countries, countryName, toneNames, type Country, type ToneName } from "../../src/media/tones.ts";
import { ToneSource } from "../../src/media/worker/audio/tone.ts";
import { frameSamples } from "../../src/media/worker/audio/frame.ts";
import { levelOf } from "./tone.ts";

/** So many seconds of a tone. */
function heard(tone: ToneName, country: Country, seconds: number): number[] {
  const source = new ToneSource(cadenceOf(tone, country), true);
  const frame = new Int16Array(frameSamples);
  return Array.from({ length: seconds * 50 }, () => {
    assert.equal(source.fill(frame), frameSamples);
    return [...frame];
  }).flat();
}

/** Milliseconds of sound (positive) and silence (negative), to within a few: a tone's edges are soft. */
function cadence(samples: readonly number[]): number[] {
  const window = 8;
  const found: number[] = [];
  for (let at = 0; at < samples.length; at += window) {
    const sounds = samples.slice(at, at + window).some((sample) => Math.abs(sample) > 200);
    const last = found.at(-1) ?? 0;
    // A sine passes through zero: only 6 ms of it are silence.
    if (last !== 0 && last > 0 === sounds) found[found.length - 1] = last + (sounds ? 1 : -1);
    else found.push(sounds ? 1 : -1);
  }
  return found.reduce<number[]>((runs, run) => {
    const before = runs.at(-1);
    if (before !== undefined && (Math.abs(run) < 6 || before > 0 === run > 0))
      runs[runs.length - 1] = before + Math.sign(before) * Math.abs(run);
    else runs.push(run);
    return runs;
  }, []);
}

const near = (found: readonly number[], wanted: readonly number[], what: string) => {
  const fits = wanted.every((ms, i) => Math.abs((found[i] ?? 0) - ms) <= 8);
  assert.ok(fits, `${what}: ${found.slice(0, wanted.length).join(" ")}, not ${wanted.join(" ")}`);
};

/** From the recommendation's table, beside what the program has of it. */
const known: [ToneName, Country, number[], number[]][] = [
  ["ring-back", "de", [425], [1000, -4000, 1000, -4000]],
  ["busy", "de", [425], [480, -480, 480, -480]],
  ["congestion", "de", [425], [240, -240, 240, -240]],
  ["ring-back", "us", [440, 480], [2000, -4000, 2000]],
  ["busy", "us", [480, 620], [500, -500, 500, -500]],
  ["ring-back", "gb", [400, 450], [400, -200, 400, -2000, 400, -200]],
  ["ring-back", "fr", [440], [1500, -3500, 1500]],
  ["busy", "se", [425], [250, -250, 250]],
  ["congestion", "se", [425], [250, -750, 250]],
  ["ring-back", "au", [413, 438], [400, -200, 400, -2000]],
];

describe("ITU-T E.180 tones", () => {
  it("are there for at least 25 countries, each with a name", () => {
    assert.ok(countries.length >= 25);
    assert.equal(new Set(countries.map(countryName)).size, countries.length);
  });

  for (const [tone, country, frequencies, wanted] of known)
    it(`${tone} of ${countryName(country)} is ${frequencies.join(" + ")} Hz in its cadence`, () => {
      const samples = heard(tone, country, 12);
      near(cadence(samples), wanted, `${tone} ${country}`);
      const sounding = samples.slice(80, 80 + 8 * 140);
      for (const hertz of frequencies) assert.ok(levelOf(sounding, hertz) > -18, `${hertz} Hz`);
      for (const hertz of [300, 550, 700, 1000].filter((other) => frequencies.every((f) => Math.abs(f - other) > 100)))
        assert.ok(levelOf(sounding, hertz) < -35, `no ${hertz} Hz`);
    });

  it("§8: special information is 950, 1400 and 1800 Hz for a third of a second each, and a pause", () => {
    const samples = heard("special-information", "de", 4);
    const third = 0.33 * 8000;
    for (const [i, hertz] of [950, 1400, 1800].entries()) {
      const part = samples.slice(i * third + 80, (i + 1) * third - 80);
      assert.ok(Math.abs(levelOf(part, hertz) + 13.14) < 0.5, `${hertz} Hz: ${levelOf(part, hertz)}`);
    }
    assert.ok(samples.slice(3 * third + 80, 3 * third + 7900).every((sample) => sample === 0));
    assert.ok(levelOf(samples.slice(3 * third + 8000 + 80, 4 * third + 8000 - 80), 950) > -14, "and again");
  });

  it("swells where a network has it so (Japan: 400 Hz with 16 Hz)", () => {
    const samples = heard("ring-back", "jp", 1).slice(0, 8000);
    const loud = [250, 750].map((at) => levelOf(samples.slice(at - 40, at + 40), 400));
    const soft = [500, 1000].map((at) => levelOf(samples.slice(at - 40, at + 40), 400));
    assert.ok(Math.min(...loud) - Math.max(...soft) > 15, `${loud.join()} ${soft.join()}`);
  });

  it("§2: all have −10 dBm0, whatever their frequencies, and none begins or ends with a click", () => {
    for (const country of countries)
      for (const tone of toneNames) {
        const [first] = cadenceOf(tone, country);
        assert.ok(first && first.frequencies.length > 0, `${tone} ${country}`);
        const samples = heard(tone, country, 1);
        const steady = samples.slice(80, 8 * first.ms - 80);
        const power = steady.reduce((sum, sample) => sum + sample * sample, 0) / steady.length;
        const level = 10 * Math.log10(power / (32_767 ** 2 / 2)) + (first.modulation === undefined ? 0 : 4.26);
        // Two pitches beat against each other: a piece of a beat is not its mean.
        assert.ok(Math.abs(level + 13.14) < 1, `${tone} ${country}: ${level}`);
        const edges = [samples.slice(0, 4), samples.slice(8 * first.ms - 4, 8 * first.ms)];
        for (const edge of edges) assert.ok(Math.max(...edge.map(Math.abs)) < 1300, `${tone} ${country} clicks`);
      }
  });

  it("end after one period when they are not to go on", () => {
    const source = new ToneSource(cadenceOf("special-information", "de"), false);
    const frame = new Int16Array(frameSamples);
    let samples = 0;
    for (let got = frameSamples; got === frameSamples; samples += got) got = source.fill(frame);
    assert.equal(samples, 8 * (3 * 330 + 1000));
    assert.equal(source.fill(frame), 0);
  });
});
