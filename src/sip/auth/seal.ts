// A seal on a short text that only we can make: HMAC-SHA-256 (RFC 2104). Made of two hashes in one call each, which takes a
// quarter of the time of Node's Hmac object; that one is made anew for each text, and with a Buffer for its key takes thirty times as
// long. Each stranger's request costs two seals.
import { hash } from "node:crypto";

/** The block of SHA-256, in bytes. */
const block = 64;

export class Seal {
  readonly #inner: Buffer;
  readonly #outer: Buffer;

  /** `key`: 64 bytes at most. */
  constructor(key: Buffer) {
    if (key.length > block) throw new Error("the key of a seal is longer than a block");
    const pad = (mask: number) => Buffer.alloc(block).map((_, at) => (key[at] ?? 0) ^ mask);
    this.#inner = Buffer.from(pad(0x36));
    this.#outer = Buffer.from(pad(0x5c));
  }

  /** In base64url. */
  of(text: string): string {
    const inner = hash("sha256", Buffer.concat([this.#inner, Buffer.from(text)]), "buffer");
    return hash("sha256", Buffer.concat([this.#outer, inner]), "base64url");
  }
}
