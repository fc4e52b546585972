// Digits as other makers' telephones sound, for tests: tones that are off their frequency, unequal, faint, in noise.
import { lawOf } from "../../../src/media/g711.ts";
import { G722 } from "../../../src/media/g722.ts";

export const keys = "123A456B789C*0#D";
const lows = [697, 770, 852, 941];
const highs = [1209, 1336, 1477, 1633];

export type Codec = "PCMA" | "PCMU" | "G722";

export interface Sound {
  /** Of each tone, 1 = none. */
  readonly offLow?: number;
  readonly offHigh?: number;
  /** How much louder the high tone is, in dB. */
  readonly twist?: number;
  /** The louder tone, dB below a full-scale sine. */
  readonly level?: number;
  /** Power of the tones over that of the noise, in dB. */
  readonly snr?: number;
  readonly ms?: number;
  readonly gapMs?: number;
  readonly codec?: Codec;
}

type Random = (below: number) => number;
const chance = (random: Random) => random(2 ** 32) / 2 ** 32;
const gauss = (random: Random) => Math.sqrt(-2 * Math.log(1 - chance(random))) * Math.cos(2 * Math.PI * chance(random));

/** The digits as a codec has made them, with silence of a length of its own before, between and behind. */
export function dialled(digits: string, sound: Sound, random: Random): Int16Array {
  const { offLow = 1, offHigh = 1, twist = 0, level = -10, snr = 60, ms = 50, gapMs = 50, codec = "PCMA" } = sound;
  const loud = 32_768 * 10 ** (level / 20);
  const [low, high] = [loud * 10 ** (Math.min(0, -twist) / 20), loud * 10 ** (Math.min(0, twist) / 20)];
  const noise = Math.sqrt((low * low + high * high) / 2 / 10 ** (snr / 10));
  const samples: number[] = [];
  const quiet = (count: number) => {
    for (let i = 0; i < count; i++) samples.push(0);
  };
  quiet(300 + random(102));
  for (const digit of digits) {
    const key = keys.indexOf(digit);
    const [f, g] = [(lows[key >> 2] ?? 0) * offLow, (highs[key & 3] ?? 0) * offHigh];
    const [p, q] = [chance(random) * 7, chance(random) * 7];
    for (let i = 0; i < ms * 8; i++)
      samples.push(
        low * Math.sin((2 * Math.PI * f * i) / 8000 + p) + high * Math.sin((2 * Math.PI * g * i) / 8000 + q),
      );
    quiet(gapMs * 8);
  }
  quiet(800);
  return through(
    codec,
    samples.map((sample) => sample + noise * gauss(random)),
  );
}

export function through(codec: Codec, samples: readonly number[]): Int16Array {
  const [voice, ear, { encode, linear }] = [new G722(), new G722(), lawOf(codec)];
  const pass = (sample: number) =>
    codec === "G722" ? ear.decode(voice.encode(sample)) : (linear[encode(sample)] ?? 0);
  return Int16Array.from(samples, (sample) => pass(Math.max(-32_768, Math.min(32_767, Math.round(sample)))));
}
