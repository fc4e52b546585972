// Telephone events (RFC 4733): the four bytes, and what a row of packets says of the keys that were pressed. Every packet of
// one press has its timestamp; that is what is gone by, since markers, first and last packets get lost.
import { keys } from "../../../dtmf.ts";
import { payloadEnd, payloadStart, ssrcOf, timestampOf } from "../rtp.ts";

/** RFC 4733 §2.3: event, end and volume, duration in units of the timestamp. Volume 8: −8 dBm0, as our tones. */
export function writeEvent(event: number, end: boolean, duration: number): Buffer {
  const body = Buffer.from([event, (end ? 0x80 : 0) | 8, 0, 0]);
  body.writeUInt16BE(duration, 2);
  return body;
}

export const eventOf = (key: string): number => keys.indexOf(key);

/** What an ear makes of a press: it begins, and ends after so many milliseconds. */
export interface Pressing {
  began(key: string): void;
  ended(key: string, heldMs: number): void;
}

interface Press {
  readonly key: string;
  readonly event: number;
  readonly rate: number;
  timestamp: number;
  /** Of the segments before this one (§2.5.1.3), in units. */
  before: number;
  duration: number;
  heardAt: number;
}

/** The end of a press that did not tell its own: the last packets were lost. */
export const lostMs = 200;
/** A timestamp this far back is not an old packet but another count. */
const longAgo = 10 * 48_000;

export class EventReceiver {
  readonly #pressing: Pressing;
  #press: Press | undefined;
  #ssrc = -1;
  /** The timestamp of the last press that began: what is not after it is old. */
  #last = 0;

  constructor(pressing: Pressing) {
    this.#pressing = pressing;
  }

  /** Whether a key is held, as far as is known. */
  get pressed(): boolean {
    return this.#press !== undefined;
  }

  /** Takes an RTP packet of telephone events. */
  hear(packet: Buffer, rate: number, now: number): void {
    const ssrc = ssrcOf(packet);
    let timestamp = timestampOf(packet);
    // §2.3.1: several events may stand in one packet, each where the one before ends.
    for (let at = payloadStart(packet); at + 4 <= payloadEnd(packet); at += 4) {
      const duration = packet.readUInt16BE(at + 2);
      this.#report(packet.readUInt8(at), (packet.readUInt8(at + 1) & 0x80) !== 0, duration, timestamp, ssrc, rate, now);
      timestamp = (timestamp + duration) >>> 0;
    }
  }

  /** To be called now and then while a key is held: ends it where nothing more comes. */
  look(now: number): void {
    if (this.#press && now - this.#press.heardAt >= lostMs) this.#end();
  }

  #report(
    event: number,
    end: boolean,
    duration: number,
    timestamp: number,
    ssrc: number,
    rate: number,
    now: number,
  ): void {
    const press = this.#press;
    const key = keys[event];
    if (press && ssrc === this.#ssrc) {
      // A long press goes on in a segment that begins where the last one ends.
      if (event === press.event && timestamp === (press.timestamp + press.duration) >>> 0 && duration > 0) {
        press.before += press.duration;
        [press.timestamp, press.duration, this.#last] = [timestamp, 0, timestamp];
      }
      if (timestamp === press.timestamp) {
        // A late packet must not shorten it.
        press.duration = Math.max(press.duration, duration);
        press.heardAt = now;
        if (end) this.#end();
        return;
      }
    }
    // Flash and the others (§3.2) are no keys.
    if (key === undefined) return;
    const step = (timestamp - this.#last) | 0;
    if (ssrc === this.#ssrc && step <= 0 && step > -longAgo) return;
    this.#end();
    [this.#ssrc, this.#last] = [ssrc, timestamp];
    this.#press = { key, event, rate, timestamp, before: 0, duration, heardAt: now };
    this.#pressing.began(key);
    if (end) this.#end();
  }

  #end(): void {
    const press = this.#press;
    this.#press = undefined;
    if (press) this.#pressing.ended(press.key, Math.round(((press.before + press.duration) * 1000) / press.rate));
  }
}
