// Digits in sound: Goertzel's algorithm over 102 samples at 8 kHz for the eight tones, every half block, so that a tone is
// looked at four times in the 40 ms that ITU-T Q.24 lets it last. Speech is full of tones; a digit is two of them and
// nothing else, which hold still.
import { highTones, keyOf, lowTones, tonesOf } from "./tones.ts";

const rate = 8000;
const block = 102;
const hop = block / 2;

/** What a pair of tones must be to be a key, in power ratios. */
const limits = {
  /** The weaker tone, in dBFS. */
  leastLevel: -45,
  /** How much louder the high, and the low tone may be, in dB (Q.24 asks for 4 and 8 at least). */
  twist: [7.5, 10],
  /** The share of the sound's power that is in the two tones. */
  share: 0.75,
  /** The same of two blocks, before a key is told of. */
  purity: 0.87,
  /** How far the other tones of a group are below, in dB. */
  apart: 6,
  /** How far a tone may be from its frequency: this part of it, and as much in Hz for what the other tone disturbs. */
  off: 0.018,
  slack: 12,
  /** Looks in a row that must see the same key, and that must not see it for its end. */
  looks: 4,
  misses: 3,
} as const;

const power = (db: number) => 10 ** (db / 10);

export class Detector {
  /** The last two blocks. */
  readonly #both = new Float32Array(2 * block);
  readonly #window = this.#both.subarray(block);
  #filled = 2 * block - hop;
  readonly #tones = [...lowTones, ...highTones].map((frequency) => new Tone(frequency));
  /** Whether the last block was silence: a phase then says nothing. */
  #gap = true;
  #candidate = "";
  #looks = 0;
  #misses = 0;
  #samples = 0;
  /** The key that is heard now, "" where there is none. */
  key = "";
  /** Whether the last samples may be of a key: some twenty times in an hour of speech they are of none. */
  get suspects(): boolean {
    return this.key !== "" || this.#candidate !== "";
  }

  /** For how long it has been heard, in milliseconds. */
  get heldMs(): number {
    return Math.round((this.#samples * 1000) / rate);
  }

  /** Takes samples; calls `changed` when a key begins, and with "" when it ends. */
  hear(samples: ArrayLike<number>, changed: (key: string, heldMs: number) => void): void {
    for (let i = 0; i < samples.length; i++) {
      this.#both[this.#filled++] = (samples[i] ?? 0) / 32_768;
      if (this.#filled < 2 * block) continue;
      this.#look(changed);
      this.#both.copyWithin(0, hop);
      this.#filled -= hop;
    }
  }

  #look(changed: (key: string, heldMs: number) => void): void {
    const seen = this.#see();
    if (this.key !== "") this.#samples += hop;
    this.#looks = seen !== "" && seen === this.#candidate ? this.#looks + 1 : 1;
    this.#candidate = seen;
    if (seen === this.key) this.#misses = 0;
    else if (this.key !== "" && ++this.#misses >= limits.misses) {
      const heldMs = this.heldMs - Math.round((this.#misses * hop * 1000) / rate);
      this.key = "";
      changed("", heldMs);
    }
    if (seen === "" || this.#looks < limits.looks || seen === this.key || !this.#pure(seen)) return;
    if (this.key !== "") changed("", this.heldMs);
    this.key = seen;
    this.#misses = 0;
    this.#samples = (this.#looks + 1) * hop;
    changed(seen, 0);
  }

  /**
   * Whether both blocks hold the two tones and little else. One block cannot tell: the other partials of a voice fall into the
   * same filters. Two are twice as sharp, and are asked at the tones' own frequencies.
   */
  #pure(key: string): boolean {
    const [low = 0, high = 0] = tonesOf(key) ?? [];
    const tones = this.#tones.filter(({ frequency }) => frequency === low || frequency === high);
    const both = this.#both;
    const total = both.reduce((sum, sample) => sum + sample * sample, 0) / both.length;
    const held = tones.reduce((sum, tone) => sum + meanSquare(...goertzel(both, tone.turn), both.length), 0);
    return held >= limits.purity * total;
  }

  /** The key of one block, "" where it is none. */
  #see(): string {
    const { leastLevel, twist, share, apart } = limits;
    const window = this.#window;
    let total = 0;
    for (const sample of window) total += sample * sample;
    const least = power(leastLevel) * 0.5;
    // Most blocks are silence: nothing to be looked for.
    const silent = total / block < 2 * least;
    if (!silent) for (const tone of this.#tones) tone.look(window);
    const gap = this.#gap;
    this.#gap = silent;
    if (silent) return "";
    const low = this.#strongest(0, 4, apart);
    const high = this.#strongest(4, 8, apart);
    if (!low || !high) return "";
    const [a, b] = gap ? [low.energy, high.energy] : [low.whole(), high.whole()];
    if (Math.min(a, b) < least || b > a * power(twist[0]) || a > b * power(twist[1])) return "";
    return a + b < share * (total / block) ? "" : keyOf(this.#tones.indexOf(low), this.#tones.indexOf(high) - 4);
  }

  /** The strongest of a group, undefined where another one is too near. */
  #strongest(from: number, to: number, apart: number): Tone | undefined {
    const group = this.#tones.slice(from, to);
    const best = group.reduce((one, other) => (other.energy > one.energy ? other : one));
    const limit = best.energy / power(apart);
    return group.some((tone) => tone !== best && tone.energy > limit) ? undefined : best;
  }
}

/** One of the eight frequencies, as the last block had it. */
class Tone {
  /** Its mean square. */
  energy = 0;
  readonly frequency: number;
  readonly #turn: number;
  #phase = 0;
  #drift = 0;

  constructor(frequency: number) {
    this.frequency = frequency;
    this.#turn = (2 * Math.PI * frequency) / rate;
  }

  /** Its own angle from sample to sample, as its phase shows. */
  get turn(): number {
    return this.#turn + this.#drift / hop;
  }

  look(samples: Float32Array): void {
    const [real, imaginary] = goertzel(samples, this.#turn);
    this.energy = meanSquare(real, imaginary, samples.length);
    const phase = Math.atan2(imaginary, real);
    this.#drift = wrapped(phase - this.#phase - this.#turn * hop);
    this.#phase = phase;
  }

  /** Its mean square if it is as far from its frequency as its phase shows; 0 where that is too far. */
  whole(): number {
    const { off, slack } = limits;
    const away = Math.abs((this.#drift * rate) / (2 * Math.PI * hop));
    if (away > off * this.frequency + slack) return 0;
    const x = (Math.PI * away * block) / rate;
    return x === 0 ? this.energy : this.energy / (Math.sin(x) / x) ** 2;
  }
}

function goertzel(samples: Float32Array, turn: number): [real: number, imaginary: number] {
  const factor = 2 * Math.cos(turn);
  let one = 0;
  let two = 0;
  for (const sample of samples) [one, two] = [sample + factor * one - two, one];
  return [one - two * Math.cos(turn), two * Math.sin(turn)];
}

const meanSquare = (real: number, imaginary: number, length: number): number =>
  (2 * (real * real + imaginary * imaginary)) / (length * length);

const wrapped = (angle: number): number => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
