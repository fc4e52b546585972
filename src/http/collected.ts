// Bytes that come in pieces, in one buffer. It grows by doubling: a camera that drips single bytes must not make us copy all
// of them each time.
export class Collected {
  #space = Buffer.alloc(0);
  length = 0;

  /** All of them; overwritten by what is added or dropped later. */
  get bytes(): Buffer {
    return this.#space.subarray(0, this.length);
  }

  add(piece: Buffer): void {
    if (this.length + piece.length > this.#space.length) {
      const larger = Buffer.allocUnsafe(Math.max(16_384, 2 * this.#space.length, this.length + piece.length));
      this.#space.copy(larger, 0, 0, this.length);
      this.#space = larger;
    }
    piece.copy(this.#space, this.length);
    this.length += piece.length;
  }

  /** Takes the first `count` away. */
  drop(count: number): void {
    this.#space.copyWithin(0, count, this.length);
    this.length -= count;
  }
}
