// A seal on a short text that only we can make: HMAC-SHA-256 (RFC 2104). Made of two hashes in one call each, which takes a
// quarter of the time of Node's Hmac object; that one is made anew for each text, and with a Buffer for its key takes thirty times as
// long. Each stranger's request costs two seals.
import { hash } from "node:crypto";

/** The block of SHA-256, in bytes. */
const block = 64;

export class Seal {
  readonly #inner: Buffer;
  /** The outer block, and behind it room for the inner hash. */
  readonly #outer: Buffer;

  /** `key`: 64 bytes at most. */
  constructor(key: Buffer) {
    if (key.length > block) throw new Error("the key of a seal is longer than a block");
    const pad = (mask: number) => Buffer.alloc(block).map((_, at) => (key[at] ?? 0) ^ mask);
    this.#inner = Buffer.from(pad(0x36));
    this.#outer = Buffer.concat([pad(0x5c), Buffer.alloc(32)]);
  }

  /** In base64url. */
  of(text: string): string {
    // As text and back: half the time of a buffer for each.
    this.#outer.write(hash("sha256", Buffer.concat([this.#inner, Buffer.from(text)])), block, "hex");
    return hash("sha256", this.#outer, "base64url");
  }
}
