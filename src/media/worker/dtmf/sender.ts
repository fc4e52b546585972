// Sends digits into one stream, one after the other: as telephone events (RFC 4733 §2.5.1) or as tones, 20 ms at each beat.
// While it sends it has the floor.
import { isUnderstood, type Format } from "../../codec.ts";
import { beatMs, type Metronome } from "../metronome.ts";
import { rtpPacket } from "../rtp.ts";
import type { Stream } from "../stream.ts";
import { eventOf, writeEvent } from "./events.ts";
import { digitSamples } from "./generator.ts";

export interface Digit {
  readonly digit: string;
  readonly way: "rfc4733" | "inband";
  readonly durationMs: number;
  readonly gapMs: number;
}

/** What is sent at one beat, until there is nothing more. */
type Frames = Generator<(() => void) | undefined, void>;

interface Running {
  readonly frames: Frames;
  readonly leave: () => void;
  readonly sent: (ok: boolean) => void;
}

/** §2.5.1.4: the end is said three times. */
const ends = 3;

export class Sender {
  readonly #stream: Stream;
  readonly #metronome: Pick<Metronome, "add">;
  readonly #waiting: { digit: Digit; sent: (ok: boolean) => void }[] = [];
  #running: Running | undefined;
  #rest: (() => void) | undefined;
  #sequence = 0;

  constructor(stream: Stream, metronome: Pick<Metronome, "add">) {
    this.#stream = stream;
    this.#metronome = metronome;
  }

  /** Sends a digit after those before it; `sent` is told when it and its gap are over, or that this stream takes none. */
  send(digit: Digit, sent: (ok: boolean) => void): void {
    this.#waiting.push({ digit, sent });
    this.#rest ??= this.#metronome.add((now) => this.#beat(now));
  }

  #beat(now: number): void {
    this.#running ??= this.#next(now);
    const running = this.#running;
    if (!running) {
      this.#rest?.();
      this.#rest = undefined;
      return;
    }
    const step = running.frames.next();
    if (!step.done) return step.value?.();
    this.#running = undefined;
    running.leave();
    running.sent(true);
    this.#beat(now);
  }

  #next(now: number): Running | undefined {
    for (;;) {
      const next = this.#waiting.shift();
      if (!next) return undefined;
      const { digit, sent } = next;
      const { codec, events } = this.#stream;
      const format = digit.way === "rfc4733" ? events : codec && isUnderstood(codec) ? codec : undefined;
      if (!format) {
        sent(false);
        continue;
      }
      const leave = this.#stream.take(this);
      const frames = digit.way === "rfc4733" ? this.#events(digit, format, leave, now) : this.#tone(digit, format, now);
      return { frames, leave, sent };
    }
  }

  *#events({ digit, durationMs, gapMs }: Digit, format: Format, leave: () => void, now: number): Frames {
    const event = eventOf(digit);
    const frame = (format.rate * beatMs) / 1000;
    const whole = Math.round((format.rate * durationMs) / 1000);
    const beats = Math.max(1, Math.ceil(whole / frame));
    const began = time(now, format);
    // §2.5.1.3: longer than the field can say, it goes on in a segment of its own.
    const longest = Math.floor(0xffff / frame) * frame;
    const say = (beat: number, end: boolean) => {
      const at = Math.min(whole, (beat + 1) * frame);
      const segment = Math.floor((at - 1) / longest);
      const body = writeEvent(event, end, at - segment * longest);
      this.#speak(began + segment * longest, body, format, beat === 0);
    };
    for (let beat = 0; beat < beats - 1; beat++) yield () => say(beat, false);
    for (let i = 0; i < ends; i++) yield () => say(beats - 1, true);
    leave();
    for (let gap = Math.ceil(gapMs / beatMs) - (ends - 1); gap > 0; gap--) yield undefined;
  }

  /** The gap is silence, so that the digits are told apart. */
  *#tone({ digit, durationMs, gapMs }: Digit, format: Format, now: number): Frames {
    const samples = digitSamples(digit, durationMs);
    const frame = (format.rate * beatMs) / 1000;
    const beats = Math.ceil(durationMs / beatMs) + Math.ceil(gapMs / beatMs);
    const began = time(now, format);
    for (let beat = 0; beat < beats; beat++) {
      const part = Int16Array.from({ length: frame }, (_, i) => samples[beat * frame + i] ?? 0);
      yield () => this.#stream.say(this, this.#sequence++, began + beat * frame, part, beat === 0);
    }
  }

  #speak(timestamp: number, body: Uint8Array, format: Format, marker: boolean): void {
    const packet = rtpPacket(this.#sequence++, timestamp, body);
    if (marker) packet.writeUInt8(0x80, 1);
    this.#stream.speak(this, packet, format);
  }
}

/** The time of a beat as an RTP timestamp: two digits are as far apart in the one as in the other. */
const time = (now: number, { rate }: Format): number => Math.round((now * rate) / 1000);
