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
  /** What the value says, once it was asked for: a header that is copied into an answer takes it along. */
  read: unknown;
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

/** The key of a spelling that nearly every header has. */
export const usualKey = (name: string): string | undefined => usual.get(name);

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
export const oneLine = (value: string): string =>
  value.includes("\n") || value.includes("\r") ? value.replace(/[\r\n]+/g, " ") : value;

const made = (name: string, key: string, value: string): Header => ({
  name,
  key,
  value: oneLine(value),
  read: undefined,
});

export abstract class SipMessage {
  readonly headers: Header[] = [];
  body: Buffer = empty;
  /** Bytes that it came in; 0 for a message of our own. */
  size = 0;

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
      const value = header.key === key ? firstOf(header.value) : undefined;
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Whether there is more than one value of that name. */
  several(key: string): boolean {
    let found = 0;
    for (const { key: its, value } of this.headers)
      if (its === key && value !== "") found += value.includes(",") ? splitList(value).length : 1;
    return found > 1;
  }

  add(name: string, value: string): this {
    this.headers.push(made(name, headerKey(name), value));
    return this;
  }

  /** Takes over a header of another message, which goes on having it. */
  share(header: Header): this {
    this.headers.push(header);
    return this;
  }

  prepend(name: string, value: string): this {
    this.headers.unshift(made(name, headerKey(name), value));
    return this;
  }

  /** Puts `value` in the place of the first header of that name and takes the others away. */
  set(name: string, value: string): this {
    const key = headerKey(name);
    const at = this.headers.findIndex((h) => h.key === key);
    if (at < 0) return this.add(name, value);
    this.headers[at] = made(name, key, value);
    for (let i = this.headers.length - 1; i > at; i--) if (this.headers[i]?.key === key) this.headers.splice(i, 1);
    return this;
  }

  setBody(contentType: string, body: string | Buffer): this {
    this.body = typeof body === "string" ? Buffer.from(body) : body;
    return this.set("Content-Type", contentType);
  }

  /** The topmost Via. */
  get via(): Via | undefined {
    return this.#first("via", parseVia);
  }

  /** Replaces the topmost Via only; the others stay. */
  replaceVia(via: Via): void {
    const at = this.headers.findIndex((h) => h.key === "via");
    const old = this.headers[at]?.value ?? "";
    const rest = old.includes(",") ? splitList(old).slice(1) : [];
    const value = [writeVia(via), ...rest].join(", ");
    if (at < 0) this.prepend("Via", value);
    else this.headers[at] = { ...made("Via", "via", value), read: via };
  }

  get from(): NameAddr | undefined {
    return this.#whole("from", parseNameAddr);
  }

  get to(): NameAddr | undefined {
    return this.#whole("to", parseNameAddr);
  }

  get contact(): NameAddr | undefined {
    return this.#first("contact", parseNameAddr);
  }

  get cseq(): CSeq | undefined {
    return this.#whole("cseq", parseCSeq);
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
    return beforeSemicolon(this.get("content-type") ?? "").toLowerCase();
  }

  /** A header that is a number of seconds or a count; undefined where it is none. */
  number(key: string): number | undefined {
    const text = beforeSemicolon(this.get(key) ?? "");
    return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
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

  #whole<T>(key: string, read: (value: string) => T): T | undefined {
    for (const header of this.headers) if (header.key === key) return (header.read ??= read(header.value)) as T;
    return undefined;
  }

  #first<T>(key: string, read: (value: string) => T): T | undefined {
    for (const header of this.headers) {
      if (header.key !== key) continue;
      if (header.read !== undefined) return header.read as T;
      const value = firstOf(header.value);
      if (value !== undefined) return (header.read = read(value));
    }
    return undefined;
  }
}

const beforeSemicolon = (value: string): string => {
  const end = value.indexOf(";");
  return (end < 0 ? value : value.slice(0, end)).trim();
};

/** The first value of a header that may hold several. */
function firstOf(value: string): string | undefined {
  if (value.includes(",")) return splitList(value)[0];
  return value.trim() || undefined;
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
