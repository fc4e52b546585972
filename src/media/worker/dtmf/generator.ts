// A digit as sound (ITU-T Q.23) at 8 kHz. Its edges are rounded: a tone that begins or ends at once clicks, and a click is
// sound at every frequency, the other keys' too.
import { tonesOf } from "./tones.ts";

const rate = 8000;
/** Each of the two tones: −8 dBFS. Together they stay below full scale. */
const amplitude = 32_768 * 10 ** (-8 / 20);
const edge = 0.004 * rate;

/** The samples of a digit, 16-bit. */
export function digitSamples(key: string, durationMs: number): Int16Array {
  const [low = 0, high = 0] = tonesOf(key) ?? [];
  const length = Math.round((durationMs * rate) / 1000);
  return Int16Array.from({ length }, (_, i) => {
    const near = Math.min(i, length - 1 - i);
    const shape = near >= edge ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * (near + 0.5)) / edge);
    const turn = (2 * Math.PI * i) / rate;
    return Math.round(amplitude * shape * (Math.sin(low * turn) + Math.sin(high * turn)));
  });
}
