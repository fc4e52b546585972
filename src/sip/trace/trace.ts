// The last messages that came and left, as bytes: what a trace, a capture and a ladder are made of when somebody looks.
// Noting one costs a copy of its bytes and no more; nothing is parsed and nothing redacted until it is shown.
import type { Clock } from "../../clock.ts";
import type { Address, Flow, TransportName } from "../transport/flow.ts";

export interface TraceLimits {
  /** Messages that are kept; 0 keeps none. */
  readonly messages: number;
  /** Bytes that are kept. */
  readonly bytes: number;
}

/** Enough bytes for so many messages of a common size, offers of sound and picture among them. */
export const traceOf = (messages: number): TraceLimits => ({ messages, bytes: messages * 2048 });

export const traceDefaults = traceOf(2000);

/** One message as it stood on the wire, secrets included: show it through `redact` only. */
export interface Traced {
  /** Counts from 1; a gap-free order over all transports. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly direction: "in" | "out";
  readonly transport: TransportName;
  /** How we name ourselves to this peer. */
  readonly local: Address;
  readonly remote: Address;
  readonly data: Buffer;
  /** Bytes on the wire, where `data` was cut. */
  readonly length: number;
}

/** As it is kept: its bytes are a piece of a block, and become a buffer of their own when they are looked at. */
interface Kept extends Omit<Traced, "data"> {
  readonly block: Buffer;
  readonly start: number;
  readonly end: number;
}

const keptOf = (entry: Kept | undefined): number => (entry ? entry.end - entry.start : 0);
const shown = ({ block, start, end, ...rest }: Kept): Traced => ({ ...rest, data: block.subarray(start, end) });

/** More of one message is not kept. */
export const mostOfOne = 60_000;
const blockSize = 64 * 1024;

export class Trace {
  readonly limits: TraceLimits;
  /** Told after each message. */
  noted: (() => void) | undefined;
  readonly #clock: Clock;
  /** Oldest first from `#first` on; what stands before is gone. */
  #entries: (Kept | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #seq = 0;
  // Copies lie one behind the other in blocks that go with the last message in them: a view of a socket's buffer would
  // hold all of it, and a buffer of its own for each message costs more than the copy.
  #block: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor(clock: Clock, limits: TraceLimits = traceDefaults) {
    this.#clock = clock;
    this.limits = limits;
  }

  note(direction: "in" | "out", data: Buffer, flow: Flow): void {
    if (this.limits.messages <= 0) return;
    const end = this.#copy(data);
    const kept = Math.min(data.length, mostOfOne);
    this.#entries.push({
      seq: ++this.#seq,
      at: this.#clock.now(),
      direction,
      transport: flow.transport,
      local: flow.sentBy,
      remote: flow.remote,
      length: data.length,
      block: this.#block,
      start: end - kept,
      end,
    });
    this.#bytes += kept;
    this.#forget();
    this.noted?.();
  }

  /** What is kept, oldest first; only what came after the message `after`, and of that the last `most`. */
  entries(after = 0, most = Infinity): Traced[] {
    const oldest = this.#entries[this.#first]?.seq ?? 0;
    const from = Math.max(this.#first + Math.max(0, after + 1 - oldest), this.#entries.length - most);
    // From the first on they are all there.
    return (this.#entries.slice(from) as Kept[]).map(shown);
  }

  /** The number of the last message there was. */
  get latest(): number {
    return this.#seq;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clear(): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#block = Buffer.alloc(0);
    this.#used = 0;
  }

  /** Puts it into the block; the result is where it ends there. */
  #copy(data: Buffer): number {
    const length = Math.min(data.length, mostOfOne);
    if (this.#block.length - this.#used < length) {
      this.#block = Buffer.allocUnsafeSlow(blockSize);
      this.#used = 0;
    }
    data.copy(this.#block, this.#used, 0, length);
    return (this.#used += length);
  }

  #forget(): void {
    const { messages, bytes } = this.limits;
    while (this.#entries.length - this.#first > messages || this.#bytes > bytes) {
      this.#bytes -= keptOf(this.#entries[this.#first]);
      this.#entries[this.#first++] = undefined;
    }
    // Moved to the front once in a while, so that neither a message costs a move nor the list grows.
    if (this.#first > messages) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
