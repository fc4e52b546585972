// Digest access authentication, both sides of it, for SIP and HTTP alike: RFC 7616, RFC 8760 (SHA-256 in SIP).
import { hash as hashOf, timingSafeEqual } from "node:crypto";
import { quote, unquoted } from "./quoted.ts";

export type DigestAlgorithm = "MD5" | "SHA-256";

export interface DigestChallenge {
  readonly scheme: "digest";
  readonly realm: string;
  readonly nonce: string;
  /** As offered, `-sess` included. */
  readonly algorithm: DigestAlgorithm | `${DigestAlgorithm}-sess`;
  readonly qop: readonly string[];
  readonly opaque?: string;
  /** The last answer was right but its nonce too old: try again with this one (RFC 7616 §3.3). */
  readonly stale: boolean;
}

export interface BasicChallenge {
  readonly scheme: "basic";
  readonly realm: string;
}

export type Challenge = DigestChallenge | BasicChallenge;

/** What a client sent in an Authorization header with the scheme Digest. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: string;
  readonly qop: string | undefined;
  readonly nc: string | undefined;
  readonly cnonce: string | undefined;
  readonly opaque: string | undefined;
}

interface Scheme {
  scheme: string;
  params: Map<string, string>;
}

/** Letters of a token (RFC 9110 §5.6.2), by their codes. */
const inToken = Array.from({ length: 128 }, (_, code) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(code)));
const isToken = (text: string, at: number): boolean => inToken[text.charCodeAt(at)] ?? false;
const isBlank = (text: string, at: number): boolean => at < text.length && text.charCodeAt(at) <= 32;

// One header may hold several challenges, and commas separate both challenges and parameters (RFC 9110 §11.6.1): a word
// followed by "=" is a parameter, a word followed by a space and another word begins a challenge. Letter by letter: in a server
// that has little to do, patterns cost several times as much as the reading itself.
function parseSchemes(value: string): Scheme[] {
  const schemes: Scheme[] = [];
  for (let at = 0; ;) {
    while (isBlank(value, at) || value[at] === ",") at++;
    const start = at;
    while (isToken(value, at)) at++;
    if (at === start) return schemes;
    const word = value.slice(start, at).toLowerCase();
    let next = at;
    while (isBlank(value, next)) next++;
    if (value[next] !== "=") {
      schemes.push({ scheme: word, params: new Map() });
      continue;
    }
    next++;
    while (isBlank(value, next)) next++;
    const end = quoteEnd(value, next);
    const quoted = end > next;
    at = quoted ? end : next;
    if (!quoted) while (at < value.length && !isBlank(value, at) && value[at] !== ",") at++;
    const text = quoted ? unquoted(value.slice(next + 1, end - 1)) : value.slice(next, at);
    const params = schemes.at(-1)?.params;
    if (params && !params.has(word)) params.set(word, text);
  }
}

/** Where the quoted text that begins there is over; where it begins, if there is none. */
function quoteEnd(text: string, start: number): number {
  if (text[start] !== '"') return start;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1;
    if (text[at] === "\\") at++;
  }
  return start;
}

const algorithmOf = (name: string | undefined): DigestChallenge["algorithm"] | undefined => {
  const known = ["MD5", "SHA-256", "MD5-sess", "SHA-256-sess"] as const;
  return name === undefined ? "MD5" : known.find((a) => a.toLowerCase() === name.toLowerCase());
};

/** Reads the values of WWW-Authenticate or Proxy-Authenticate headers. What it does not know is left out. */
export function parseChallenges(values: readonly string[]): Challenge[] {
  const found: Challenge[] = [];
  for (const { scheme, params } of values.flatMap(parseSchemes)) {
    const realm = params.get("realm") ?? "";
    if (scheme === "basic") found.push({ scheme, realm });
    const nonce = params.get("nonce");
    const algorithm = algorithmOf(params.get("algorithm"));
    if (scheme !== "digest" || nonce === undefined || algorithm === undefined) continue;
    const opaque = params.get("opaque");
    found.push({
      scheme,
      realm,
      nonce,
      algorithm,
      qop: (params.get("qop") ?? "")
        .split(",")
        .map((q) => q.trim().toLowerCase())
        .filter(Boolean),
      stale: params.get("stale")?.toLowerCase() === "true",
      ...(opaque === undefined ? {} : { opaque }),
    });
  }
  return found;
}

/** The strongest challenge that we can answer: SHA-256, MD5, Basic; Basic never where Digest was offered. */
export function strongest(challenges: readonly Challenge[]): Challenge | undefined {
  const rank = (c: Challenge) => (c.scheme === "basic" ? 0 : c.algorithm.startsWith("SHA-256") ? 2 : 1);
  return challenges.toSorted((a, b) => rank(b) - rank(a))[0];
}

/** Reads an Authorization or Proxy-Authorization header; undefined unless it is a complete Digest. */
export function parseCredentials(value: string): DigestCredentials | undefined {
  const scheme = parseSchemes(value)[0];
  if (scheme?.scheme !== "digest") return undefined;
  const { params } = scheme;
  const username = params.get("username");
  const realm = params.get("realm");
  const nonce = params.get("nonce");
  const uri = params.get("uri");
  const response = params.get("response");
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) return undefined;
  if (response === undefined) return undefined;
  const algorithm = params.get("algorithm") ?? "MD5";
  const optional = { qop: params.get("qop"), nc: params.get("nc"), cnonce: params.get("cnonce") };
  return { username, realm, nonce, uri, response, algorithm, ...optional, opaque: params.get("opaque") };
}

export interface DigestInput {
  readonly algorithm: DigestChallenge["algorithm"];
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  readonly method: string;
  /** Exactly the request target that is sent. */
  readonly uri: string;
  readonly qop?: string | undefined;
  /** Eight hexadecimal digits. */
  readonly nc?: string | undefined;
  readonly cnonce?: string | undefined;
  /** The body, for qop `auth-int`. */
  readonly body?: Buffer | string | undefined;
}

/** The `response` of RFC 7616 §3.4.1, lower-case hexadecimal. Without qop it is that of RFC 2069. */
export function digestResponse(input: DigestInput): string {
  const kind = input.algorithm.startsWith("SHA-256") ? "sha256" : "md5";
  const hash = (data: Buffer | string) => hashOf(kind, data, "hex");
  const { nonce, nc = "", cnonce = "", qop } = input;
  const secret = hash(`${input.username}:${input.realm}:${input.password}`);
  const a1 = input.algorithm.endsWith("-sess") ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
  const a2 = hash(`${input.method}:${input.uri}` + (qop === "auth-int" ? `:${hash(input.body ?? "")}` : ""));
  return hash(qop ? `${a1}:${nonce}:${nc}:${cnonce}:${qop}:${a2}` : `${a1}:${nonce}:${a2}`);
}

export interface AuthorizeInput {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  /** How often this nonce was used, this time included. */
  readonly count: number;
  /** Random text, chosen anew for each nonce. */
  readonly cnonce: string;
}

/** The value of the Authorization header that answers `challenge`. */
export function authorize(challenge: Challenge, input: AuthorizeInput): string {
  const { username, password, method, uri, cnonce } = input;
  if (challenge.scheme === "basic") return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const { realm, nonce, algorithm, opaque } = challenge;
  const nc = input.count.toString(16).padStart(8, "0");
  const qop = challenge.qop.includes("auth") ? { qop: "auth", nc, cnonce } : {};
  const response = digestResponse({ algorithm, username, realm, password, nonce, method, uri, cnonce, ...qop });
  return (
    `Digest username=${quote(username)}, realm=${quote(realm)}, nonce=${quote(nonce)}, uri=${quote(uri)}, ` +
    `response="${response}", algorithm=${algorithm}` +
    (opaque === undefined ? "" : `, opaque=${quote(opaque)}`) +
    ("qop" in qop ? `, qop=auth, nc=${nc}, cnonce=${quote(cnonce)}` : "")
  );
}

/** Whether `credentials` prove that their sender knows `password`. Nonce, realm and URI are the caller's to judge. */
export function verifyDigest(
  credentials: DigestCredentials,
  password: string,
  method: string,
  body?: Buffer | string,
): boolean {
  const algorithm = algorithmOf(credentials.algorithm);
  if (!algorithm) return false;
  const expected = digestResponse({ ...credentials, algorithm, password, method, body });
  const given = Buffer.from(credentials.response.toLowerCase());
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
}
