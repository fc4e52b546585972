// What a camera's film looks and sounds like to whoever shows or keeps it, whichever way it came.
import type { EventEmitter } from "node:events";
import type { PorteroError } from "../errors.ts";
import type { Secret } from "../secret.ts";

/** How a camera lets us in. */
export interface Access {
  readonly username?: string;
  readonly password?: Secret;
  /** False accepts any certificate. True by default. */
  readonly verifyTls?: boolean;
  /** SHA-256 fingerprint of the only certificate to accept. */
  readonly pin?: string;
}

export interface FilmSettings extends Access {
  /** User and password in it are used if none are given beside it. */
  readonly url: Secret;
  /** For connecting and for each answer; 5,000 by default. */
  readonly timeoutMs?: number;
  /** The film ends when nothing has come for so long; 10,000 by default. */
  readonly silenceMs?: number;
  /** With its sound, where it has any that browsers play. It is not even asked for by default. */
  readonly sound?: boolean;
}

export interface VideoFormat {
  readonly codec: "h264" | "h265" | "jpeg";
  /** Pixels, as far as the camera has told them. */
  readonly width?: number;
  readonly height?: number;
  /** Before how many frames that are sent earlier one may be shown (B-frames), as far as the camera has told it. */
  readonly reorder?: number;
  /** Parameter sets without start codes, in the order in which a decoder wants them: (VPS,) SPS, PPS. Empty for jpeg. */
  readonly sets: readonly Buffer[];
}

export interface Frame {
  /** The frame's NAL units without start codes, parameter sets left out; for jpeg one whole JPEG. */
  readonly units: readonly Buffer[];
  /** It can be decoded without the ones before it. */
  readonly key: boolean;
  /** Milliseconds since 1970 at which its last packet came. */
  readonly at: number;
  /** Of the camera, in 1/90,000 s, without the wrap of RTP's 32 bits; where it begins says nothing. */
  readonly timestamp: number;
}

export interface SoundFormat {
  readonly codec: "pcma" | "pcmu" | "aac";
  /** Samples a second, of each channel. */
  readonly rate: number;
  readonly channels: number;
  /** Of AAC: its AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). */
  readonly config?: Buffer;
}

/** A moment of a film's sound. */
export interface Sound {
  /** The same object as long as it does not change. */
  readonly format: SoundFormat;
  /** The samples of a packet (G.711), or one access unit (AAC). */
  readonly bytes: Buffer;
  /** Milliseconds since 1970 at which its last packet came. */
  readonly at: number;
  /** Of the camera, in 1/rate s, without the wrap of RTP's 32 bits; where it begins says nothing. */
  readonly timestamp: number;
}

export interface VideoEvents {
  /** Before the first frame, and whenever it changes: then before the key frame that needs it. */
  format: [VideoFormat];
  /** The first one is a key frame, and so is the first after frames were lost. */
  frame: [Frame];
  /** Where it was asked for. */
  sound: [Sound];
  /** Nothing comes any more; once, and not because of `close`. What is wrong, if anything is. */
  ended: [PorteroError | undefined];
}

/** Where a film's pictures go while it is made. */
export interface VideoOutput {
  format(format: VideoFormat): void;
  frame(frame: Frame): void;
  sound(sound: Sound): void;
}

/** A running film. Who listens to it keeps up or drops: it never waits. */
export interface VideoStream extends EventEmitter<VideoEvents> {
  close(): void;
}
