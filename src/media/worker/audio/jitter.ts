// Between a peer that sends when it likes and a clock that takes 20 ms at each beat: puts packets into their order, waits
// for those that are late as long as their jitter needs, and makes up for those that never come. Works on samples by their
// RTP timestamps, so that any length of packets will do, silence that is not sent is no loss, and what comes twice does no
// harm. The clocks of two machines never agree: too much is dropped and too little stretched by a pitch period, in a pause
// where there is one.
import { Concealment } from "./concealment.ts";
import { frameSamples } from "./frame.ts";

const perMs = 8;
/** Samples, a power of two: more than can wait in it. */
const size = 4096;
/** Samples that wait at most: 200 ms. What comes on top of that pushes the oldest out. */
const most = 200 * perMs;
/** How much earlier than needed the first packet is taken to be. */
const startSlack = 40 * perMs;
/** The least slack of any packet is kept between these: how long before it was needed the latest packet came. */
const leastSlack = 5 * perMs;
const mostSlack = 30 * perMs;
/** Beats in which the least slack is looked for, twice; and between two corrections. */
const window = 100;
const pause = 5;
/** Corrections wait so many beats for a pause in the speech. */
const patience = 100;
/** Peak of a frame that counts as a pause, −40 dB. */
const quiet = 330;
/** A timestamp this far off is no late packet but another count. */
const otherCount = 8000;

export class JitterBuffer {
  readonly #ring = new Int16Array(size);
  readonly #filled = new Uint8Array(size);
  readonly #concealment = new Concealment();
  #started = false;
  #ssrc = 0;
  /** Timestamp of the sample that is played next, and of the one behind the last that is there. */
  #play = 0;
  #end = 0;
  /** Samples that were made up while nothing was there. */
  #starved = 0;
  #beatAt = 0;
  #slack = Infinity;
  #slackBefore = Infinity;
  #beats = 0;
  #corrected = 0;
  #wanted = 0;

  /** Samples that wait. */
  get depth(): number {
    return this.#started ? Math.max(0, (this.#end - this.#play) | 0) : 0;
  }

  /** The samples of a packet; `now` is when it came. */
  put(ssrc: number, timestamp: number, samples: Int16Array, now: number): void {
    const { length } = samples;
    if (length === 0 || length > most) return;
    const sinceBeat = Math.min(2 * frameSamples, Math.max(0, now - this.#beatAt) * perMs);
    const gap = () => (timestamp - this.#play) | 0;
    if (this.#starved > 0) this.#fed(gap());
    const other = ssrc !== this.#ssrc || gap() < -otherCount || gap() > most + otherCount;
    if (!this.#started || other) this.#start(ssrc, timestamp, sinceBeat);
    this.#slack = Math.min(this.#slack, gap() + frameSamples - sinceBeat);
    if (gap() + length > most) this.#drop(gap() + length - most / 2);
    const early = gap();
    for (let i = Math.max(0, -early); i < length; i++) {
      const at = (timestamp + i) & (size - 1);
      this.#ring[at] = samples[i] ?? 0;
      this.#filled[at] = 1;
    }
    if (early + length > this.depth) this.#end = (timestamp + length) >>> 0;
  }

  /** The next 20 ms, at the beat at `now`. */
  take(frame: Int16Array, now: number): void {
    this.#beatAt = now;
    const sound = this.#concealment;
    if (!this.#started) {
      frame.fill(0);
      return;
    }
    if (this.depth > 0) this.#correct();
    while (sound.room > 0) {
      const there = Math.min(this.depth, sound.room);
      if (there === 0) {
        this.#starved += sound.room;
        sound.miss(sound.room);
      } else this.#run(there);
    }
    sound.take(frame);
  }

  /** Plays samples that are there, and misses those between them that are not. */
  #run(samples: number): void {
    const filled = this.#filled;
    for (let left = samples; left > 0;) {
      const from = this.#play & (size - 1);
      const end = Math.min(size, from + left);
      const there = filled[from];
      let to = from + 1;
      while (to < end && filled[to] === there) to++;
      if (there === 0) this.#concealment.miss(to - from);
      else this.#concealment.add(this.#ring.subarray(from, to));
      filled.fill(0, from, to);
      this.#play = (this.#play + to - from) >>> 0;
      left -= to - from;
    }
  }

  #start(ssrc: number, timestamp: number, sinceBeat: number): void {
    this.#started = true;
    this.#ssrc = ssrc;
    this.#filled.fill(0);
    this.#play = (timestamp - Math.max(0, Math.round(startSlack - frameSamples + sinceBeat))) >>> 0;
    this.#end = this.#play;
    this.#starved = 0;
    [this.#slack, this.#slackBefore, this.#beats] = [Infinity, Infinity, 0];
    this.#concealment.seam();
  }

  /** Something comes again: packets that were lost were made up for; those that are only late are played after that. */
  #fed(gap: number): void {
    const lost = Math.max(0, Math.min(gap, this.#starved));
    this.#play = (this.#play + lost) >>> 0;
    this.#shift(this.#starved - lost);
    // Who counts no time while nothing is sent begins anew.
    if (this.#starved > most && lost === 0) this.#started = false;
    this.#starved = 0;
  }

  /** Keeps the slack between its bounds, by one pitch period at a time. */
  #correct(): void {
    if (++this.#beats >= window) [this.#slackBefore, this.#slack, this.#beats] = [this.#slack, Infinity, 0];
    const least = Math.min(this.#slack, this.#slackBefore);
    const late = least < leastSlack && this.depth < most;
    const early = least > mostSlack && this.#slackBefore < Infinity;
    if (++this.#corrected < pause) return;
    this.#wanted = late || early ? this.#wanted + 1 : 0;
    // The further off, the less patient.
    const urgent = late ? least < 0 : this.#wanted * (least / mostSlack) ** 2 > patience;
    if (this.#wanted === 0 || !(urgent || this.#wanted > patience || this.#isQuiet())) return;
    const period = this.#concealment.seam();
    if (late) {
      this.#concealment.miss(period);
      this.#shift(period);
    } else this.#drop(period);
    this.#corrected = this.#wanted = 0;
  }

  #isQuiet(): boolean {
    for (let i = Math.min(this.depth, frameSamples) - 1; i >= 0; i--)
      if (Math.abs(this.#ring[(this.#play + i) & (size - 1)] ?? 0) > quiet) return false;
    return true;
  }

  /** Passes over samples. */
  #drop(samples: number): void {
    this.#concealment.seam();
    for (let i = 0; i < Math.min(samples, size); i++) this.#filled[(this.#play + i) & (size - 1)] = 0;
    this.#play = (this.#play + samples) >>> 0;
    this.#shift(-samples);
  }

  #shift(samples: number): void {
    this.#slack += samples;
    this.#slackBefore += samples;
  }
}
