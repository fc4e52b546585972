// What is heard where samples are missing, after the model of ITU-T G.711 Appendix I: the last pitch period again and again,
// softer after 10 ms and silent after 60 ms; what comes then is faded in. The appendix delays all sound by 3.75 ms to overlap
// the beginning of a gap; here the step is taken out by an offset that fades, and nothing is delayed.
import { clip16, frameSamples } from "./frame.ts";

/** Pitch of speech, 66–200 Hz, as a period in samples. */
const shortest = 40;
const longest = 120;
/** What is compared with what went before it. */
const compared = 160;
const kept = compared + longest;
/** A gap is softer from here on, and silent from there on. */
const softer = 80;
const silentAfter = 480;
/** The step at the beginning of a gap is gone after 4 ms. */
const stepFade = 32;
/** What comes after a gap is faded in over 4 ms, 10 after a long gap. */
const shortFade = 32;
const longFade = 80;

export class Concealment {
  /** What was heard last, and behind it the frame in the making. */
  readonly #sound = new Int16Array(kept + frameSamples);
  #at = kept;
  readonly #period = new Float32Array(longest);
  #length = shortest;
  #step = 0;
  /** How many samples of the gap were made; −1: there is none. */
  #lost = -1;
  /** Of the fade to what came after the gap: its length, and what is left of it. */
  #fade = 0;
  #fading = 0;

  /** What is left to fill of the frame. */
  get room(): number {
    return this.#sound.length - this.#at;
  }

  /** Nothing of the past is left to repeat. */
  get faded(): boolean {
    return this.#lost >= silentAfter && this.#fading === 0;
  }

  /** The next samples, as they were received. */
  add(samples: Int16Array): void {
    if (this.#lost >= 0 && this.#fading === 0) this.#fading = this.#fade = this.#lost > 160 ? longFade : shortFade;
    let faded = 0;
    for (; this.#fading > 0 && faded < samples.length; faded++) {
      const old = this.#fading / (this.#fade + 1);
      this.#sound[this.#at++] = Math.round(this.#made() * old + (samples[faded] ?? 0) * (1 - old));
      if (--this.#fading === 0) this.#lost = -1;
    }
    this.#sound.set(faded > 0 ? samples.subarray(faded) : samples, this.#at);
    this.#at += samples.length - faded;
  }

  /** So many samples are missing here. */
  miss(samples: number): void {
    if (this.#fading > 0 || this.#lost < 0) this.#begin();
    if (this.faded) {
      this.#sound.fill(0, this.#at, this.#at + samples);
      this.#at += samples;
      return;
    }
    for (let i = 0; i < samples; i++) this.#sound[this.#at++] = Math.round(this.#made());
  }

  /** The next sample does not follow from the last one: it will be faded in. Gives the pitch period at this place. */
  seam(): number {
    if (this.#lost < 0 || this.#fading > 0) this.#begin();
    return this.#length;
  }

  /** Takes the full frame out. */
  take(frame: Int16Array): void {
    frame.set(this.#sound.subarray(kept));
    this.#sound.copyWithin(0, frameSamples);
    this.#at = kept;
  }

  #begin(): void {
    const [sound, at] = [this.#sound, this.#at];
    this.#fading = 0;
    this.#lost = 0;
    const length = (this.#length = this.#pitch());
    const from = at - length;
    const joint = length >> 2;
    for (let i = 0; i < length; i++) {
      // The end of the period leads to its beginning, as what stood before it does.
      const old = Math.max(0, i - (length - joint) + 1) / joint;
      this.#period[i] = (sound[from + i] ?? 0) * (1 - old) + (sound[from - length + i] ?? 0) * old;
    }
    this.#step = (sound[at - 1] ?? 0) - (sound[from - 1] ?? 0);
  }

  /** The next sample of the gap. */
  #made(): number {
    const at = this.#lost++;
    if (at >= silentAfter) return 0;
    const step = at < stepFade ? (this.#step * (stepFade - at)) / stepFade : 0;
    const gain = at < softer ? 1 : (silentAfter - at) / (silentAfter - softer);
    return clip16(((this.#period[at % this.#length] ?? 0) + step) * gain);
  }

  /** The period after which the sound of the last 20 ms is most like itself. */
  #pitch(): number {
    const [sound, at] = [this.#sound, this.#at];
    const from = at - compared;
    let [best, found] = [0, shortest];
    for (let lag = shortest; lag <= longest; lag++) {
      let [alike, energy] = [0, 1];
      // Every second sample: half the work, and pitch is low.
      for (let i = from; i < at; i += 2) {
        const before = sound[i - lag] ?? 0;
        alike += (sound[i] ?? 0) * before;
        energy += before * before;
      }
      const likeness = alike > 0 ? (alike * alike) / energy : 0;
      // A multiple of the pitch is as alike, but no better.
      if (likeness > best * 1.02) [best, found] = [likeness, lag];
    }
    return found;
  }
}
