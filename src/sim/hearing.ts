// What a simulated device hears: how loud it is and which tone is the strongest (Goertzel's algorithm), so that a test or a
// user can tell whether the other side's sound really arrives.

export interface Heard {
  readonly frequency: number;
  readonly level: number;
  readonly packets: number;
}

const rate = 8000;
// 100 ms: tones 20 Hz apart are told apart, and a look at all of them costs about a millisecond.
const windowSize = 800;
const lowest = 200;
const highest = 3500;
const step = 5;
// Quieter than this is the noise of the quantisation.
const silence = -60;
const floor = -96;

const hann = Float64Array.from(
  { length: windowSize },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (windowSize - 1)),
);

export class Hearing {
  readonly #last = new Float64Array(windowSize);
  #at = 0;
  #samples = 0;
  #power = 0;
  #packets = 0;

  /** Takes the samples of one packet. */
  hear(samples: ArrayLike<number>): void {
    this.#packets++;
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i] ?? 0;
      this.#power += sample * sample;
      this.#last[this.#at] = sample;
      this.#at = (this.#at + 1) % windowSize;
    }
    this.#samples += samples.length;
  }

  /** What was heard since the last time. */
  take(): Heard {
    const power = this.#samples ? this.#power / this.#samples : 0;
    const level = Math.max(floor, Math.round(100 * Math.log10(power / 32768 ** 2 || 1e-10)) / 10);
    const heard = {
      frequency: level < silence || this.#samples < windowSize ? 0 : this.#strongest(),
      level,
      packets: this.#packets,
    };
    this.#samples = this.#power = this.#packets = 0;
    return heard;
  }

  #strongest(): number {
    const window = hann.map((weight, i) => weight * (this.#last[(this.#at + i) % windowSize] ?? 0));
    let best = 0;
    let most = 0;
    for (let frequency = lowest; frequency <= highest; frequency += step) {
      const power = goertzel(window, frequency);
      if (power > most) [best, most] = [frequency, power];
    }
    return best;
  }
}

/** The power of one frequency in `samples` at 8 kHz. */
function goertzel(samples: Float64Array, frequency: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * frequency) / rate);
  let before = 0;
  let last = 0;
  for (const sample of samples) [before, last] = [last, sample + factor * last - before];
  return last * last + before * before - factor * last * before;
}
