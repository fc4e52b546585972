// A SIP message: start line, headers as they were written, body. Typed headers are read when they are asked for.
// RFC 3261 §7.
import {
  parseCSeq,
  parseNameAddr,
  parseVia,
  splitList,
  writeVia,
  type CSeq,
  type NameAddr,
  type Via,
} from "./headers.ts";

export interface Header {
  /** As written. */
  name: string;
  /** Long form in lower case: the key to look it up by. */
  key: string;
  value: string;
}

// RFC 3261 §7.3.3 and the registry's later compact forms.
const compact = new Map(
  Object.entries({
    ...{ a: "accept-contact", b: "referred-by", c: "content-type", d: "request-disposition", e: "content-encoding" },
    ...{ f: "from", i: "call-id", j: "reject-contact", k: "supported", l: "content-length", m: "contact" },
    ...{ o: "event", r: "refer-to", s: "subject", t: "to", u: "allow-events", v: "via", x: "session-expires" },
  }),
);

// The spellings that nearly every header has, so that their keys need not be made.
const usual = new Map(
  (
    "Via From To Call-ID CSeq Contact Max-Forwards Allow Supported User-Agent Expires Authorization WWW-Authenticate " +
    "Content-Type Content-Length Record-Route Route Accept Date Require Reason Server"
  )
    .split(" ")
    .map((name) => [name, name.toLowerCase()]),
);
const short = new Map([...compact].map(([letter, key]) => [key, letter]));

export function headerKey(name: string): string {
  const key = usual.get(name);
  if (key !== undefined) return key;
  const lower = name.toLowerCase();
  return compact.get(lower) ?? lower;
}

const empty = Buffer.alloc(0);

/** As written; with compact header names (§7.3.3); or without reason phrase and Content-Length too, for a datagram. */
export type Length = "plain" | "compact" | "shortest";

// What we put in may come from a user's message: it must not begin a header of its own.
const oneLine = (value: string): string =>
  value.includes("\n") || value.includes("\r") ? value.replace(/[\r\n]+/g, " ") : value;

export abstract class SipMessage {
  readonly headers: Header[] = [];
  body: Buffer = empty;
  /** Bytes that it came in; 0 for a message of our own. */
  size = 0;
  /** Typed headers that were read since the last change. */
  #read: Map<string, unknown> | undefined;

  abstract readonly startLine: string;
  /** The start line without what may be left away. */
  get shortLine(): string {
    return this.startLine;
  }

  /** The first header of that name. `key` is the long form in lower case, here and below. */
  get(key: string): string | undefined {
    for (const header of this.headers) if (header.key === key) return header.value;
    return undefined;
  }

  /** Every header of that name, as they were written. */
  all(key: string): string[] {
    const values: string[] = [];
    for (const header of this.headers) if (header.key === key) values.push(header.value);
    return values;
  }

  /** Every value of that name, those that share a header with commas taken apart. */
  list(key: string): string[] {
    const values = this.all(key);
    return values.length === 0 ? values : values.flatMap(splitList);
  }

  /** The first value of that name, where several may share a header. */
  first(key: string): string | undefined {
    for (const header of this.headers) {
      const value = header.key === key ? splitList(header.value)[0] : undefined;
      if (value !== undefined) return value;
    }
    return undefined;
  }

  add(name: string, value: string): this {
    this.headers.push({ name, key: headerKey(name), value: oneLine(value) });
    this.#read = undefined;
    return this;
  }

  prepend(name: string, value: string): this {
    this.headers.unshift({ name, key: headerKey(name), value: oneLine(value) });
    this.#read = undefined;
    return this;
  }

  /** Puts `value` in the place of the first header of that name and takes the others away. */
  set(name: string, value: string): this {
    const key = headerKey(name);
    const at = this.headers.findIndex((h) => h.key === key);
    if (at < 0) return this.add(name, value);
    this.headers.splice(at, 1, { name, key, value: oneLine(value) });
    for (let i = this.headers.length - 1; i > at; i--) if (this.headers[i]?.key === key) this.headers.splice(i, 1);
    this.#read = undefined;
    return this;
  }

  setBody(contentType: string, body: string | Buffer): this {
    this.body = typeof body === "string" ? Buffer.from(body) : body;
    return this.set("Content-Type", contentType);
  }

  /** The topmost Via. */
  get via(): Via | undefined {
    return this.#typed("via", () => parseVia(this.first("via") ?? ""));
  }

  /** Replaces the topmost Via only; the others stay. */
  replaceVia(via: Via): void {
    const at = this.headers.findIndex((h) => h.key === "via");
    const rest = splitList(this.headers[at]?.value ?? "").slice(1);
    const value = [writeVia(via), ...rest].join(", ");
    if (at < 0) this.prepend("Via", value);
    else this.headers[at] = { name: "Via", key: "via", value };
    this.#read = undefined;
  }

  get from(): NameAddr | undefined {
    return this.#typed("from", () => parseNameAddr(this.get("from") ?? ""));
  }

  get to(): NameAddr | undefined {
    return this.#typed("to", () => parseNameAddr(this.get("to") ?? ""));
  }

  get contact(): NameAddr | undefined {
    return this.#typed("contact", () => parseNameAddr(this.first("contact") ?? ""));
  }

  get cseq(): CSeq | undefined {
    return this.#typed("cseq", () => parseCSeq(this.get("cseq") ?? ""));
  }

  get callId(): string {
    return this.get("call-id") ?? "";
  }

  get fromTag(): string {
    return this.from?.params.get("tag") ?? "";
  }

  get toTag(): string {
    return this.to?.params.get("tag") ?? "";
  }

  /** The media type without its parameters, in lower case; "" where there is none. */
  get contentType(): string {
    return (this.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  }

  /** A header that is a number of seconds or a count; undefined where it is none. */
  number(key: string): number | undefined {
    const text = this.get(key)?.split(";")[0]?.trim();
    return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
  }

  /** The message for the wire; Content-Length is written anew. */
  toBuffer(size: Length = "plain"): Buffer {
    const compactly = size !== "plain";
    let head = (size === "shortest" ? this.shortLine : this.startLine) + "\r\n";
    for (const { name, key, value } of this.headers)
      if (key !== "content-length") head += `${compactly ? (short.get(key) ?? name) : name}: ${value}\r\n`;
    if (size !== "shortest" || this.body.length > 0)
      head += `${compactly ? "l" : "Content-Length"}: ${this.body.length}\r\n`;
    head += "\r\n";
    if (this.body.length === 0) return Buffer.from(head);
    const length = Buffer.byteLength(head);
    const data = Buffer.allocUnsafe(length + this.body.length);
    data.write(head);
    this.body.copy(data, length);
    return data;
  }

  #typed<T>(key: string, read: () => T): T {
    const known = (this.#read ??= new Map<string, unknown>());
    if (known.has(key)) return known.get(key) as T;
    const value = read();
    known.set(key, value);
    return value;
  }
}

export class SipRequest extends SipMessage {
  readonly method: string;
  uri: string;
  /** "2.0"; another one is to be answered with 505 (§8.2, §21.5.6). */
  version = "2.0";

  constructor(method: string, uri: string) {
    super();
    this.method = method;
    this.uri = uri;
  }

  get startLine(): string {
    // The address may be a device's Contact or a user's own: white space would end it there, and a line's end the line (§7.1).
    const uri = /\s/.test(this.uri) ? this.uri.replace(/\s/g, encodeURIComponent) : this.uri;
    return `${this.method} ${uri} SIP/2.0`;
  }
}

export class SipResponse extends SipMessage {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string) {
    super();
    this.status = status;
    this.reason = reason;
  }

  get startLine(): string {
    return `SIP/2.0 ${this.status} ${this.reason}`;
  }

  override get shortLine(): string {
    return `SIP/2.0 ${this.status} `;
  }
}
