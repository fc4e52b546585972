// AES in counter mode and HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1; with 256 bits RFC 6188). The key stream is a long-lived ECB
// cipher over counter blocks that are laid out here: making a counter mode cipher for each packet costs three times as much.
import {
  createCipheriv,
  createHmac,
  createSecretKey,
  timingSafeEqual,
  type Cipheriv,
  type KeyObject,
} from "node:crypto";
import type { SessionKeys } from "./derive.ts";
import type { Transform } from "./transform.ts";

const blockBytes = 16;
/** Enough for a packet of sound; grows with the first larger one. */
const fewBlocks = 16;

export class CounterMode implements Transform {
  readonly tagBytes: number;
  readonly #salt: Buffer;
  readonly #auth: KeyObject;
  readonly #ecb: Cipheriv;
  readonly #word = Buffer.alloc(4);
  #blocks = new Blocks(fewBlocks);

  constructor({ cipher, salt, auth }: SessionKeys, tagBytes: number) {
    this.tagBytes = tagBytes;
    this.#salt = salt;
    this.#auth = createSecretKey(auth);
    this.#ecb = createCipheriv(cipher.length === 16 ? "aes-128-ecb" : "aes-256-ecb", createSecretKey(cipher), null);
    this.#ecb.setAutoPadding(false);
  }

  seal(source: Buffer, start: number, target: Buffer, tagAt: number, ssrc: number, index: number, word: number): void {
    const end = source.length;
    source.copy(target, 0, 0, start);
    this.#xor(source, start, end, target, ssrc, index);
    this.#tag(target, end, word).copy(target, tagAt, 0, this.tagBytes);
  }

  open(packet: Buffer, start: number, end: number, tagAt: number, ssrc: number, index: number, word: number): boolean {
    const tag = this.#tag(packet, end, word).subarray(0, this.tagBytes);
    if (!timingSafeEqual(tag, packet.subarray(tagAt, tagAt + this.tagBytes))) return false;
    this.#xor(packet, start, end, packet, ssrc, index);
    return true;
  }

  #tag(packet: Buffer, end: number, word: number): Buffer {
    this.#word.writeUInt32BE(word);
    return createHmac("sha1", this.#auth).update(packet.subarray(0, end)).update(this.#word).digest();
  }

  #xor(source: Buffer, start: number, end: number, target: Buffer, ssrc: number, index: number): void {
    const stream = this.#keyStream(end - start, ssrc, index);
    for (let i = start; i < end; i++) target[i] = (source[i] ?? 0) ^ (stream[i - start] ?? 0);
  }

  #keyStream(bytes: number, ssrc: number, index: number): Buffer {
    const count = Math.ceil(bytes / blockBytes);
    if (count > this.#blocks.count) this.#blocks = new Blocks(2 ** Math.ceil(Math.log2(count)));
    return this.#ecb.update(this.#blocks.fill(count, this.#salt, ssrc, index));
  }
}

/** RFC 3711 §4.1.1: salt ⊕ SSRC ⊕ index, and behind them the number of the block. */
class Blocks {
  readonly count: number;
  readonly #bytes: Buffer;
  // The same bytes, to be copied in few steps.
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;

  constructor(count: number) {
    this.count = count;
    const memory = new ArrayBuffer(count * blockBytes);
    this.#bytes = Buffer.from(memory);
    this.#words = new Uint32Array(memory);
    this.#halves = new Uint16Array(memory);
    for (let i = 0; i < count; i++) this.#bytes.writeUInt16BE(i, i * blockBytes + 14);
  }

  fill(count: number, salt: Buffer, ssrc: number, index: number): Buffer {
    const bytes = this.#bytes;
    bytes.writeUInt32BE(salt.readUInt32BE(0), 0);
    bytes.writeUInt32BE((salt.readUInt32BE(4) ^ ssrc) >>> 0, 4);
    bytes.writeUInt16BE(salt.readUInt16BE(8) ^ Math.floor(index / 2 ** 32), 8);
    bytes.writeUInt32BE((salt.readUInt32BE(10) ^ index) >>> 0, 10);
    const [words, halves] = [this.#words, this.#halves];
    const [one = 0, two = 0, three = 0] = words;
    const rest = halves[6] ?? 0;
    for (let i = 1; i < count; i++) {
      words[4 * i] = one;
      words[4 * i + 1] = two;
      words[4 * i + 2] = three;
      halves[8 * i + 6] = rest;
    }
    return bytes.subarray(0, count * blockBytes);
  }
}
