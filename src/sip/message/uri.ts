// SIP, SIPS and TEL URIs: RFC 3261 §19.1, RFC 3966. Parts are kept as they were written and never decoded and encoded
// again, so that what is passed on is what came in.
import { writeHost } from "../../ip.ts";
import { decoded, unquoted } from "../../quoted.ts";

export interface SipUri {
  readonly scheme: "sip" | "sips" | "tel";
  /** Escapes are kept; empty where there is none. For `tel` the number. */
  readonly user: string;
  /** Without the brackets of IPv6; empty for `tel`. */
  readonly host: string;
  readonly port?: number;
  /** Names in lower case; a parameter without a value has "". */
  readonly params: Params;
}

export type Params = ReadonlyMap<string, string>;

export const none: Params = new Map();

/** Reads `;name=value;flag`. Quotes around a value are taken off; a name given twice keeps its first value. */
export function parseParams(text: string): Params {
  let end = text.indexOf(";");
  if (end < 0) return none;
  const params = new Map<string, string>();
  if (text.includes('"') || text.includes("<")) {
    for (const part of splitOutside(text, ";")) takeParam(params, part);
    return params;
  }
  // Without quotes and brackets each semicolon separates.
  for (let start = 0; start < text.length; start = end + 1) {
    end = text.indexOf(";", start);
    if (end < 0) end = text.length;
    takeParam(params, text.slice(start, end));
  }
  return params;
}

function takeParam(params: Map<string, string>, part: string): void {
  const equals = part.indexOf("=");
  const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
  if (!name || params.has(name)) return;
  const value = equals < 0 ? "" : part.slice(equals + 1).trim();
  params.set(name, value.startsWith('"') ? unquote(value) : value);
}

export function writeParams(params: Params): string {
  let text = "";
  for (const [name, value] of params) text += value === "" ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** The text in a quoted string, escapes undone; what is not quoted comes back as it is. */
export function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return unquoted(text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined));
}

/** Splits at `separator` where it stands outside quotes and angle brackets. */
export function splitOutside(text: string, separator: string): string[] {
  if (!text.includes(separator)) return [text];
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let angle = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "<") angle = true;
    else if (c === ">") angle = false;
    else if (c === separator && !angle) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Reads `host`, `host:port`, `[v6]` or `[v6]:port`. */
export function parseHostPort(text: string): { host: string; port?: number } | undefined {
  // Trimmed first: two runs of white space side by side in the pattern would take quadratic time.
  const place = text.trim();
  const colon = place.indexOf(":");
  // A name or an IPv4 address, as it usually stands: no pattern has to give its parts.
  if (colon < 0 && /^[\w.-]+$/.test(place)) return { host: place };
  if (/^[\w.-]+:\d{1,5}$/.test(place)) return withPort(place.slice(0, colon), place.slice(colon + 1));
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:[\]]+))\s*(?::\s*(\d{1,5}))?$/.exec(place);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) return undefined;
  return match?.[3] === undefined ? { host } : withPort(host, match[3]);
}

function withPort(host: string, digits: string): { host: string; port: number } | undefined {
  const port = Number(digits);
  return port <= 65535 ? { host, port } : undefined;
}

export function parseUri(text: string): SipUri | undefined {
  const colon = text.indexOf(":");
  const scheme = text.slice(0, Math.max(0, colon)).trim().toLowerCase();
  let rest = text.slice(colon + 1);
  if (scheme === "tel") {
    const [number = "", ...params] = rest.split(";");
    return { scheme, user: number, host: "", params: parseParams(";" + params.join(";")) };
  }
  if (scheme !== "sip" && scheme !== "sips") return undefined;
  // A user part may hold ";", "?" and "/": the "@" decides first (RFC 3261 §25.1, user-unreserved).
  const at = rest.indexOf("@");
  let user = "";
  if (at >= 0) {
    user = rest.slice(0, at);
    rest = rest.slice(at + 1);
    const password = user.indexOf(":");
    if (password >= 0) user = user.slice(0, password);
  }
  const query = rest.indexOf("?");
  if (query >= 0) rest = rest.slice(0, query);
  const semicolon = rest.indexOf(";");
  const place = parseHostPort(semicolon < 0 ? rest : rest.slice(0, semicolon));
  if (!place) return undefined;
  const { host, port } = place;
  const params = semicolon < 0 ? none : parseParams(rest.slice(semicolon));
  return port === undefined ? { scheme, user, host, params } : { scheme, user, host, port, params };
}

export function writeUri(uri: SipUri): string {
  if (uri.scheme === "tel") return `tel:${uri.user}${writeParams(uri.params)}`;
  const user = uri.user ? `${uri.user}@` : "";
  const port = uri.port === undefined ? "" : `:${uri.port}`;
  return `${uri.scheme}:${user}${writeHost(uri.host)}${port}${writeParams(uri.params)}`;
}

/** Escapes undone, as is fit for comparing and showing; the text as it stands where they are broken or hide what no line may hold. */
export function unescaped(text: string): string {
  const plain = decoded(text);
  return /\p{Cc}/u.test(plain) ? text : plain;
}

/** Escapes what a user part may not hold (RFC 3261 §25.1). */
export const escapeUser = (user: string): string =>
  user.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu, (c) => encodeURIComponent(c));
