// Tones and their measurement at 8 kHz, for tests that listen.

/** A sine of `frequency` Hz and peak `amplitude`, as 16-bit samples. */
export const tone = (frequency: number, amplitude: number, samples: number): number[] =>
  Array.from({ length: samples }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * frequency * i) / 8000)));

/** The level at `frequency` in dB below a full-scale sine (Goertzel's algorithm over all samples). */
export function levelOf(samples: readonly number[], frequency: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * frequency) / 8000);
  let one = 0;
  let two = 0;
  for (const sample of samples) [one, two] = [sample + factor * one - two, one];
  const power = one * one + two * two - factor * one * two;
  return 20 * Math.log10(Math.max(1e-9, (2 * Math.sqrt(Math.max(0, power))) / samples.length / 32_768));
}
