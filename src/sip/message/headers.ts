// The structured headers: addresses (From, To, Contact, Route), Via, CSeq. RFC 3261 §20, §25.1.
import { quote } from "../../quoted.ts";
import { writeHost } from "../../ip.ts";
import { none, parseHostPort, parseParams, splitOutside, unquote, writeParams, type Params } from "./uri.ts";

export interface NameAddr {
  /** Display name without its quotes. */
  readonly name: string;
  /** As written, without angle brackets. */
  readonly uri: string;
  /** The header's parameters (`tag`, `expires`, …), not the URI's. */
  readonly params: Params;
}

export function parseNameAddr(text: string): NameAddr | undefined {
  const open = openingAngle(text);
  if (open < 0) {
    // Without angle brackets every parameter is the header's, and there is no room for a "?" (RFC 3261 §20.10).
    const [uri = "", ...params] = text.split(";");
    return /^\s*[a-z][a-z0-9+.-]*:[^\s?]/i.test(uri) && !uri.includes("?")
      ? { name: "", uri: uri.trim(), params: parseParams(";" + params.join(";")) }
      : undefined;
  }
  const close = text.indexOf(">", open);
  if (close < 0) return undefined;
  const uri = text.slice(open + 1, close).trim();
  if (!uri) return undefined;
  return { name: unquote(text.slice(0, open).trim()), uri, params: parseParams(text.slice(close + 1)) };
}

function openingAngle(text: string): number {
  if (!text.includes('"')) return text.indexOf("<");
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === "\\") i++;
    else if (c === '"') quoted = !quoted;
    else if (c === "<" && !quoted) return i;
  }
  return -1;
}

export const writeNameAddr = ({ name, uri, params }: NameAddr): string =>
  `${name ? quote(name.replace(/[\r\n]+/g, " ")) + " " : ""}<${uri}>${writeParams(params)}`;

export interface Via {
  /** Upper case: UDP, TCP, TLS, WS, WSS. */
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

// As nearly all of them begin, with their transports: they are read without a pattern.
const usualVia = new Map(["UDP", "TCP", "TLS", "WS", "WSS"].map((name) => [`SIP/2.0/${name}`, name]));

export function parseVia(text: string): Via | undefined {
  const space = text.indexOf(" ");
  const transport = usualVia.get(text.slice(0, Math.max(0, space)));
  if (transport !== undefined) {
    const semicolon = text.indexOf(";", space);
    const place = parseHostPort(text.slice(space, semicolon < 0 ? undefined : semicolon));
    if (!place) return undefined;
    const { host, port } = place;
    const params = semicolon < 0 ? none : parseParams(text.slice(semicolon));
    return port === undefined ? { transport, host, params } : { transport, host, port, params };
  }
  const match = /^\s*SIP\s*\/\s*\d+\.\d+\s*\/\s*([A-Za-z0-9\-._!%*+`'~]+)\s+([^;]+)(.*)$/s.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  const place = parseHostPort(match[2]);
  return place && { transport: match[1].toUpperCase(), ...place, params: parseParams(match[3] ?? "") };
}

export const writeVia = (via: Via): string =>
  `SIP/2.0/${via.transport} ${writeHost(via.host)}${via.port === undefined ? "" : `:${via.port}`}${writeParams(via.params)}`;

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

export function parseCSeq(text: string): CSeq | undefined {
  const value = text.trim();
  const space = value.search(/\s/);
  const digits = value.slice(0, Math.max(0, space));
  const method = value.slice(space).trim();
  const number = Number(digits);
  // RFC 3261 §8.1.1.5: less than 2**31.
  return /^\d{1,10}$/.test(digits) && !/\s/.test(method) && number < 2 ** 31 ? { number, method } : undefined;
}

/** The values of a header that may hold several, separated by commas. */
export function splitList(value: string): string[] {
  if (!value.includes(",")) return value.trim() === "" ? [] : [value.trim()];
  const parts: string[] = [];
  for (const part of splitOutside(value, ",")) {
    const text = part.trim();
    if (text !== "") parts.push(text);
  }
  return parts;
}
