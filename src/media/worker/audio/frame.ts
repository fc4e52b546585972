// The measure of sound that is made here: frames of 20 ms, one for each beat of the metronome.

/** Samples a second, as G.711 has. */
export const rate = 8000;
export const frameSamples = 160;

/** What 16 bits can hold of a sample. */
export const clip16 = (sample: number): number => Math.max(-32_768, Math.min(32_767, sample));

/** Where such sound comes from. */
export interface Source {
  /** Fills a frame with 16-bit samples, silence behind the end. Gives how many are sound: fewer than a frame at the end. */
  fill(frame: Int16Array): number;
}
