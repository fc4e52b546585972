// Makes a tone in its cadence (ITU-T E.180): sines that go on without a jump, at the recommended level, and that begin and
// end softly, so that nothing clicks.
import type { Cadence, Segment } from "../../tones.ts";
import { rate, type Source } from "./frame.ts";

/**
 * E.180 §2: −10 dBm0 for all frequencies of a tone together; 0 dBm0 is a sine 3.14 dB below the loudest that G.711 can
 * carry (G.711, table 5).
 */
const amplitude = 32_767 * 10 ** (-(10 + 3.14) / 20);
const edge = (5 * rate) / 1000;

interface Piece {
  readonly segment: Segment;
  readonly samples: number;
}

export class ToneSource implements Source {
  readonly #pieces: readonly Piece[];
  readonly #loop: boolean;
  #index = 0;
  #at = 0;

  constructor(cadence: Cadence, loop: boolean) {
    this.#loop = loop;
    this.#pieces = cadence.map((segment) => ({ segment, samples: Math.max(1, (segment.ms * rate) / 1000) }));
  }

  fill(frame: Int16Array): number {
    frame.fill(0);
    for (let i = 0; i < frame.length; i++) {
      const piece = this.#pieces[this.#index];
      if (!piece) return i;
      frame[i] = sample(piece, this.#at);
      if (++this.#at < piece.samples) continue;
      this.#at = 0;
      this.#index++;
      if (this.#loop) this.#index %= this.#pieces.length;
    }
    return frame.length;
  }
}

function sample({ segment: { frequencies, modulation }, samples }: Piece, at: number): number {
  let sum = 0;
  for (const hertz of frequencies) sum += Math.sin((2 * Math.PI * hertz * at) / rate);
  const swell = modulation === undefined ? 1 : (1 - Math.cos((2 * Math.PI * modulation * at) / rate)) / 2;
  const soft = Math.min(1, at / edge, (samples - at) / edge);
  return Math.round((amplitude / Math.sqrt(Math.max(1, frequencies.length))) * sum * swell * soft);
}
