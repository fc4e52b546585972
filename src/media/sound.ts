// What can be played to a leg, as the media worker takes it: a tone in its cadence, or samples as a WAV file has them. The
// worker makes frames of both when their time comes, so that a long file costs nothing before it is heard.
import { cadenceOf, type Cadence, type Country, type ToneName } from "./tones.ts";

/** One channel of samples, in the bytes of its file; shared, so that it is not copied for every visitor. */
export interface Clip {
  readonly kind: "clip";
  /** 16-bit little-endian, or G.711. */
  readonly encoding: "linear" | "PCMA" | "PCMU";
  readonly rate: 8000 | 16_000;
  readonly data: Uint8Array;
}

export interface Tone {
  readonly kind: "tone";
  readonly cadence: Cadence;
}

export type Sound = Clip | Tone;

/** How a sound ended: through; told to; another one came; the leg has another codec now; the leg is gone. */
export type PlaybackEnd = "finished" | "stopped" | "replaced" | "codec" | "closed";

export const toneSound = (name: ToneName, country: Country): Tone => ({
  kind: "tone",
  cadence: cadenceOf(name, country),
});

/** How long it is, once through, in seconds. */
export const secondsOf = (sound: Sound): number =>
  sound.kind === "tone"
    ? sound.cadence.reduce((sum, { ms }) => sum + ms, 0) / 1000
    : sound.data.length / (sound.encoding === "linear" ? 2 : 1) / sound.rate;
