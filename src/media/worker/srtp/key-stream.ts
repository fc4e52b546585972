// AES in counter mode (RFC 3711 §4.1.1; with 256 bits RFC 6188) as a key stream: a long-lived ECB cipher over counter blocks that are
// laid out here. A counter mode cipher made for each packet costs three times as much, and what a call of the cipher costs is
// mostly the call: where packets follow each other, the stream of the next ones is made with it.
import { createCipheriv, createSecretKey, type Cipheriv } from "node:crypto";

const blockBytes = 16;
const blockWords = 4;
/** So many at once, if that is more than one packet: with 2 KiB, ten packets of sound. */
const aheadBlocks = 128;
/** Room for a packet of sound: shorter ones between longer ones do not break the row. */
const leastBlocks = 12;

export class KeyStream {
  /** The stream itself; `at` says where that of a packet begins. Before it is that, the counters stand here. */
  words = new Int32Array(0);
  // The same memory.
  #halves = new Uint16Array(0);
  #bytes = Buffer.alloc(0);
  readonly #salt: Buffer;
  readonly #ecb: Cipheriv;
  // What is there: from packet `#first` of `#ssrc` on `#packets`, each of `#blocks`.
  #ssrc = -1;
  #first = 0;
  #packets = 0;
  #blocks = 0;
  /** The number that would go on from the last. */
  #next = -1;

  constructor(cipher: Buffer, salt: Buffer) {
    this.#salt = salt;
    this.#ecb = createCipheriv(cipher.length === 16 ? "aes-128-ecb" : "aes-256-ecb", createSecretKey(cipher), null);
    this.#ecb.setAutoPadding(false);
  }

  /** The word at which the stream of this packet begins, at least as long as the `bytes` to encrypt; until the next call. */
  at(bytes: number, ssrc: number, index: number): number {
    const blocks = Math.ceil(bytes / blockBytes);
    const sameSource = ssrc === this.#ssrc;
    const goesOn = sameSource && index === this.#next;
    this.#next = index + 1;
    const place = index - this.#first;
    if (sameSource && place >= 0 && place < this.#packets && blocks <= this.#blocks)
      return place * this.#blocks * blockWords;
    this.#make(blocks, goesOn, ssrc, index);
    return 0;
  }

  #make(blocks: number, goesOn: boolean, ssrc: number, index: number): void {
    const each = goesOn ? Math.max(blocks, leastBlocks) : blocks;
    const packets = goesOn ? Math.max(1, Math.floor(aheadBlocks / each)) : 1;
    const bytes = each * packets * blockBytes;
    if (bytes > this.#bytes.length) {
      const memory = new ArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
      this.words = new Int32Array(memory);
      this.#halves = new Uint16Array(memory);
      this.#bytes = Buffer.from(memory);
    }
    for (let i = 0; i < packets; i++) this.#lay(i * each, each, ssrc, index + i);
    this.#ecb.update(this.#bytes.subarray(0, bytes)).copy(this.#bytes);
    this.#ssrc = ssrc;
    this.#first = index;
    this.#packets = packets;
    this.#blocks = each;
  }

  /** `count` blocks of one packet, from block `at` on: salt ⊕ SSRC ⊕ index, and behind them the number of the block (RFC 3711 §4.1.1). */
  #lay(at: number, count: number, ssrc: number, index: number): void {
    const [bytes, words, halves, salt] = [this.#bytes, this.words, this.#halves, this.#salt];
    const begin = at * blockBytes;
    bytes.writeUInt32BE(salt.readUInt32BE(0), begin);
    bytes.writeUInt32BE((salt.readUInt32BE(4) ^ ssrc) >>> 0, begin + 4);
    bytes.writeUInt16BE(salt.readUInt16BE(8) ^ Math.floor(index / 2 ** 32), begin + 8);
    bytes.writeUInt32BE((salt.readUInt32BE(10) ^ index) >>> 0, begin + 10);
    const word = at * blockWords;
    const one = words[word] ?? 0;
    const two = words[word + 1] ?? 0;
    const three = words[word + 2] ?? 0;
    const rest = halves[2 * word + 6] ?? 0;
    for (let i = 0; i < count; i++) {
      const to = word + blockWords * i;
      words[to] = one;
      words[to + 1] = two;
      words[to + 2] = three;
      halves[2 * to + 6] = rest;
      bytes[4 * to + 14] = i >> 8;
      bytes[4 * to + 15] = i;
    }
  }
}
