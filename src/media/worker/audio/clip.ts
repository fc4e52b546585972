// Plays samples as they lie in a WAV file. Those of 16 kHz are halved when they are wanted: a low-pass in front, since
// what lies above 4 kHz would come back as another pitch.
import { lawOf } from "../../g711.ts";
import type { Clip } from "../../sound.ts";
import { clip16, frameSamples, type Source } from "./frame.ts";

/**
 * One side of a half-band low-pass, of every second tap; those in between are 0, the middle one is ½. 63 taps of a sinc
 * under a Kaiser window (β = 5.65): flat to 3.4 kHz, 60 dB down from 4.6 kHz on.
 */
const reach = 32;
const taps: Float64Array = (() => {
  const bessel = (x: number) => {
    let [sum, term] = [1, 1];
    for (let k = 1; k < 20; k++) sum += term *= (x / (2 * k)) ** 2;
    return sum;
  };
  const beta = 5.65;
  const side = Array.from({ length: reach / 2 }, (_, i) => {
    const k = 2 * i + 1;
    return ((i % 2 === 0 ? 1 : -1) / (Math.PI * k)) * (bessel(beta * Math.sqrt(1 - (k / reach) ** 2)) / bessel(beta));
  });
  const sum = side.reduce((a, b) => a + b, 0);
  return Float64Array.from(side, (tap) => tap / (4 * sum));
})();

export class ClipSource implements Source {
  readonly #data: Uint8Array;
  readonly #table: Int16Array | undefined;
  /** Samples of the file. */
  readonly #length: number;
  readonly #step: 1 | 2;
  readonly #loop: boolean;
  /** The samples that a frame of 8 kHz is made of, and those on both sides that the low-pass reaches for. */
  readonly #around = new Float64Array(2 * frameSamples + 2 * reach);
  #at = 0;

  constructor({ data, encoding, rate }: Clip, loop: boolean) {
    this.#data = data;
    this.#table = encoding === "linear" ? undefined : lawOf(encoding).linear;
    this.#length = encoding === "linear" ? data.length >> 1 : data.length;
    this.#step = rate === 8000 ? 1 : 2;
    this.#loop = loop;
  }

  fill(frame: Int16Array): number {
    const step = this.#step;
    const left = this.#loop ? frame.length : Math.ceil((this.#length - this.#at) / step);
    const count = Math.max(0, Math.min(frame.length, left));
    if (step === 1) for (let i = 0; i < count; i++) frame[i] = this.#sample(this.#at + i);
    else this.#halve(frame, count);
    frame.fill(0, count);
    this.#at += count * step;
    if (this.#loop) this.#at %= this.#length;
    return count;
  }

  #halve(frame: Int16Array, count: number): void {
    const around = this.#around;
    for (let i = 0; i < around.length; i++) around[i] = this.#sample(this.#at - reach + i);
    for (let i = 0; i < count; i++) {
      const at = reach + 2 * i;
      let sum = (around[at] ?? 0) / 2;
      for (let k = 0; k < taps.length; k++)
        sum += (taps[k] ?? 0) * ((around[at - 2 * k - 1] ?? 0) + (around[at + 2 * k + 1] ?? 0));
      frame[i] = clip16(Math.round(sum));
    }
  }

  /** A sample of the file; before and behind it there is silence, or the file again. */
  #sample(index: number): number {
    let at = index;
    if (at < 0 || at >= this.#length) {
      if (!this.#loop) return 0;
      at = ((at % this.#length) + this.#length) % this.#length;
    }
    const data = this.#data;
    if (this.#table) return this.#table[data[at] ?? 0] ?? 0;
    return (((data[2 * at] ?? 0) | ((data[2 * at + 1] ?? 0) << 8)) << 16) >> 16;
  }
}
