// What a TLS listener is given, read and checked: our certificate with its key, authorities, pins. Each fault is a sentence.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { giveUp, tryAgain, type PorteroError } from "../../errors.ts";
import { fingerprintOf } from "../../trust.ts";
import type { Pem, PemKey, TlsOptions } from "./flow.ts";

export interface TlsCredentials {
  readonly own?: { readonly cert: string; readonly key: string; readonly leaf: X509Certificate };
  readonly ca?: readonly string[];
}

const nameOf = (what: string, source: Pem | PemKey): string => ("file" in source ? `${what} ${source.file}` : what);

// A file may be mended without a word to us; a setting is not.
const fault = (source: Pem | PemKey, code: string, text: string, cause?: unknown): PorteroError =>
  ("file" in source ? tryAgain : giveUp)(code, text, { cause });

async function textOf(what: string, source: Pem | PemKey): Promise<string> {
  if ("pem" in source) return typeof source.pem === "string" ? source.pem : source.pem.reveal();
  try {
    return await readFile(source.file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : code === "EACCES" ? "it may not be read" : String(code);
    throw fault(source, "tls-file", `${nameOf(what, source)} cannot be read: ${why}`, error);
  }
}

const block = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

function certificatesIn(what: string, source: Pem, text: string): X509Certificate[] {
  const found = text.match(block) ?? [];
  try {
    if (found.length > 0) return found.map((pem) => new X509Certificate(pem));
  } catch (error) {
    throw fault(source, "tls-certificate", `${nameOf(what, source)} is damaged: export it again as PEM`, error);
  }
  throw fault(source, "tls-certificate", `${nameOf(what, source)} holds no certificate in PEM form`);
}

/**
 * Reads everything anew.
 * @throws PorteroError `tls-file`, `tls-certificate`, `tls-key`, `tls-ca`, `bad-pin`
 */
export async function readCredentials(options: TlsOptions): Promise<TlsCredentials> {
  const { own, ca, clients = "off" } = options;
  pinsOf(options);
  if (clients !== "off" && !ca)
    throw giveUp(
      "tls-ca",
      "who connects shall show a certificate, but no authority is given: enter the one that signs them",
    );
  const authority = "the authority's certificate";
  const authorities = ca && certificatesIn(authority, ca, await textOf(authority, ca)).map(String);
  return {
    ...(own && { own: await readOwn(own) }),
    ...(authorities && { ca: authorities }),
  };
}

async function readOwn({
  certificate,
  key,
}: NonNullable<TlsOptions["own"]>): Promise<NonNullable<TlsCredentials["own"]>> {
  const cert = await textOf("the certificate", certificate);
  const [leaf] = certificatesIn("the certificate", certificate, cert);
  if (!leaf) throw fault(certificate, "tls-certificate", "there is no certificate");
  const text = await textOf("the key", key);
  const what = nameOf("the key", key);
  if (/ENCRYPTED/.test(text))
    throw fault(
      key,
      "tls-key",
      `${what} is encrypted: take its passphrase off with "openssl pkey -in key.pem -out plain.pem"`,
    );
  let secret;
  try {
    secret = createPrivateKey(text);
  } catch {
    // The cause may quote what it read.
    throw fault(key, "tls-key", `${what} is no private key in PEM form`);
  }
  if (!leaf.checkPrivateKey(secret))
    throw fault(
      key,
      "tls-key",
      `${what} does not fit the certificate of ${subjectOf(leaf)}: they must be of one pair, and a chain begins with it`,
    );
  return { cert, key: text, leaf };
}

/** Names a certificate is for, or its subject where it has none. */
const subjectOf = (certificate: X509Certificate): string =>
  certificate.subjectAltName ?? certificate.subject.replaceAll("\n", ", ");

/** @throws PorteroError `bad-pin` */
export function pinsOf({ pins = [] }: TlsOptions): ReadonlySet<string> {
  return new Set(
    pins.map((pin) => {
      const fingerprint = fingerprintOf(pin);
      if (fingerprint !== undefined) return fingerprint;
      throw giveUp("bad-pin", `the pin "${pin}" must be a SHA-256 fingerprint: 64 hexadecimal digits, colons allowed`);
    }),
  );
}

const dayMs = 24 * 60 * 60_000;

/** What is to be said of a certificate's time; nothing while it has long to live. */
export function ageFault(certificate: X509Certificate, now: number): PorteroError | undefined {
  const whose = `the certificate for ${subjectOf(certificate)}`;
  const until = Date.parse(certificate.validTo);
  const from = Date.parse(certificate.validFrom);
  const renew = "renew it, or devices that check it will not connect";
  if (until < now) return tryAgain("tls-expired", `${whose} expired on ${day(until)}: ${renew}`);
  if (from > now)
    return tryAgain("tls-early", `${whose} is not valid before ${day(from)}: is this machine's clock right?`);
  if (until - now < 14 * dayMs) return tryAgain("tls-expires", `${whose} expires on ${day(until)}: ${renew}`);
  return undefined;
}

const day = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** Something that changes whenever one of the files does; "" where there are none. */
export async function filesState({ own, ca }: TlsOptions): Promise<string> {
  const files = [own?.certificate, own?.key, ca].flatMap((source) => (source && "file" in source ? [source.file] : []));
  const states = files.map(async (file) => {
    const found = await stat(file).catch(() => undefined);
    return found ? `${found.ino} ${found.mtimeMs} ${found.size}` : "missing";
  });
  return (await Promise.all(states)).join("|");
}
