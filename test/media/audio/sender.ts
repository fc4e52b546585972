// A peer and its network for tests of what is played: packets of a sound, which come with jitter, twice, in another order,
// late, or not at all, by a clock that goes a little wrong; and the beats at which what came is taken out.
import { encodeA, linearOfA } from "../../../src/media/g711.ts";
import { JitterBuffer } from "../../../src/media/worker/audio/jitter.ts";

export interface Weather {
  /** Milliseconds until the packet comes; undefined: it never does. Twice: [once, and again]. */
  readonly travel?: (packet: number) => readonly number[];
  /** Samples of a packet. */
  readonly samples?: number;
  /** How much faster the sender's clock goes, 0.0005 = 500 ppm. */
  readonly fast?: number;
  /** Whether the packet is sent at all: silence suppression. */
  readonly sends?: (packet: number) => boolean;
  /** SSRC and timestamp of a packet, where they are not those of one source. */
  readonly source?: (packet: number) => readonly [ssrc: number, timestamp: number];
  /** Packets after which the sound begins again. */
  readonly period?: number;
}

/** What a buffer plays in so many beats of what `sound` gives for each sample, and how deep it was at each beat. */
export function played(beats: number, sound: (sample: number) => number, weather: Weather = {}) {
  const { travel = () => [10], samples = 160, fast = 0, sends = () => true, period = Infinity } = weather;
  // Soon after the beginning, timestamps go through 2^32.
  const { source = (packet) => [7, (packet * samples + 0xffff_f000) >>> 0] } = weather;
  const buffer = new JitterBuffer();
  const frame = new Int16Array(160);
  const heard = new Int16Array(160 * beats);
  const depths = new Int16Array(beats);
  const payloads = new Map<number, Uint8Array>();
  const payloadOf = (packet: number) => {
    const from = (packet % period) * samples;
    const payload =
      payloads.get(from) ?? Uint8Array.from({ length: samples }, (_, i) => encodeA(Math.round(sound(from + i))));
    if (period < Infinity) payloads.set(from, payload);
    return payload;
  };
  let waiting: { at: number; packet: number }[] = [];
  let next = 0;
  for (let beat = 0; beat < beats; beat++) {
    const now = 20 * (beat + 1);
    for (; next * (samples / 8) * (1 - fast) <= now; next++)
      if (sends(next))
        for (const ms of travel(next)) waiting.push({ at: next * (samples / 8) * (1 - fast) + ms, packet: next });
    const due = waiting.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    waiting = waiting.filter(({ at }) => at > now);
    for (const { at, packet } of due) {
      const [ssrc, timestamp] = source(packet);
      const samples = Int16Array.from(payloadOf(packet), (byte) => linearOfA[byte] ?? 0);
      buffer.put(ssrc, timestamp, samples, at);
    }
    depths[beat] = buffer.depth;
    buffer.take(frame, now);
    heard.set(frame, 160 * beat);
  }
  return { heard, depths };
}

export const sine =
  (frequency: number, amplitude = 8000) =>
  (sample: number): number =>
    amplitude * Math.sin((2 * Math.PI * frequency * sample) / 8000);

/** The greatest difference between two samples in a row. */
export const steepest = (samples: Int16Array): number =>
  samples.reduce((most, sample, i) => (i === 0 ? 0 : Math.max(most, Math.abs(sample - (samples[i - 1] ?? 0)))), 0);

/** How much of the sound is something else than a sine of that frequency, in dB below it, in blocks of 100 ms; the worst. */
export function purity(samples: Int16Array, frequency: number): number {
  let worst = 200;
  for (let from = 0; from + 800 <= samples.length; from += 800) {
    const [w, block] = [(2 * Math.PI * frequency) / 8000, samples.slice(from, from + 800)];
    let [re, im, energy] = [0, 0, 1];
    block.forEach((sample, i) => {
      re += sample * Math.cos(w * i);
      im += sample * Math.sin(w * i);
      energy += sample * sample;
    });
    const pure = (2 * (re * re + im * im)) / block.length;
    worst = Math.min(worst, 10 * Math.log10(pure / Math.max(1, energy - pure)));
  }
  return worst;
}
