// From bytes to a message: RFC 3261 §7, §25. Nothing that it is given makes it throw or run long: what is wrong is said
// in `fault`, beside as much of the message as could be read, so that a stateless 400 can still be sent.
import { parseVia } from "./headers.ts";
import { headerKey, usualKey, SipRequest, SipResponse, type Header, type SipMessage } from "./message.ts";

export const limits = { head: 16 * 1024, body: 64 * 1024, headers: 200 };

export interface Parsed {
  readonly message?: SipRequest | SipResponse;
  readonly fault?: string;
}

/** Reads one whole message, such as a datagram. Bytes behind Content-Length are left out (RFC 3261 §18.3). */
export function parseMessage(datagram: Buffer): Parsed {
  // Empty lines before the start line are to be ignored (RFC 3261 §7.5).
  let start = 0;
  while (datagram[start] === 13 || datagram[start] === 10) start++;
  const data = start === 0 ? datagram : datagram.subarray(start);
  const end = headEnd(data);
  if (end === undefined) return { fault: `the headers do not end within ${limits.head} bytes` };
  const { message, fault } = parseHead(data.toString("utf8", 0, end.at));
  if (message) message.size = datagram.length;
  if (!message || fault) return { ...(message && { message }), fault: fault ?? "not SIP" };
  const rest = data.length - end.next;
  const length = contentLength(message) ?? rest;
  if (Number.isNaN(length)) return { message, fault: "Content-Length is not a number" };
  if (length > rest) return { message, fault: `Content-Length says ${length} bytes, but ${rest} came` };
  if (length > limits.body) return { message, fault: `the body is longer than ${limits.body} bytes` };
  if (length > 0) message.body = data.subarray(end.next, end.next + length);
  const missing = lacks(message) ?? contradiction(message);
  return missing ? { message, fault: missing } : { message };
}

/** Where the headers end and the body begins; bare line feeds are met in the field. */
export function headEnd(data: Buffer): { at: number; next: number } | undefined {
  const cr = data.indexOf("\r\n\r\n");
  const lf = data.indexOf("\n\n");
  const found =
    cr >= 0 && (lf < 0 || cr < lf) ? { at: cr, next: cr + 4 } : lf >= 0 ? { at: lf, next: lf + 2 } : undefined;
  return found && found.at <= limits.head ? found : undefined;
}

/** Undefined where the header is absent, NaN where it is no number. */
export function contentLength(message: SipMessage): number | undefined {
  if (message.get("content-length") === undefined) return undefined;
  return message.number("content-length") ?? NaN;
}

export function parseHead(head: string): Parsed {
  const first = lineAt(head, 0);
  const { message, fault } = parseStartLine(first);
  if (!message) return { fault: "the first line is not SIP" };
  let last: Header | undefined;
  let lines = 0;
  for (let at = head.indexOf("\n") + 1; at > 0; at = head.indexOf("\n", at) + 1) {
    if (++lines > limits.headers) {
      message.headers.length = 0;
      return { message, fault: `more than ${limits.headers} headers` };
    }
    const written = lineAt(head, at);
    // A carriage return of its own would be a line's end to whoever reads our answer less strictly.
    const line = written.includes("\r") ? written.replaceAll("\r", " ") : written;
    if (line.startsWith(" ") || line.startsWith("\t")) {
      // A line that begins with white space goes on with the one before (RFC 3261 §7.3.1).
      if (last) last.value = `${last.value} ${line.trim()}`.trim();
      continue;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trimEnd();
    const key = usualKey(name) ?? (/^[A-Za-z0-9\-.!%*_+`'~]+$/.test(name) ? headerKey(name) : undefined);
    if (key === undefined) return { message, fault: "a header without a proper name" };
    last = { name, key, value: line.slice(colon + 1).trim(), read: undefined };
    message.headers.push(last);
  }
  return { message, ...(fault !== undefined && { fault }) };
}

/** The line that begins there, without its end. */
function lineAt(text: string, start: number): string {
  const end = text.indexOf("\n", start);
  if (end < 0) return text.slice(start);
  return text.slice(start, text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end);
}

function parseStartLine(line: string): Parsed {
  if (/^SIP\//i.test(line)) {
    const response = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(line);
    return response ? { message: new SipResponse(Number(response[1]), response[2] ?? "") } : {};
  }
  const exact = /^([A-Za-z0-9\-.!%*_+`'~]+) (\S+) SIP\/(\d+\.\d+)$/i.exec(line);
  // Read all the same, so that it can be answered.
  const [, method, uri, version] = exact ?? /^([A-Za-z0-9\-.!%*_+`'~]+) +(\S.*) SIP\/(\d+\.\d+) *$/i.exec(line) ?? [];
  if (!method || !uri || !version) return {};
  const message = new SipRequest(method, uri);
  message.version = version;
  return exact ? { message } : { message, fault: "the first line has spaces where none belong" };
}

// What may stand in a message once only; more than one of them contradict each other (RFC 3261 §7.3.1).
const singles: readonly string[] = ["from", "to", "call-id", "cseq", "content-length"];

function contradiction(message: SipMessage): string | undefined {
  for (const single of singles) {
    let seen: string | undefined;
    for (const { name, key, value } of message.headers) {
      if (key !== single) continue;
      if (seen !== undefined && seen !== value) return `${name} stands twice`;
      seen = value;
    }
  }
  return undefined;
}

// RFC 3261 §8.1.1: without these a message cannot be dealt with; a CSeq must fit its request.
function lacks(message: SipRequest | SipResponse): string | undefined {
  if (!message.via) return "Via is missing or wrong";
  if (message.several("via") && message.list("via").some((via) => !parseVia(via))) return "a Via is wrong";
  if (!message.from) return "From is missing or wrong";
  if (!message.to) return "To is missing or wrong";
  if (!message.callId) return "Call-ID is missing";
  const cseq = message.cseq;
  if (!cseq) return "CSeq is missing or wrong";
  if (message instanceof SipRequest && cseq.method !== message.method) return "CSeq names another method";
  return undefined;
}
