// RTP packets (RFC 3550 §5.1), put into order, with holes told and timestamps without their wrap.

export interface RtpPacket {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  /** 32 bits as sent. */
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
  /** The header extension with its 16 bits of profile (§5.3.1). */
  readonly extension?: { readonly profile: number; readonly data: Buffer };
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What a depayloader gets: in order, with timestamps that go on. */
export interface Ordered extends RtpPacket {
  readonly time: number;
  /** Packets before this one are missing. */
  readonly lost: boolean;
}

/** Reads a packet; undefined where it is none. */
export function parseRtp(bytes: Buffer, at: number): RtpPacket | undefined {
  const [first, second] = bytes;
  if (bytes.length < 12 || first === undefined || second === undefined || first >> 6 !== 2) return undefined;
  let start = 12 + 4 * (first & 0x0f);
  let extension: RtpPacket["extension"];
  if (first & 0x10) {
    if (bytes.length < start + 4) return undefined;
    const end = start + 4 + 4 * bytes.readUInt16BE(start + 2);
    extension = { profile: bytes.readUInt16BE(start), data: bytes.subarray(start + 4, end) };
    start = end;
  }
  const padding = first & 0x20 ? (bytes.at(-1) ?? 0) : 0;
  const end = bytes.length - padding;
  if (end < start) return undefined;
  return {
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(start, end),
    ...(extension ? { extension } : {}),
    at,
  };
}

/** a − b, by the shortest way around 16 bits. */
export const after = (a: number, b: number): number => ((a - b) << 16) >> 16;

// Beyond that it is no late packet but another beginning (RFC 3550 §A.1: MAX_DROPOUT).
const farthest = 3000;

/** Puts packets into order. Over TCP `most` is 0: what is missing there was never sent. */
export class Order {
  readonly #most: number;
  readonly #mostMs: number;
  readonly #out: (packet: Ordered) => void;
  readonly #perMs: number;
  readonly #waiting = new Map<number, RtpPacket>();
  #next: number | undefined;
  #ssrc = 0;
  #lost = false;
  #last = { raw: 0, time: 0, at: 0 };

  /** `perMs`: how far timestamps go in a millisecond. */
  constructor(most: number, mostMs: number, out: (packet: Ordered) => void, perMs = 90) {
    this.#perMs = perMs;
    this.#most = most;
    this.#mostMs = mostMs;
    this.#out = out;
  }

  /** Packets that wait for one before them. */
  get waiting(): number {
    return this.#waiting.size;
  }

  push(packet: RtpPacket): void {
    if (this.#next === undefined) {
      this.#begin(packet, 0);
      this.#last = { raw: packet.timestamp, time: packet.timestamp, at: packet.at };
    } else if (packet.ssrc !== this.#ssrc || Math.abs(after(packet.sequence, this.#next)) > farthest) {
      this.#flush();
      // The camera began anew, with numbers that have nothing to do with the old ones.
      if (packet.ssrc !== this.#ssrc)
        this.#last = {
          raw: packet.timestamp,
          time: this.#last.time + Math.max(1, Math.round((packet.at - this.#last.at) * this.#perMs)),
          at: packet.at,
        };
      this.#begin(packet, 1);
    }
    if (this.#next === undefined || after(packet.sequence, this.#next) < 0) return;
    if (packet.sequence === this.#next) this.#hand(packet);
    else this.#waiting.set(packet.sequence, packet);
    if (this.#waiting.size > 0) this.#drain(packet.at);
  }

  #begin(packet: RtpPacket, lost: 0 | 1): void {
    this.#next = packet.sequence;
    this.#ssrc = packet.ssrc;
    this.#lost = lost === 1;
  }

  #drain(now: number): void {
    for (;;) {
      const due = this.#next === undefined ? undefined : this.#waiting.get(this.#next);
      if (due) {
        this.#waiting.delete(due.sequence);
        this.#hand(due);
        continue;
      }
      const first = this.#first();
      if (!first || (this.#waiting.size <= this.#most && now - first.at <= this.#mostMs)) return;
      this.#give(first);
    }
  }

  #flush(): void {
    for (let first = this.#first(); first; first = this.#first()) this.#give(first);
  }

  // What lies before it is not waited for any longer.
  #give(first: RtpPacket): void {
    this.#waiting.delete(first.sequence);
    this.#lost ||= first.sequence !== this.#next;
    this.#hand(first);
  }

  #first(): RtpPacket | undefined {
    const next = this.#next ?? 0;
    let first: RtpPacket | undefined;
    for (const packet of this.#waiting.values())
      if (!first || after(packet.sequence, next) < after(first.sequence, next)) first = packet;
    return first;
  }

  #hand(packet: RtpPacket): void {
    this.#next = (packet.sequence + 1) & 0xffff;
    const time = this.#last.time + ((packet.timestamp - this.#last.raw) | 0);
    this.#last = { raw: packet.timestamp, time, at: packet.at };
    const lost = this.#lost;
    this.#lost = false;
    this.#out({ ...packet, time, lost });
  }
}
