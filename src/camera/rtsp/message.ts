// RTSP messages on a TCP connection (RFC 2326 §4–7), and the binary packets between them (§10.12).
import { isUtf8 } from "node:buffer";

export interface RtspMessage {
  /** A response has a status; a request of the camera has a method. */
  readonly status?: number;
  readonly method?: string;
  /** By names in lower case; of a header that comes several times all values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

export interface Receiver {
  message(message: RtspMessage): void;
  /** The bytes are part of what was read from the socket: they are not kept without a copy. */
  packet(channel: number, bytes: Buffer): void;
}

export const limits = { head: 16 * 1024, body: 256 * 1024, garbage: 256 * 1024 };

const dollar = 0x24;
const lineEnd = 0x0a;
const startOfResponse = Buffer.from("RTSP/");
const startsResponse = (bytes: Buffer, at: number): boolean =>
  startOfResponse.every((byte, n) => bytes[at + n] === byte);
// The camera's own requests begin with a word of capitals.
const begin = /^(?:RTSP\/1\.\d +(\d{3})(?: |$)|([A-Z_]{3,20}) +\S+ +RTSP\/1\.\d$)/;

/** Takes a connection's bytes apart. What is no message and no packet is skipped, up to a limit. */
export class RtspReader {
  readonly #to: Receiver;
  #chunks: Buffer[] = [];
  #length = 0;
  // How many bytes have to be there before it is worth looking again.
  #wanted = 1;
  #spoke = false;
  #skipped = 0;
  #stopped = false;

  constructor(to: Receiver) {
    this.#to = to;
  }

  /** What waits for its end, in bytes: never more than a head and a body. */
  get pending(): number {
    return this.#length;
  }

  /** Nothing more is read or handed on. */
  stop(): void {
    this.#stopped = true;
    this.#chunks = [];
    this.#length = 0;
  }

  // A receiver may have stopped us.
  #isStopped(): boolean {
    return this.#stopped;
  }

  /** Reads on. @returns what is wrong where nothing sensible can follow, as the end of a sentence: "it …". */
  push(chunk: Buffer): string | undefined {
    if (this.#stopped || chunk.length === 0) return undefined;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return undefined;
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    for (;;) {
      const step = this.#step(rest);
      if (this.#isStopped()) return undefined;
      if (typeof step === "string") {
        this.stop();
        return step;
      }
      if (step === 0) break;
      rest = rest.subarray(step);
    }
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return undefined;
  }

  // How many bytes were used up; 0 = more are needed, `#wanted` of them at least.
  #step(bytes: Buffer): number | string {
    this.#wanted = bytes.length + 1;
    const first = bytes[0];
    if (first === undefined) return 0;
    if (first === dollar) return this.#packet(bytes);
    // Empty lines before a message (RFC 2326 §4.1).
    if (first === 0x0d || first === 0x0a) return 1;
    if (!this.#spoke || startsMessage(bytes)) return this.#message(bytes);
    return this.#skip(bytes);
  }

  #packet(bytes: Buffer): number {
    if (bytes.length < 4) return 0;
    const whole = 4 + bytes.readUInt16BE(2);
    if (bytes.length < whole) {
      this.#wanted = whole;
      return 0;
    }
    this.#skipped = 0;
    this.#to.packet(bytes[1] ?? 0, bytes.subarray(4, whole));
    return whole;
  }

  #message(bytes: Buffer): number | string {
    // The first line alone shows most garbage: a head is read where that fits only.
    const line = bytes.subarray(0, limits.head).indexOf(lineEnd);
    const start = line < 0 ? undefined : begin.exec(text(bytes.subarray(0, line)).trim());
    if (start === null && this.#spoke) return this.#skip(bytes);
    const end = endOfHead(bytes);
    if (end === undefined) {
      const word = bytes.toString("latin1", 0, 8);
      // A web server, or something that speaks first, would else be waited for.
      if (!this.#spoke && bytes.length >= 8 && !/^(?:RTSP\/1\.|[A-Z_]{3,7} |[A-Z_]{8}$)/.test(word))
        return "does not speak RTSP";
      return bytes.length > limits.head ? "sends a header without an end" : 0;
    }
    if (!start) return "does not speak RTSP";
    const headers = headersOf(text(bytes.subarray(line, end)).split(/\r\n|\r|\n/));
    const length = Number(headers.get("content-length")?.[0] ?? 0);
    if (!Number.isInteger(length) || length < 0 || length > limits.body) return "announces a body of impossible length";
    if (bytes.length < end + length) {
      this.#wanted = end + length;
      return 0;
    }
    this.#spoke = true;
    this.#skipped = 0;
    const body = text(bytes.subarray(end, end + length));
    const [, status, method] = start;
    this.#to.message({
      ...(status === undefined ? {} : { status: Number(status) }),
      ...(method === undefined ? {} : { method }),
      headers,
      body,
    });
    return end + length;
  }

  // Cameras lose their place, too: on to what may be a packet or a response.
  #skip(bytes: Buffer): number | string {
    let step = 1;
    // Never beyond the next place: there may be one at every turn.
    while (step < bytes.length && bytes[step] !== dollar && !startsResponse(bytes, step)) step++;
    this.#skipped += step;
    return this.#skipped > limits.garbage ? "sends what is neither a message nor a packet" : step;
  }
}

const startsMessage = (bytes: Buffer): boolean =>
  /^(?:RTSP\/|[A-Z_]{3,20} |[A-Z_]{1,20}$)/.test(bytes.toString("latin1", 0, 21));

function endOfHead(bytes: Buffer): number | undefined {
  const within = bytes.subarray(0, limits.head);
  const ends = [
    ["\r\n\r\n", 4],
    ["\n\n", 2],
  ] as const;
  const found = ends.map(([mark, length]) => ({ at: within.indexOf(mark), length })).filter(({ at }) => at >= 0);
  const first = found.sort((a, b) => a.at - b.at)[0];
  return first && first.at + first.length;
}

const text = (bytes: Buffer): string => bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");

function headersOf(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, [...(headers.get(name) ?? []), value]);
  }
  return headers;
}

/** A request or an answer as bytes; values are Latin-1 already. */
export function writeMessage(start: string, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${start}\r\n${lines.join("")}\r\n`, "latin1");
}
