// What one source has sent so far: its packets' full numbers (RFC 3711 §3.3.1) and which of the last ones there were
// (§3.3.2), so that none counts twice.

/** At least 64 (RFC 3711 §3.3.2). */
export const windowSize = 128;

export class Window {
  /** The highest index so far: rollover counter and sequence number; −1 = none. */
  highest = -1;
  readonly #seen = new Uint32Array(windowSize / 32);

  /** The index that a sequence number most likely means: the one nearest to the highest (RFC 3711 appendix A). */
  indexOf(sequence: number): number {
    if (this.highest < 0) return sequence;
    const last = this.highest & 0xffff;
    const ahead = (sequence - last) & 0xffff;
    const before = ahead > 2 ** 15 || (ahead === 2 ** 15 && last >= 2 ** 15);
    return this.highest + ahead - (before ? 2 ** 16 : 0);
  }

  /** Whether it can be a packet that has not been there yet. */
  isNew(index: number): boolean {
    if (index < 0) return false;
    if (index > this.highest) return true;
    return this.highest - index < windowSize && !this.#bit(index);
  }

  note(index: number): void {
    if (index > this.highest) {
      if (index - this.highest >= windowSize) this.#seen.fill(0);
      else for (let passed = this.highest + 1; passed < index; passed++) this.#set(passed, false);
      this.highest = index;
    }
    this.#set(index, true);
  }

  #bit(index: number): boolean {
    return ((this.#seen[(index & 127) >> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  #set(index: number, on: boolean): void {
    const at = (index & 127) >> 5;
    const mask = 1 << (index & 31);
    const word = this.#seen[at] ?? 0;
    this.#seen[at] = on ? word | mask : word & ~mask;
  }
}
