// G.722's lower band by itself. That it is the standard's, to the bit, is tested beside ffmpeg (test/peers/g722.test.ts).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { G722, silence722 } from "../../src/media/g722.ts";
import { seeded } from "./seeded.ts";
import { levelOf, tone } from "./tone.ts";

const said = (samples: readonly number[], voice = new G722()) => samples.map((sample) => voice.encode(sample));
const heard = (octets: readonly number[], ear = new G722()) => octets.map((octet) => ear.decode(octet));
const rms = (samples: readonly number[]) => Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);

describe("ITU-T G.722 below 4 kHz", () => {
  for (const hertz of [300, 440, 1000, 2000, 3400])
    it(`carries ${hertz} Hz at its level, loud and faint, with little noise`, () => {
      for (const amplitude of [20_000, 2000, 200]) {
        const sound = tone(hertz, amplitude, 8000);
        const out = heard(said(sound)).slice(1600);
        assert.ok(Math.abs(levelOf(out, hertz) - levelOf(sound.slice(1600), hertz)) < 0.3);
        const noise = rms(out.map((sample, i) => sample - (sound[1600 + i] ?? 0)));
        const dB = 20 * Math.log10(rms(sound) / noise);
        assert.ok(dB > 24, `${amplitude}: ${dB.toFixed(1)} dB`);
      }
    });

  it("leaves the upper band silent, and does not care what it says", () => {
    const octets = said(tone(700, 8000, 800));
    assert.ok(octets.every((octet) => octet >> 6 === 3));
    assert.deepEqual(heard(octets.map((octet) => octet & 0x3f)), heard(octets));
  });

  it("stays within 16 bits, whatever comes", () => {
    const random = seeded(7);
    const ear = new G722();
    for (let i = 0; i < 100_000; i++) {
      const sample = ear.decode(random(256));
      assert.ok(sample >= -32_768 && sample <= 32_767);
    }
    const square = Array.from({ length: 8000 }, (_, i) => (i % 40 < 20 ? 32_767 : -32_768));
    assert.ok(rms(heard(said(square))) > 20_000);
  });

  it("has an octet that silences any decoder within 5 ms", () => {
    for (const hertz of [697, 941, 1633]) {
      const ear = new G722();
      heard(said(tone(hertz, 30_000, 1600)), ear);
      const rest = heard(Array<number>(320).fill(silence722), ear);
      assert.ok(Math.max(...rest.slice(40).map(Math.abs)) < 200, `${hertz}`);
    }
  });

  it("goes on from where another one is", () => {
    const [voice, ear, twin] = [new G722(), new G722(), new G722()];
    heard(said(tone(500, 9000, 3000), voice), ear);
    assert.equal(ear.near(twin), false);
    twin.follow(ear);
    assert.ok(twin.near(voice) && twin.near(ear));
    const octets = said(tone(900, 5000, 1000), twin);
    assert.ok(Math.abs(levelOf(heard(octets, ear), 900) - levelOf(tone(900, 5000, 1000), 900)) < 0.3);
  });
});
