// Messages cut out of a stream by Content-Length: RFC 3261 §18.3, §7.5.
import { contentLength, headEnd, limits, parseHead, parseMessage, type Parsed } from "../message/parse.ts";

export class Framing {
  #pending: Buffer = Buffer.alloc(0);
  /** The whole length of the message under way, once its headers are there. */
  #length: number | undefined;
  /** Line ends since the last message or keep-alive: a keep-alive may come in two pieces. */
  #lineEnds = 0;
  /** Keep-alives of ours that wait for their answer, one line end each. */
  #pongs: (() => void)[] = [];

  /** Bytes that wait for the rest of their message. */
  get waiting(): number {
    return this.#pending.length;
  }

  /** A keep-alive was sent: the next line end between messages is its answer (RFC 5626 §4.4.1). */
  expectPong(answered: () => void): void {
    // A peer that never answers must not make a list of them.
    this.#pongs = [...this.#pongs.slice(-3), answered];
  }

  /**
   * Takes what arrived and gives the whole messages in it, `raw` as they came. `ping` is called for each keep-alive of two line ends
   * (RFC 5626 §3.5.1). A fault without a message, or without a usable Content-Length, means that the place in the
   * stream is lost and the connection must be closed (`lost`).
   */
  *push(data: Buffer, ping: () => void): Generator<Parsed & { raw: Buffer; lost?: true }> {
    this.#pending = this.#pending.length ? Buffer.concat([this.#pending, data]) : data;
    for (;;) {
      this.#skipEmptyLines(ping);
      if (this.#pending.length === 0) return;
      if (this.#length === undefined) {
        const end = headEnd(this.#pending);
        if (!end) {
          if (this.#pending.length > limits.head)
            yield { fault: "the headers do not end", raw: this.#pending, lost: true };
          return;
        }
        const head = parseHead(this.#pending.toString("utf8", 0, end.at));
        const length = head.message && contentLength(head.message);
        if (length === undefined || Number.isNaN(length) || length > limits.body) {
          yield {
            ...(head.message && { message: head.message }),
            fault: head.fault ?? "Content-Length is missing, wrong or too large for a stream",
            raw: this.#pending,
            lost: true,
          };
          return;
        }
        this.#length = end.next + length;
      }
      if (this.#pending.length < this.#length) return;
      const whole = this.#pending.subarray(0, this.#length);
      this.#pending = this.#pending.subarray(this.#length);
      this.#length = undefined;
      this.#lineEnds = 0;
      yield { ...parseMessage(whole), raw: whole };
    }
  }

  #skipEmptyLines(ping: () => void): void {
    if (this.#length !== undefined) return;
    let at = 0;
    for (; this.#pending[at] === 13 || this.#pending[at] === 10; at++) if (this.#pending[at] === 10) this.#lineEnds++;
    if (at === 0) return;
    // Two are a question of the peer's, one that is left over the answer to ours.
    if (this.#lineEnds % 2 === 1 && this.#pongs.length > 0) {
      this.#lineEnds--;
      this.#pongs.shift()?.();
    }
    if (this.#lineEnds >= 2) {
      this.#lineEnds = 0;
      ping();
    }
    this.#pending = this.#pending.subarray(at);
  }
}
