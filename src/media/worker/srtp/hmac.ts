// AES in counter mode and HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1). Both work in memory of our own, in which the packet stands behind the
// block of the key that HMAC begins with (RFC 2104): so a tag is two calls of a hash, where an HMAC object made for each packet costs
// three times as much, and the packet is encrypted in words, not bytes.
import { hash, timingSafeEqual } from "node:crypto";
import type { SessionKeys } from "./derive.ts";
import { KeyStream } from "./key-stream.ts";
import type { Transform } from "./transform.ts";

/** Of SHA-1. */
const blockBytes = 64;
const digestBytes = 20;
const wordBytes = 4;
/** Enough for a packet of sound; grows with the first larger one. */
const fewBytes = 256;
/** More than a packet of any network has. What is longer gets memory for itself, so that nobody can make us keep it. */
const mostBytes = 2048;

export class CounterMode implements Transform {
  readonly tagBytes: number;
  readonly #stream: KeyStream;
  /** Key ⊕ ipad, the packet, and the word that is authenticated with it. */
  #inner: Buffer;
  #words: Int32Array;
  /** Key ⊕ opad, and the digest of those. */
  readonly #outer: Buffer;
  readonly #digest = Buffer.alloc(digestBytes);
  readonly #tag: Buffer;
  /** The tag of a packet that comes in. */
  readonly #given: Buffer;
  /** What was hashed last; packets of sound are all as long. */
  #hashed: Buffer = Buffer.alloc(0);

  constructor({ cipher, salt, auth }: SessionKeys, tagBytes: number) {
    this.tagBytes = tagBytes;
    this.#stream = new KeyStream(cipher, salt);
    this.#words = new Int32Array((blockBytes + fewBytes + wordBytes) / 4);
    this.#inner = padded(auth, 0x36, Buffer.from(this.#words.buffer));
    this.#outer = padded(auth, 0x5c, Buffer.alloc(blockBytes + digestBytes));
    this.#tag = this.#digest.subarray(0, tagBytes);
    this.#given = Buffer.alloc(tagBytes);
  }

  seal(source: Buffer, start: number, target: Buffer, tagAt: number, ssrc: number, index: number, word: number): void {
    const end = source.length;
    this.#take(source, end);
    this.#xor(start, end, ssrc, index);
    this.#inner.copy(target, 0, blockBytes, blockBytes + end);
    this.#authenticate(end, word);
    this.#tag.copy(target, tagAt);
    this.#forget(end);
  }

  open(packet: Buffer, start: number, end: number, tagAt: number, ssrc: number, index: number, word: number): boolean {
    this.#take(packet, end);
    this.#authenticate(end, word);
    packet.copy(this.#given, 0, tagAt, tagAt + this.tagBytes);
    const authentic = timingSafeEqual(this.#tag, this.#given);
    if (authentic) {
      this.#xor(start, end, ssrc, index);
      this.#inner.copy(packet, start, blockBytes + start, blockBytes + end);
    }
    this.#forget(end);
    return authentic;
  }

  #take(packet: Buffer, end: number): void {
    if (blockBytes + end + wordBytes > this.#inner.length) this.#grow(2 ** Math.ceil(Math.log2(end)));
    packet.copy(this.#inner, blockBytes, 0, end);
  }

  #forget(end: number): void {
    if (end > mostBytes) this.#grow(mostBytes);
  }

  #grow(bytes: number): void {
    const key = this.#inner.subarray(0, blockBytes);
    this.#words = new Int32Array((blockBytes + bytes + wordBytes) / 4);
    this.#inner = Buffer.from(this.#words.buffer);
    key.copy(this.#inner);
    this.#hashed = this.#inner.subarray(0, blockBytes);
  }

  /** Leaves the HMAC of the packet and the word in `#tag`. Text is the cheapest that a digest comes as. */
  #authenticate(end: number, word: number): void {
    this.#inner.writeUInt32BE(word, blockBytes + end);
    const length = blockBytes + end + wordBytes;
    if (this.#hashed.length !== length) this.#hashed = this.#inner.subarray(0, length);
    this.#outer.write(hash("sha1", this.#hashed, "binary"), blockBytes, "latin1");
    this.#digest.write(hash("sha1", this.#outer, "binary"), "latin1");
  }

  /** A header is a multiple of words long (RFC 3550 §5.1, §6.4.1); what stands behind the packet in its last word is not needed. */
  #xor(start: number, end: number, ssrc: number, index: number): void {
    const at = this.#stream.at(end - start, ssrc, index);
    const [words, stream] = [this.#words, this.#stream.words];
    const first = (blockBytes + start) / 4;
    const count = Math.ceil((end - start) / 4);
    for (let i = 0; i < count; i++) words[first + i] = (words[first + i] ?? 0) ^ (stream[at + i] ?? 0);
  }
}

/** The key of HMAC as its two hashes begin with it (RFC 2104 §2), at the head of `memory`. */
function padded(key: Buffer, pad: number, memory: Buffer): Buffer {
  memory.fill(pad, 0, blockBytes);
  for (const [i, byte] of key.entries()) memory[i] = byte ^ pad;
  return memory;
}
