// AES in Galois/counter mode (RFC 7714): the tag is part of the cipher. Each packet needs a cipher of its own.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import type { SessionKeys } from "./derive.ts";
import type { Transform } from "./transform.ts";

const tagBytes = 16;

export class Gcm implements Transform {
  readonly tagBytes = tagBytes;
  readonly #cipher: "aes-128-gcm" | "aes-256-gcm";
  readonly #key: KeyObject;
  readonly #salt: Buffer;
  /** RTCP's index is authenticated with the header (RFC 7714 §9.2); RTP's rollover counter is in the nonce only. */
  readonly #word: Buffer | undefined;
  readonly #nonce = Buffer.alloc(12);

  constructor({ cipher, salt }: SessionKeys, of: "rtp" | "rtcp") {
    this.#cipher = cipher.length === 16 ? "aes-128-gcm" : "aes-256-gcm";
    this.#key = createSecretKey(cipher);
    this.#salt = salt;
    this.#word = of === "rtcp" ? Buffer.alloc(4) : undefined;
  }

  seal(source: Buffer, start: number, target: Buffer, tagAt: number, ssrc: number, index: number, word: number): void {
    const cipher = createCipheriv(this.#cipher, this.#key, this.#nonceOf(ssrc, index), { authTagLength: tagBytes });
    cipher.setAAD(this.#beside(source, start, word));
    source.copy(target, 0, 0, start);
    cipher.update(source.subarray(start)).copy(target, start);
    cipher.final();
    cipher.getAuthTag().copy(target, tagAt);
  }

  open(packet: Buffer, start: number, end: number, tagAt: number, ssrc: number, index: number, word: number): boolean {
    const cipher = createDecipheriv(this.#cipher, this.#key, this.#nonceOf(ssrc, index), { authTagLength: tagBytes });
    cipher.setAAD(this.#beside(packet, start, word));
    cipher.setAuthTag(packet.subarray(tagAt, tagAt + tagBytes));
    const clear = cipher.update(packet.subarray(start, end));
    try {
      cipher.final();
    } catch {
      return false;
    }
    clear.copy(packet, start);
    return true;
  }

  #beside(packet: Buffer, start: number, word: number): Buffer {
    const header = packet.subarray(0, start);
    if (!this.#word) return header;
    this.#word.writeUInt32BE(word);
    return Buffer.concat([header, this.#word]);
  }

  /** RFC 7714 §8.1, §9.1: two zeros, SSRC and the index in 48 bits, ⊕ salt. */
  #nonceOf(ssrc: number, index: number): Buffer {
    const nonce = this.#nonce;
    this.#salt.copy(nonce);
    nonce.writeUInt32BE((nonce.readUInt32BE(2) ^ ssrc) >>> 0, 2);
    nonce.writeUInt16BE(nonce.readUInt16BE(6) ^ Math.floor(index / 2 ** 32), 6);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ index) >>> 0, 8);
    return nonce;
  }
}
