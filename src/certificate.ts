// Makes a certificate for this machine, signed by itself: for trying TLS, and for houses whose devices are told its
// fingerprint. X.509 v3: RFC 5280, with an ECDSA key on P-256 (RFC 5480, 5758). DER: X.690.
import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { isIPv4 } from "node:net";
import { giveUp } from "./errors.ts";
import { addressBytes } from "./ip.ts";
import { Secret } from "./secret.ts";

export interface MadeCertificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: Secret;
  /** SHA-256 in the form that is entered as a pin. */
  readonly fingerprint: string;
}

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  // Short form, or the number of bytes that hold the length (X.690 §8.1.3).
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]) => der(0x31, ...parts);
const octets = (content: Uint8Array) => der(0x04, content);
const explicit = (tag: number, content: Uint8Array) => der(0xa0 + tag, content);
const bits = (content: Uint8Array, unused = 0) => der(0x03, Buffer.from([unused]), content);
const yes = Buffer.from([0x01, 0x01, 0xff]);

/** Object identifiers, each with the first two numbers in one byte and the further ones in base 128 (X.690 §8.19). */
function oid(numbers: string): Buffer {
  const [first = 0, second = 0, ...rest] = numbers.split(".").map(Number);
  const bytes = rest.flatMap((number) => {
    const groups = [number & 127];
    for (let left = number >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128);
    return groups;
  });
  return der(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "");
  return digits < "2050" ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

const extension = (id: string, content: Uint8Array, critical = false) =>
  sequence(oid(id), ...(critical ? [yes] : []), octets(content));

// RFC 5280 §4.2.1.6: a DNS name has the tag 2, an address 7. Mbed TLS 2.28 (Linphone, many small devices) compares DNS
// names only, also where it was told an address: that stands there as a name, too, behind the others. Who reads addresses
// as RFC 2818 §3.1 wants it looks no further.
function alternativeNames(names: readonly string[]): Buffer[] {
  const dnsName = (name: string) => der(0x82, Buffer.from(name));
  const byKind = names.map((name) => {
    const address = addressBytes(name);
    return address ? der(0x87, address) : dnsName(name);
  });
  return [...byKind, ...names.filter(isIPv4).map(dnsName)];
}

const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i;
const isName = (name: string): boolean =>
  addressBytes(name) !== undefined || (name.length <= 253 && name.split(".").every((part) => label.test(part)));

const dayMs = 24 * 60 * 60_000;
const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));

/**
 * Makes a key and a certificate for host names and IP addresses, good for `days` from `now`.
 * @throws PorteroError `invalid`, naming what is neither
 */
export function makeCertificate(names: readonly string[], now: number, days = 730): MadeCertificate {
  const wrong = names.find((name) => !isName(name));
  const [first] = names;
  if (first === undefined) throw giveUp("invalid", "a certificate is for a name: enter a host name or an IP address");
  if (wrong !== undefined)
    throw giveUp(
      "invalid",
      `"${wrong.slice(0, 80)}" is neither a host name nor an IP address: a certificate cannot be for it`,
    );
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicInfo = publicKey.export({ type: "spki", format: "der" });
  const keyId = createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }).subarray(-65))
    .digest();
  // A common name holds 64 characters at most (RFC 5280, appendix A.1).
  const subject = sequence(set(sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(first.slice(0, 64))))));
  const serial = randomBytes(16);
  // Positive, and without a zero in front.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = sequence(
    explicit(0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, serial),
    ecdsaWithSha256,
    subject, // the issuer is itself
    // A device whose clock runs behind shall take it.
    sequence(time(now - dayMs), time(now + days * dayMs)),
    subject,
    publicInfo,
    explicit(
      3,
      sequence(
        extension("2.5.29.19", sequence(), true), // basicConstraints: it signs no other certificates
        extension("2.5.29.15", bits(Buffer.from([0x80]), 7), true), // keyUsage: digitalSignature
        extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"))), // server and client
        extension("2.5.29.14", octets(keyId)),
        extension("2.5.29.17", sequence(...alternativeNames(names))),
      ),
    ),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = new X509Certificate(sequence(toBeSigned, ecdsaWithSha256, bits(signature)));
  return {
    certificate: certificate.toString(),
    key: new Secret(privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    fingerprint: certificate.fingerprint256,
  };
}
