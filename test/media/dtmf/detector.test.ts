// In-band digits are found where ITU-T Q.24 wants them found, and nowhere else: tones of seeded chance.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Detector } from "../../../src/media/worker/dtmf/detector.ts";
import { digitSamples } from "../../../src/media/worker/dtmf/generator.ts";
import { keys as eventKeys } from "../../../src/dtmf.ts";
import { seeded } from "../seeded.ts";
import { dialled, keys, through, type Sound } from "./voice.ts";

const codecs = ["PCMA", "PCMU", "G722"] as const;

function heard(samples: ArrayLike<number>): { digits: string; ms: number[] } {
  const detector = new Detector();
  let digits = "";
  const ms: number[] = [];
  const all = Array.from(samples);
  // As packets come: 20 ms each.
  for (let at = 0; at < all.length; at += 160)
    detector.hear(all.slice(at, at + 160), (key, heldMs) => {
      if (key === "") ms.push(heldMs);
      digits += key;
    });
  return { digits, ms };
}

/** All sixteen keys, twice each, with both tones off by the same part up or down. */
function recognised(sound: Sound, off = 0, seed = 1): string[] {
  const random = seeded(seed);
  const wrong: string[] = [];
  for (const key of keys)
    for (const [low, high] of [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ] as const) {
      const how = { ...sound, offLow: 1 + low * off, offHigh: 1 + high * off };
      const { digits } = heard(dialled(key + key, how, random));
      if (digits !== key + key) wrong.push(`${key}${key}: "${digits}"`);
    }
  return wrong;
}

/** How many of the sixteen keys are found at all. */
function found(sound: Sound, off = 0): number {
  const random = seeded(2);
  return Array.from(keys).filter((key) => {
    const how = { ...sound, offLow: 1 + off, offHigh: 1 - off };
    return heard(dialled(key, how, random)).digits !== "";
  }).length;
}

describe("ITU-T Q.24 digits in sound are found", () => {
  for (const [title, sound, off] of [
    ["of 40 ms with 40 ms between them", { ms: 40, gapMs: 40 }, 0],
    ["1.5 % off their frequencies", { ms: 40, gapMs: 40 }, 0.015],
    ["with the high tone 4 dB louder, and 1.5 % off", { twist: 4 }, 0.015],
    ["with the high tone 6 dB louder", { twist: 6 }, 0.015],
    ["with the low tone 8 dB louder", { twist: -8 }, 0.01],
    ["at full level", { level: -6.1 }, 0.015],
    ["at −36 dBFS, 6 dB apart and 1.5 % off", { level: -36, twist: -6 }, 0.015],
    ["in noise 15 dB below them", { snr: 15, ms: 40, gapMs: 40 }, 0.01],
    ["in µ-law", { codec: "PCMU" }, 0.015],
    ["in G.722", { codec: "G722" }, 0.015],
    [
      "in G.722, of 40 ms, at −36 dBFS and 6 dB apart",
      { codec: "G722", ms: 40, gapMs: 40, level: -36, twist: -6 },
      0.015,
    ],
    ["in G.722, with the low tone 8 dB louder", { codec: "G722", twist: -8 }, 0.01],
    ["held for a second", { ms: 1000 }, 0.01],
  ] as const satisfies [string, Sound, number][])
    it(title, () => assert.deepEqual(recognised(sound, off), []));

  it("with level, twist, offset, noise, length and codec of any kind within the limits", () => {
    const random = seeded(4733);
    for (let i = 0; i < 300; i++) {
      const digits = Array.from({ length: 4 }, () => keys[random(16)]).join("");
      const off = () => 1 + (random(3001) - 1500) / 100_000;
      const sound: Sound = {
        ...{ offLow: off(), offHigh: off(), twist: random(11) - 6, level: -8 - random(24), snr: 18 + random(30) },
        ...{ ms: 42 + random(120), gapMs: 42 + random(120), codec: codecs[random(3)] ?? "PCMA" },
      };
      assert.equal(heard(dialled(digits, sound, random)).digits, digits, JSON.stringify(sound));
    }
  });

  it("once, though 20 ms of it are lost, and as long as they were", () => {
    const random = seeded(7);
    for (let i = 0; i < 50; i++) {
      const samples = Array.from(dialled("5", { ms: 200 }, random));
      samples.splice(900 + random(300), 160);
      const { digits, ms } = heard(samples);
      assert.equal(digits, "5");
      assert.ok(Math.abs((ms[0] ?? 0) - 180) <= 30, `${ms[0]} ms`);
    }
  });
});

describe("ITU-T Q.24 what is no digit is not found", () => {
  it("tones of 23 ms and less", () => assert.equal(found({ ms: 23 }) + found({ ms: 23, codec: "G722" }), 0));
  it("tones 3.5 % off their frequencies", () => assert.equal(found({ ms: 200 }, 0.035), 0));
  it("tones 12 dB apart", () => assert.equal(found({ ms: 200, twist: 12 }) + found({ ms: 200, twist: -12 }), 0));
  it("tones below −50 dBFS", () => assert.equal(found({ ms: 200, level: -50 }), 0));
  it("tones that drown in noise", () => assert.equal(found({ ms: 200, snr: -3 }), 0));

  it("single tones, pairs of one group, dial and ring-back tones, noise, silence", () => {
    const sine = (...hertz: number[]) =>
      through(
        "PCMA",
        Array.from({ length: 8000 }, (_, i) =>
          hertz.reduce((sum, f) => sum + 8000 * Math.sin((2 * Math.PI * f * i) / 8000), 0),
        ),
      );
    for (const hertz of [
      [697],
      [1209],
      [697, 770],
      [1209, 1633],
      [350, 440],
      [425],
      [440, 480],
      [480, 620],
      [950],
      [1400, 2060],
    ])
      assert.equal(heard(sine(...hertz)).digits, "", hertz.join("+"));
    const random = seeded(3);
    assert.equal(
      heard(
        through(
          "PCMA",
          Array.from({ length: 80_000 }, () => random(20_000) - 10_000),
        ),
      ).digits,
      "",
    );
    assert.equal(heard(new Int16Array(8000)).digits, "");
  });
});

describe("digits that we make", () => {
  it("are known to our own ear, all sixteen, in each codec", () => {
    for (const codec of codecs) {
      const samples = Array.from(eventKeys).flatMap((key) => [
        ...digitSamples(key, 100),
        ...new Array<number>(800).fill(0),
      ]);
      assert.equal(heard(through(codec, samples)).digits, eventKeys);
    }
  });

  it("are two tones of −8 dBFS each that begin and end without a click", () => {
    const samples = digitSamples("5", 100);
    assert.equal(samples.length, 800);
    const middle = samples.slice(100, 700);
    const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
    assert.ok(Math.abs(10 * Math.log10(power / 32_768 ** 2) - -8) < 0.3, "two sines of −8 dBFS: −11 dB each, and 3");
    assert.ok(Math.abs(samples[0] ?? 1) < 100 && Math.abs(samples.at(-1) ?? 1) < 700);
    // Beyond the tones a click would be heard: the steps never exceed those of the tones themselves.
    const step = Math.max(...Array.from(samples.slice(1), (sample, i) => Math.abs(sample - (samples[i] ?? 0))));
    const steady = Math.max(...Array.from(middle.slice(1), (sample, i) => Math.abs(sample - (middle[i] ?? 0))));
    assert.ok(step <= steady * 1.01, `${step} of ${steady}`);
  });
});
