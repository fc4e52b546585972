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

export function headerKey(name: string): string {
  const lower = name.toLowerCase();
  return compact.get(lower) ?? lower;
}

const empty = Buffer.alloc(0);

// What we put in may come from a user's message: it must not begin a header of its own.
const oneLine = (value: string): string => (/[\r\n]/.test(value) ? value.replace(/[\r\n]+/g, " ") : value);

export abstract class SipMessage {
  readonly headers: Header[] = [];
  body: Buffer = empty;
  #read = new Map<string, unknown>();

  abstract readonly startLine: string;

  /** The first header of that name. `key` is the long form in lower case, here and below. */
  get(key: string): string | undefined {
    for (const header of this.headers) if (header.key === key) return header.value;
    return undefined;
  }

  /** Every header of that name, as they were written. */
  all(key: string): string[] {
    return this.headers.filter((h) => h.key === key).map((h) => h.value);
  }

  /** Every value of that name, those that share a header with commas taken apart. */
  list(key: string): string[] {
    return this.all(key).flatMap(splitList);
  }

  add(name: string, value: string): this {
    this.headers.push({ name, key: headerKey(name), value: oneLine(value) });
    this.#read.clear();
    return this;
  }

  prepend(name: string, value: string): this {
    this.headers.unshift({ name, key: headerKey(name), value: oneLine(value) });
    this.#read.clear();
    return this;
  }

  /** Puts `value` in the place of the first header of that name and takes the others away. */
  set(name: string, value: string): this {
    const key = headerKey(name);
    const at = this.headers.findIndex((h) => h.key === key);
    if (at < 0) return this.add(name, value);
    this.headers.splice(at, 1, { name, key, value: oneLine(value) });
    for (let i = this.headers.length - 1; i > at; i--) if (this.headers[i]?.key === key) this.headers.splice(i, 1);
    this.#read.clear();
    return this;
  }

  setBody(contentType: string, body: string | Buffer): this {
    this.body = typeof body === "string" ? Buffer.from(body) : body;
    return this.set("Content-Type", contentType);
  }

  /** The topmost Via. */
  get via(): Via | undefined {
    return this.#typed("via", () => parseVia(this.list("via")[0] ?? ""));
  }

  /** Replaces the topmost Via only; the others stay. */
  replaceVia(via: Via): void {
    const at = this.headers.findIndex((h) => h.key === "via");
    const rest = splitList(this.headers[at]?.value ?? "").slice(1);
    const value = [writeVia(via), ...rest].join(", ");
    if (at < 0) this.prepend("Via", value);
    else this.headers.splice(at, 1, { name: "Via", key: "via", value });
    this.#read.clear();
  }

  get from(): NameAddr | undefined {
    return this.#typed("from", () => parseNameAddr(this.get("from") ?? ""));
  }

  get to(): NameAddr | undefined {
    return this.#typed("to", () => parseNameAddr(this.get("to") ?? ""));
  }

  get contact(): NameAddr | undefined {
    return this.#typed("contact", () => parseNameAddr(this.list("contact")[0] ?? ""));
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
  toBuffer(): Buffer {
    let head = this.startLine + "\r\n";
    for (const { name, key, value } of this.headers) if (key !== "content-length") head += `${name}: ${value}\r\n`;
    head += `Content-Length: ${this.body.length}\r\n\r\n`;
    const text = Buffer.from(head);
    return this.body.length ? Buffer.concat([text, this.body]) : text;
  }

  #typed<T>(key: string, read: () => T): T {
    if (this.#read.has(key)) return this.#read.get(key) as T;
    const value = read();
    this.#read.set(key, value);
    return value;
  }
}

export class SipRequest extends SipMessage {
  readonly method: string;
  uri: string;

  constructor(method: string, uri: string) {
    super();
    this.method = method;
    this.uri = uri;
  }

  get startLine(): string {
    return `${this.method} ${this.uri} SIP/2.0`;
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
}
