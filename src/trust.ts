// Whether the far side of a TLS connection is who it should be (P12, RFC 5922), and the sentence where it is not. Node's own
// check runs on neither a resumed session nor a self-signed certificate with a pin, and its error does not say which
// certificate it saw: connect with `rejectUnauthorized: false`, ask here once the connection is secure, send nothing before.
import type { TLSSocket } from "node:tls";
import { giveUp, type PorteroError } from "./errors.ts";

/** What makes a certificate acceptable: its chain and name, this SHA-256 fingerprint (hexadecimal), or its existence. */
export type Trust = "chain" | "anything" | { readonly pin: string };

/** The certificate shown is not the one wanted. */
export class CertificateError extends Error {
  readonly code: string;
  /** SHA-256 of the certificate that was seen, in the form that is entered as a pin. */
  readonly fingerprint: string;

  constructor(code: string, fingerprint: string) {
    super(code);
    this.code = code;
    this.fingerprint = fingerprint;
  }
}

/** A fingerprint in one form: 64 small hexadecimal digits; undefined if it is none. Colons and spaces may stand in it. */
export function fingerprintOf(text: string): string | undefined {
  const digits = text.replace(/[\s:]/g, "").toLowerCase();
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}

/** What is wrong with the certificate of a connection that is secure; null if it is trusted. */
export function distrust(socket: TLSSocket, trust: Trust): CertificateError | null {
  if (trust === "anything") return null;
  const seen = socket.getPeerX509Certificate()?.fingerprint256 ?? "";
  if (trust === "chain") {
    // Typed as an Error, but OpenSSL's word in fact.
    return socket.authorized ? null : new CertificateError(String(socket.authorizationError), seen);
  }
  return fingerprintOf(seen) === trust.pin ? null : new CertificateError("PIN_MISMATCH", seen);
}

/** The sentence for it. `place` reads like "The camera at http://1.2.3.4/a.jpg". */
export function certificateFault({ code, fingerprint }: CertificateError, place: string): PorteroError {
  const data = { errno: code, fingerprint };
  const advice = `If it is the right device, enter its fingerprint as pin: ${fingerprint}`;
  switch (code) {
    case "PIN_MISMATCH":
      return giveUp("pin-mismatch", `${place} shows another certificate than the pinned one. ${advice}`, { data });
    case "CERT_HAS_EXPIRED":
      return giveUp("tls-expired", `${place} shows a certificate that has expired. ${advice}`, { data });
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return giveUp("tls-name", `${place} shows a certificate made for another name. ${advice}`, { data });
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return giveUp("tls-untrusted", `${place} shows a self-signed certificate. ${advice}`, { data });
    default:
      return giveUp("tls-untrusted", `${place} shows a certificate that nobody known vouches for. ${advice}`, { data });
  }
}
