// ITU-T G.722 at 64 kbit/s, as far as what is heard below 4 kHz: an octet is one sample at 8 kHz there, as in G.711 (RFC 3551
// §4.5.2 counts its time so, too). Six bits of an octet are this lower band, two the upper one, which is left as it is, or
// silent. The filter bank that joins the two is left out with it (docs/decisions/064).

/** Of all codes by six bits, and of their upper four: what they say, in the unit of the scale factor (tables 7 and 9). */
const magnitudes6 = [
  ...[3101, 2738, 2376, 2088, 1873, 1689, 1535, 1399, 1279, 1170, 1072, 982, 899, 822, 750],
  ...[682, 618, 558, 501, 447, 396, 347, 300, 254, 211, 170, 130, 91, 54, 17],
];
const magnitudes4 = [2557, 1612, 1121, 786, 530, 323, 150];
// Below 4 are none; negative ones go from 4 on, positive ones from 32 on, and the two least negative stand at the end.
const differences6 = Int32Array.from([
  ...[17, 17, 17, 17, ...magnitudes6.slice(0, 28)].map((m) => -m),
  ...magnitudes6,
  ...[-54, -17],
]);
const differences4 = Int32Array.from([0, ...magnitudes4.map((m) => -m), ...magnitudes4, 0]);
/** Where the magnitude of a difference goes from one code to the next (table 5). */
const decisions = Int32Array.from([
  ...[35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714],
  ...[786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
]);
/** How the logarithm of the scale factor changes after a code (table 11). */
const steps = (() => {
  const up = [3042, 1198, 538, 334, 172, 58, -30];
  return Int32Array.from([-60, ...up, ...up, -60]);
})();
/** 2048 · 2^(i/32) (table 12). */
const powers = Int32Array.from({ length: 32 }, (_, i) => Math.floor(2048 * 2 ** (i / 32) + 0.5));

const clip = (value: number, most: number): number => Math.max(-most, Math.min(most, value));
const clip16 = (value: number): number => Math.max(-32_768, Math.min(32_767, value));
/** The upper band when it is silent, whatever its decoder had before: the smallest step, after which all steps are smaller. */
const noUpper = 0xc0;

/** An octet that lets a decoder fall silent within 5 ms, whatever it had before. */
export const silence722 = noUpper | 61;

/** The state of the lower band, the same in an encoder and in the decoder of what it says. */
export class G722 {
  /** Quantized differences, twice as large, and the coefficients of the zeros, newest first. */
  readonly #differences = new Int32Array(6);
  readonly #zeros = new Int32Array(6);
  #pole1 = 0;
  #pole2 = 0;
  /** The signs of the last two sums of difference and zeros: whether negative. */
  #negative1 = false;
  #negative2 = false;
  #zeroPart = 0;
  #predicted = 0;
  #before = 0;
  #logScale = 0;
  #scale = 8;

  /** One octet as a 16-bit sample at 8 kHz. */
  decode(octet: number): number {
    const code = octet & 0x3f;
    const difference = (this.#scale * (differences6[code] ?? 0)) >> 10;
    const sample = Math.max(-16_384, Math.min(16_383, difference + this.#predicted));
    this.#adapt(code >> 2);
    return sample * 2;
  }

  /** One 16-bit sample at 8 kHz as an octet. */
  encode(sample: number): number {
    const difference = clip16((sample >> 1) - this.#predicted);
    const size = ((difference < 0 ? ~difference : difference) + 1) << 10;
    let i = size > (decisions[8] ?? 0) * this.#scale ? 9 : 0;
    while (i < 29 && size > (decisions[i] ?? 0) * this.#scale) i++;
    const code = (difference < 0 ? (i < 2 ? 63 : 33) : 61) - i;
    this.#adapt(code >> 2);
    return noUpper | code;
  }

  /** Takes over where another one is. */
  follow(other: G722): void {
    this.#differences.set(other.#differences);
    this.#zeros.set(other.#zeros);
    [this.#pole1, this.#pole2] = [other.#pole1, other.#pole2];
    [this.#negative1, this.#negative2] = [other.#negative1, other.#negative2];
    [this.#zeroPart, this.#predicted, this.#before] = [other.#zeroPart, other.#predicted, other.#before];
    [this.#logScale, this.#scale] = [other.#logScale, other.#scale];
  }

  /** Whether what comes next sounds the same from both. */
  near(other: G722): boolean {
    const [poles, zeros] = [32_768 / 32, 32_768 / 64];
    return (
      Math.abs(this.#logScale - other.#logScale) < 128 &&
      Math.abs(this.#pole1 - other.#pole1) < poles &&
      Math.abs(this.#pole2 - other.#pole2) < poles &&
      this.#zeros.every((zero, k) => Math.abs(zero - (other.#zeros[k] ?? 0)) < zeros)
    );
  }

  /** Predictor and quantizer adapt themselves to the upper four bits of a code. */
  #adapt(code: number): void {
    const difference = (this.#scale * (differences4[code] ?? 0)) >> 10;
    const negative = this.#zeroPart + difference < 0;
    const sign1 = negative === this.#negative1 ? -1 : 1;
    const sign2 = negative === this.#negative2 ? 1 : -1;
    [this.#negative2, this.#negative1] = [this.#negative1, negative];
    this.#pole2 = clip(((sign1 * clip(this.#pole1, 8191)) >> 5) + sign2 * 128 + ((this.#pole2 * 127) >> 7), 12_288);
    this.#pole1 = clip(-192 * sign1 + ((this.#pole1 * 255) >> 8), 15_360 - this.#pole2);
    this.#zeroPart = this.#adaptZeros(difference);
    const reconstructed = clip16((this.#predicted + difference) * 2);
    this.#predicted = clip16(
      this.#zeroPart + ((this.#pole1 * reconstructed) >> 15) + ((this.#pole2 * this.#before) >> 15),
    );
    this.#before = reconstructed;
    this.#logScale = Math.max(0, Math.min(18_432, ((this.#logScale * 127) >> 7) + (steps[code] ?? 0)));
    const shift = 8 - (this.#logScale >> 11);
    const power = powers[(this.#logScale >> 6) & 31] ?? 0;
    this.#scale = shift < 0 ? power << -shift : power >> shift;
  }

  #adaptZeros(difference: number): number {
    const [differences, zeros] = [this.#differences, this.#zeros];
    let sum = 0;
    for (let k = 5; k >= 0; k--) {
      const step = difference === 0 ? 0 : ((differences[k] ?? 0) ^ difference) < 0 ? -128 : 128;
      const zero = (((zeros[k] ?? 0) * 255) >> 8) + step;
      const next = k === 0 ? difference * 2 : (differences[k - 1] ?? 0);
      zeros[k] = zero;
      differences[k] = next;
      sum += (next * zero) >> 15;
    }
    return sum;
  }
}
