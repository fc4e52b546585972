// Session keys out of a master key (RFC 3711 §4.3.1; RFC 6188 §3 and RFC 7714 §11 for its longer and shorter forms).
import { createCipheriv } from "node:crypto";
import { suites, type SuiteName } from "../../suites.ts";

export interface SessionKeys {
  readonly cipher: Buffer;
  readonly salt: Buffer;
  /** For HMAC-SHA1; empty where the cipher authenticates by itself. */
  readonly auth: Buffer;
}

/** RFC 3711 §4.3.1, §4.3.2 */
const labels = { rtp: { cipher: 0, auth: 1, salt: 2 }, rtcp: { cipher: 3, auth: 4, salt: 5 } } as const;
const authBytes = 20;

/** The session keys of RTP or RTCP; the key derivation rate is 0, so that there is one set a master key. */
export function sessionKeys(suite: SuiteName, master: Buffer, of: "rtp" | "rtcp"): SessionKeys {
  const { keyBytes, saltBytes, mode } = suites[suite];
  const key = master.subarray(0, keyBytes);
  const salt = master.subarray(keyBytes, keyBytes + saltBytes);
  const { cipher, auth, salt: salting } = labels[of];
  return {
    cipher: derive(key, salt, cipher, keyBytes),
    salt: derive(key, salt, salting, saltBytes),
    auth: mode === "gcm" ? Buffer.alloc(0) : derive(key, salt, auth, authBytes),
  };
}

/** AES in counter mode over zeros. */
export function derive(key: Buffer, salt: Buffer, label: number, bytes: number): Buffer {
  const iv = Buffer.alloc(16);
  salt.copy(iv);
  iv.writeUInt8(iv.readUInt8(7) ^ label, 7);
  return createCipheriv(key.length === 16 ? "aes-128-ctr" : "aes-256-ctr", key, iv).update(Buffer.alloc(bytes));
}
