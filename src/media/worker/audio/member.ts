// One member of a conference: what it says waits in a jitter buffer for the next beat, and what it is to hear leaves by its
// stream, in its codec or as the telephone events that others sent (RFC 4733).
import { isEvents, type Format } from "../../codec.ts";
import { payloadOf, rtpPacket, ssrcOf, timestampOf } from "../rtp.ts";
import type { Ear, Stream } from "../stream.ts";
import { JitterBuffer } from "./jitter.ts";
import { clip16, frameSamples } from "./frame.ts";
import type { Hearing } from "./hearing.ts";

/** A key that somebody else holds, or held last: all its packets have one time, there and here. */
interface Press {
  readonly source: object;
  readonly ssrc: number;
  readonly timestamp: number;
  readonly ours: number;
  heardAt: number;
}

/** No packet of a held key for so long: it is let go of, and speech goes on. */
const heldMs = 60;

export class Member implements Ear {
  readonly expects = true;
  /** What it says in this beat. */
  readonly frame = new Int16Array(frameSamples);
  passesKeys = true;
  readonly #stream: Stream;
  readonly #pressed: (packet: Buffer, now: number) => void;
  readonly #buffer = new JitterBuffer();
  readonly #mix = new Int16Array(frameSamples);
  readonly #leaves: readonly (() => void)[];
  #muted: boolean;
  /** What it is heard with, 0 or 1, and what with in the next beat: it comes and goes softly. */
  #gain = 0;
  #entered = false;
  #sequence = 0;
  #timestamp = 0;
  #press: Press | undefined;

  /** `pressed` gets the packets of telephone events that come from the member. */
  constructor(stream: Stream, muted: boolean, pressed: (packet: Buffer, now: number) => void) {
    this.#stream = stream;
    this.#muted = muted;
    this.#pressed = pressed;
    this.#leaves = [stream.hear(this), stream.take(this)];
  }

  mute(on: boolean): void {
    this.#muted = on;
  }

  /** Neither heard nor spoken to any more; what it said last still fades. */
  leave(): void {
    this.#muted = true;
    for (const leave of this.#leaves) leave();
  }

  /** All that comes from it stays here. */
  heard(packet: Buffer, format: Format, now: number, sound: Hearing | undefined): boolean {
    if (isEvents(format)) {
      if (this.passesKeys) this.#pressed(packet, now);
    } else if (sound) this.#buffer.put(ssrcOf(packet), timestampOf(packet), sound.samples, now);
    return true;
  }

  /** Fills its frame for the beat at `now`. */
  say(now: number): void {
    this.#buffer.take(this.frame, now);
    const to = this.#muted ? 0 : 1;
    if (this.#gain === 0 && to === 0) this.frame.fill(0);
    else if (this.#gain !== to) ramp(this.frame, this.#gain, to);
    this.#gain = to;
  }

  /** Sends what it is to hear in this beat: all of `sum` but its own. */
  listen(sum: Int32Array, now: number): void {
    this.#timestamp += frameSamples;
    if (this.#press && now - this.#press.heardAt < heldMs) return;
    for (let i = 0; i < frameSamples; i++) {
      const others = (sum[i] ?? 0) - (this.frame[i] ?? 0);
      this.#mix[i] = clip16(this.#entered ? others : (others * i) / frameSamples);
    }
    this.#entered = true;
    this.#stream.say(this, this.#sequence++, this.#timestamp, this.#mix);
  }

  /** Passes on a packet of a key that `source` holds. While one is held, another member's waits in vain. */
  pass(packet: Buffer, source: object, now: number): void {
    const { events } = this.#stream;
    if (events?.rate !== 8000) return;
    const [ssrc, timestamp] = [ssrcOf(packet), timestampOf(packet)];
    const before = this.#press;
    const same = before?.source === source && before.ssrc === ssrc;
    if (before && !same && now - before.heardAt < heldMs) return;
    const step = same ? (timestamp - before.timestamp) | 0 : 1;
    // What is left of an earlier key comes too late.
    if (step < 0) return;
    const press = step > 0 || !before ? { source, ssrc, timestamp, ours: this.#timestamp, heardAt: now } : before;
    const event = rtpPacket(this.#sequence++, press.ours, payloadOf(packet));
    if (step > 0) event.writeUInt8(0x80, 1);
    press.heardAt = now;
    this.#press = press;
    this.#stream.speak(this, event, events);
  }
}

function ramp(frame: Int16Array, from: number, to: number): void {
  for (let i = 0; i < frame.length; i++) frame[i] = (frame[i] ?? 0) * (from + ((to - from) * (i + 1)) / frame.length);
}
