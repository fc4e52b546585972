// Keys of SRTP in the session description (SDES, RFC 4568): the lines `a=crypto`, which of them to offer, which to take.
// Keys go no further than into the description that is sent and to the worker: not into an error, a log or a view.
import { randomBytes } from "node:crypto";
import { sameKey, suites, type MasterKey, type SrtpKeys, type SuiteName } from "./suites.ts";

/** Whether a leg's sound is encrypted: what we offer, and whether we insist. What the other side offers is always taken. */
export const encryptions = ["off", "optional", "required"] as const;
export type Encryption = (typeof encryptions)[number];

/** One line `a=crypto`. */
export interface CryptoLine {
  readonly tag: string;
  /** The suite as its writer calls it, to be echoed. */
  readonly name: string;
  readonly key: MasterKey;
}

/** What both sides have settled for an m-line. */
export interface Secured {
  readonly own: CryptoLine;
  readonly theirs: CryptoLine;
}

export const keysOf = ({ own, theirs }: Secured): SrtpKeys => ({ send: own.key, receive: theirs.key });

/** Names from before RFC 6188 was done, which devices still write. */
const formerNames: Readonly<Record<string, SuiteName>> = {
  AES_CM_256_HMAC_SHA1_80: "AES_256_CM_HMAC_SHA1_80",
  AES_CM_256_HMAC_SHA1_32: "AES_256_CM_HMAC_SHA1_32",
};

/** What stands behind `a=crypto:`, or undefined for a line that we cannot keep to. */
export function parseCrypto(value: string): CryptoLine | undefined {
  const [tag = "", name = "", keys = "", ...parameters] = value.trim().split(/[ \t]+/);
  const upper = name.toUpperCase();
  const suite = upper in suites ? (upper as SuiteName) : formerNames[upper];
  if (!/^\d{1,9}$/.test(tag) || suite === undefined || !parameters.every(isHarmless)) return undefined;
  const key = parseKey(suite, keys);
  return key && { tag, name, key };
}

/**
 * RFC 4568 §6.3: what we do not understand or do not do (UNENCRYPTED_SRTCP and its like) makes a line unusable, but for
 * hints, and what is marked as not to be minded.
 */
const isHarmless = (parameter: string): boolean => /^(?:KDR=0|WSH=\d+|-.*)$/i.test(parameter);

/** RFC 4568 §6.1. How long a key may be used binds the one who sends with it; ours are short-lived anyway. */
function parseKey(suite: SuiteName, text: string): MasterKey | undefined {
  // Several keys would be told apart by their identifiers; nobody is known to do it.
  const found = /^inline:([A-Za-z0-9+/]+={0,2})(?:\|(?:2\^\d{1,2}|\d{1,15}))?(?:\|(\d{1,39}):(\d{1,3}))?$/i.exec(text);
  if (!found) return undefined;
  const [, written = "", mki, length] = found;
  const key = Buffer.from(written, "base64");
  const { keyBytes, saltBytes } = suites[suite];
  if (key.length !== keyBytes + saltBytes) return undefined;
  if (mki === undefined) return { suite, key: key.toString("base64") };
  const bytes = Number(length);
  const hex = BigInt(mki).toString(16);
  if (bytes < 1 || bytes > 128 || hex.length > 2 * bytes) return undefined;
  return { suite, key: key.toString("base64"), mki: hex.padStart(2 * bytes, "0") };
}

/** The line as it stands in SDP, without `a=`. */
export function writeCrypto({ tag, name, key: { key, mki } }: CryptoLine): string {
  const identifier = mki === undefined ? "" : `|${BigInt(`0x${mki}`)}:${mki.length / 2}`;
  return `crypto:${tag} ${name} inline:${key}${identifier}`;
}

export type RandomBytes = (count: number) => Buffer;

export function freshKey(suite: SuiteName, random: RandomBytes = randomBytes): MasterKey {
  const { keyBytes, saltBytes } = suites[suite];
  return { suite, key: random(keyBytes + saltBytes).toString("base64") };
}

/** The one that all have goes first. Who insists offers all: whatever the other side is, it has one of these. */
const offered: Readonly<Record<Encryption, readonly SuiteName[]>> = {
  off: [],
  // Few, since each is ninety bytes more of an INVITE, which must stay a datagram.
  optional: ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"],
  required: [
    ...(["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"] as const),
    ...(["AES_256_CM_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32", "AEAD_AES_256_GCM"] as const),
  ],
};

/** The lines of a new offer, each with a key of its own. */
export const offerCrypto = (encryption: Encryption, random: RandomBytes = randomBytes): CryptoLine[] =>
  offered[encryption].map((name, index) => ({ tag: String(index + 1), name, key: freshKey(name, random) }));

/**
 * Our answer to the lines of an offer: the first that we can keep to, as its writer prefers. While the other side keeps its
 * key, we keep ours; a new one of theirs may mean another device, which does not know our counter (RFC 4568 §7.1.4).
 */
export function answerCrypto(
  lines: readonly CryptoLine[],
  before: Secured | undefined,
  random: RandomBytes = randomBytes,
): Secured | undefined {
  const [theirs] = lines;
  if (!theirs) return undefined;
  const { tag, name, key } = theirs;
  if (before && sameKey(before.theirs.key, key)) return { own: { tag, name, key: before.own.key }, theirs };
  // Who marks its packets with a key identifier awaits the same of us.
  const mki = key.mki === undefined ? {} : { mki: "1".padStart(key.mki.length, "0") };
  return { own: { tag, name, key: { ...freshKey(key.suite, random), ...mki } }, theirs };
}

/** What an answer to our offer settles: undefined = plain RTP, "mismatch" = a line that answers none of ours. */
export function settleCrypto(
  ours: readonly CryptoLine[],
  { crypto, keyed }: { readonly crypto: readonly CryptoLine[]; readonly keyed: boolean },
): Secured | undefined | "mismatch" {
  if (ours.length === 0 || !keyed) return undefined;
  // Some answer with a tag of their own; each suite was offered once.
  for (const theirs of crypto) {
    const own = ours.find((line) => line.key.suite === theirs.key.suite);
    if (own) return { own, theirs };
  }
  return "mismatch";
}
