// A map of a fixed size that forgets what was used longest ago: what strangers can fill must not grow.

export class Recent<V> {
  readonly #most: number;
  readonly #values = new Map<string, V>();
  /** What was used last: mostly it is used again, and stays where it is. */
  #newest: string | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#values.size;
  }

  /** The value, which counts as used by that. */
  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value !== undefined && key !== this.#newest) this.#renew(key, value);
    return value;
  }

  set(key: string, value: V): void {
    if (key === this.#newest) this.#values.set(key, value);
    else this.#renew(key, value);
    if (this.#values.size <= this.#most) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }

  delete(key: string): void {
    this.#values.delete(key);
    if (key === this.#newest) this.#newest = undefined;
  }

  clear(): void {
    this.#values.clear();
    this.#newest = undefined;
  }

  #renew(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    this.#newest = key;
  }
}
