// Ways to play a camera's sound: G.711 decoded here, AAC by AudioDecoder or in an <audio>.
import { Tail } from "./players/tail.ts";
import type { SoundTold } from "../src/camera/live/sender.ts";
import { linearOfA, linearOfU } from "../src/media/g711.ts";

export interface Voice {
  take(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

// Seconds that a piece waits before it is heard, so that an uneven network is not: as few as will do, and more each time that
// they were too few.
const firstLead = 0.04;
const mostLead = 0.25;
// What waits longer than that came in a heap, or the camera's clock is faster than ours.
const slack = 0.1;
const watchedSeconds = 2;

/** At the sound's own rate there is no seam between pieces; not every browser has every rate. */
function contextOf(sampleRate: number): AudioContext {
  try {
    return new AudioContext({ sampleRate });
  } catch {
    return new AudioContext();
  }
}

/** Pieces one after the other. */
class Reel {
  readonly #context: AudioContext;
  #next = 0;
  #lead = firstLead;
  // The least that was left to play when a piece came, since when.
  #spare = Infinity;
  #since = 0;

  constructor(rate: number) {
    this.#context = contextOf(rate);
    void this.#context.resume().catch(() => {});
  }

  play(channels: readonly Float32Array<ArrayBuffer>[], rate: number): void {
    const [first] = channels;
    if (!first || first.length === 0) return;
    const now = this.#context.currentTime;
    if (this.#next > now + this.#lead + slack || this.#isAmple(now, first.length / rate)) return;
    if (this.#next < now) {
      if (this.#next > 0) this.#lead = Math.min(mostLead, 1.5 * this.#lead);
      this.#next = now + this.#lead;
      [this.#spare, this.#since] = [Infinity, now];
    }
    const buffer = this.#context.createBuffer(channels.length, first.length, rate);
    channels.forEach((samples, channel) => buffer.copyToChannel(samples, channel));
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.start(this.#next);
    this.#next += buffer.duration;
  }

  /** A piece can be left out, and what follows is still in time: pieces have waited longer than they need to for a while. */
  #isAmple(now: number, seconds: number): boolean {
    this.#spare = Math.min(this.#spare, this.#next - now);
    if (now - this.#since < watchedSeconds) return false;
    const isAmple = this.#spare > firstLead + seconds;
    [this.#spare, this.#since] = [Infinity, now];
    if (isAmple) this.#lead = Math.max(firstLead, this.#lead - seconds);
    return isAmple;
  }

  close(): void {
    void this.#context.close().catch(() => {});
  }
}

export class LawVoice implements Voice {
  readonly #reel: Reel;
  readonly #told: SoundTold;

  constructor(told: SoundTold) {
    this.#told = told;
    this.#reel = new Reel(told.rate);
  }

  take(bytes: Uint8Array<ArrayBuffer>): void {
    const { codec, channels, rate } = this.#told;
    const linear = codec === "pcma" ? linearOfA : linearOfU;
    const length = Math.floor(bytes.length / channels);
    const samples = Array.from({ length: channels }, (_, channel) =>
      Float32Array.from({ length }, (_, at) => (linear[bytes[at * channels + channel] ?? 0] ?? 0) / 32_768),
    );
    this.#reel.play(samples, rate);
  }

  close(): void {
    this.#reel.close();
  }
}

export class AacVoice implements Voice {
  readonly #reel: Reel;
  readonly #decoder: AudioDecoder;
  #time = 0;

  /** `failed`: it cannot be decoded. */
  constructor({ name = "", rate, channels, config = "" }: SoundTold, failed: () => void) {
    this.#reel = new Reel(rate);
    this.#decoder = new AudioDecoder({
      output: (data) => {
        const { numberOfChannels, numberOfFrames, sampleRate } = data;
        const samples = Array.from({ length: numberOfChannels }, (_, planeIndex) => {
          const plane = new Float32Array(numberOfFrames);
          data.copyTo(plane, { planeIndex, format: "f32-planar" });
          return plane;
        });
        data.close();
        this.#reel.play(samples, sampleRate);
      },
      error: failed,
    });
    const description = Uint8Array.from(atob(config), (char) => char.charCodeAt(0));
    this.#decoder.configure({ codec: name, sampleRate: rate, numberOfChannels: channels, description });
  }

  take(data: Uint8Array<ArrayBuffer>): void {
    if (this.#decoder.state === "configured")
      this.#decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: this.#time++, data }));
  }

  close(): void {
    if (this.#decoder.state !== "closed") this.#decoder.close();
    this.#reel.close();
  }
}

/** Fragments of MP4, whose first one is the header. */
export class TrackVoice implements Voice {
  readonly #audio = new Audio();
  readonly #tail: Tail;
  #begun = false;

  constructor(mime: string, failed: () => void) {
    this.#tail = new Tail(this.#audio, { hurryFrom: 0.2, jumpFrom: 0.5, failed, touch: () => {} });
    this.#tail.begin(mime);
  }

  take(bytes: Uint8Array<ArrayBuffer>): void {
    // What was under way still when the sound was switched off and on.
    this.#begun ||= String.fromCharCode(...bytes.subarray(4, 8)) === "ftyp";
    if (this.#begun) this.#tail.take(bytes);
  }

  close(): void {
    this.#tail.close();
  }
}
