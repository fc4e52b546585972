// The crypto suites of SRTP that we speak: RFC 4568 §6.2, RFC 6188, RFC 7714.

export interface Suite {
  readonly keyBytes: 16 | 32;
  readonly saltBytes: 12 | 14;
  /** "gcm" encrypts and authenticates in one; "hmac" is AES in counter mode and HMAC-SHA1 behind it. */
  readonly mode: "hmac" | "gcm";
  /** Of the tag of an RTP packet. That of RTCP is never shorter than 80 bits (RFC 3711 §5.2). */
  readonly tagBytes: 4 | 10 | 16;
}

export const suites = {
  AES_CM_128_HMAC_SHA1_80: { keyBytes: 16, saltBytes: 14, mode: "hmac", tagBytes: 10 },
  AES_CM_128_HMAC_SHA1_32: { keyBytes: 16, saltBytes: 14, mode: "hmac", tagBytes: 4 },
  AEAD_AES_128_GCM: { keyBytes: 16, saltBytes: 12, mode: "gcm", tagBytes: 16 },
  AES_256_CM_HMAC_SHA1_80: { keyBytes: 32, saltBytes: 14, mode: "hmac", tagBytes: 10 },
  AES_256_CM_HMAC_SHA1_32: { keyBytes: 32, saltBytes: 14, mode: "hmac", tagBytes: 4 },
  AEAD_AES_256_GCM: { keyBytes: 32, saltBytes: 12, mode: "gcm", tagBytes: 16 },
} as const satisfies Record<string, Suite>;

export type SuiteName = keyof typeof suites;

/** Master key and salt of one direction. */
export interface MasterKey {
  readonly suite: SuiteName;
  /** Key and salt behind each other, in base64 as SDP writes them. */
  readonly key: string;
  /** The master key identifier that each packet carries, in hex (RFC 3711 §3.1). */
  readonly mki?: string;
}

export const sameKey = (a: MasterKey, b: MasterKey): boolean =>
  a.suite === b.suite && a.key === b.key && a.mki === b.mki;

/** Both directions of one m-line. */
export interface SrtpKeys {
  readonly send: MasterKey;
  readonly receive: MasterKey;
}
