// Records what one or two sessions say, in 16-bit samples at 8 kHz, a second at a time; of two, the first is the left channel.
// Nothing is written here: what was heard goes to the main thread, so that no disk can hold up a beat. A tone can tell both
// sides that they are recorded; it is mixed into what passes between them.
import type { Format } from "../../codec.ts";
import type { Metronome } from "../metronome.ts";
import { beatMs } from "../metronome.ts";
import { ssrcOf, timestampOf } from "../rtp.ts";
import type { Ear, Stream } from "../stream.ts";
import { clip16, frameSamples } from "./frame.ts";
import type { Hearing } from "./hearing.ts";
import { JitterBuffer } from "./jitter.ts";
import { ToneSource } from "./tone.ts";

/** Samples are told of so many beats together. */
const together = 1000 / beatMs;
/** FCC 47 CFR 64.501 and ITU-T E.180 name 1400 Hz for it, half a second long. */
const tone = [{ frequencies: [1400], ms: 500 }];
/** The tone is not to hide what is said: 10 dB below those of the network. */
const toneGain = 0.3;

class Track implements Ear {
  readonly buffer = new JitterBuffer();
  #stream: Stream | undefined;
  #leave = () => {};
  #tone: ToneSource | undefined;

  /** Hears another stream from now on. */
  hear(stream: Stream | undefined): void {
    if (stream === this.#stream) return;
    this.#leave();
    this.#stream = stream;
    this.#leave = stream?.hear(this) ?? (() => {});
  }

  announce(): void {
    this.#tone = new ToneSource(tone, false);
  }

  heard(packet: Buffer, _format: Format, now: number, sound: Hearing | undefined): boolean {
    if (!sound) return false;
    this.buffer.put(ssrcOf(packet), timestampOf(packet), sound.samples, now);
    if (this.#tone && !mix(this.#tone, sound)) this.#tone = undefined;
    return false;
  }
}

/** Adds what is left of the tone; false at its end. */
function mix(source: ToneSource, sound: Hearing): boolean {
  const { samples } = sound;
  const tone = new Int16Array(samples.length);
  const left = source.fill(tone);
  for (let i = 0; i < left; i++) samples[i] = Math.round(clip16((samples[i] ?? 0) + (tone[i] ?? 0) * toneGain));
  sound.change("mixed");
  return left === samples.length;
}

export class Recorder {
  readonly #tracks: readonly Track[];
  readonly #tell: (samples: Int16Array) => void;
  readonly #rest: () => void;
  readonly #frame = new Int16Array(frameSamples);
  /** Beats between two tones; 0 = none. */
  readonly #toneBeats: number;
  #samples: Int16Array;
  #beats = 0;

  constructor(channels: 1 | 2, toneMs: number, metronome: Pick<Metronome, "add">, tell: (samples: Int16Array) => void) {
    this.#tracks = channels === 2 ? [new Track(), new Track()] : [new Track()];
    this.#tell = tell;
    this.#toneBeats = Math.round(toneMs / beatMs);
    this.#samples = this.#empty();
    this.#rest = metronome.add((now) => this.#beat(now));
  }

  /** What the channel hears; undefined = silence. */
  hear(channel: number, stream: Stream | undefined): void {
    this.#tracks[channel]?.hear(stream);
  }

  /** Tells what is left; nothing more is heard. */
  stop(): void {
    this.#rest();
    for (const track of this.#tracks) track.hear(undefined);
    this.#tell(this.#samples.slice(0, this.#filled * this.#tracks.length));
  }

  get #filled(): number {
    return (this.#beats % together) * frameSamples;
  }

  #empty(): Int16Array {
    return new Int16Array(together * frameSamples * this.#tracks.length);
  }

  #beat(now: number): void {
    if (this.#toneBeats > 0 && this.#beats % this.#toneBeats === 0) for (const track of this.#tracks) track.announce();
    const channels = this.#tracks.length;
    const at = this.#filled * channels;
    this.#tracks.forEach((track, channel) => {
      track.buffer.take(this.#frame, now);
      for (let i = 0; i < frameSamples; i++) this.#samples[at + i * channels + channel] = this.#frame[i] ?? 0;
    });
    if (++this.#beats % together !== 0) return;
    this.#tell(this.#samples);
    this.#samples = this.#empty();
  }
}
