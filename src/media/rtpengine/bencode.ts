// Bencoding, in which the ng protocol writes its dictionaries: numbers i42e, strings 3:abc, lists l…e, dictionaries d…e.
// Keys need not be in order: rtpengine does not ask for it.

export type Bencoded = number | string | readonly Bencoded[] | Dictionary;
export interface Dictionary {
  readonly [key: string]: Bencoded;
}

export interface Fields {
  readonly [key: string]: Bencoded | Uint8Array;
}

/** Deeper than any answer is; a reader that follows every bracket could be led to the end of its stack. */
const deepest = 32;

export function encode(value: Bencoded): string {
  if (typeof value === "number") return `i${value}e`;
  if (typeof value === "string") return `${Buffer.byteLength(value)}:${value}`;
  if (isList(value)) return `l${value.map(encode).join("")}e`;
  return `d${Object.entries(value)
    .map(([key, item]) => encode(key) + encode(item))
    .join("")}e`;
}

/** A dictionary of which a value may be bytes as they are. */
export function encodeFields(fields: Fields): Buffer {
  const parts = Object.entries(fields).flatMap(([key, value]) =>
    value instanceof Uint8Array
      ? [Buffer.from(`${encode(key)}${value.length}:`), value]
      : [Buffer.from(encode(key) + encode(value))],
  );
  return Buffer.concat([Buffer.from("d"), ...parts, Buffer.from("e")]);
}

/** What `data` holds, or undefined where it is not one whole value. */
export function decode(data: Buffer): Bencoded | undefined {
  const reader = new Reader(data);
  const value = reader.value(deepest);
  return reader.done ? value : undefined;
}

class Reader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  get done(): boolean {
    return this.#at === this.#data.length;
  }

  value(depth: number): Bencoded | undefined {
    if (depth === 0) return undefined;
    switch (this.#data[this.#at]) {
      case 0x69: // i
        this.#at++;
        return this.#number(0x65);
      case 0x6c: // l
        return this.#items(depth);
      case 0x64: // d
        return this.#dictionary(depth);
      default:
        return this.#text();
    }
  }

  /** Digits up to the byte `end`, which is taken too. */
  #number(end: number): number | undefined {
    const to = this.#data.indexOf(end, this.#at);
    const digits = to < 0 ? "" : this.#data.toString("latin1", this.#at, Math.min(to, this.#at + 21));
    if (!/^-?\d{1,20}$/.test(digits)) return undefined;
    this.#at = to + 1;
    return Number(digits);
  }

  #text(): string | undefined {
    const length = this.#number(0x3a);
    if (length === undefined || length < 0 || length > this.#data.length - this.#at) return undefined;
    this.#at += length;
    return this.#data.toString("utf8", this.#at - length, this.#at);
  }

  #items(depth: number): Bencoded[] | undefined {
    const items: Bencoded[] = [];
    for (this.#at++; this.#data[this.#at] !== 0x65;) {
      const item = this.value(depth - 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    this.#at++;
    return items;
  }

  #dictionary(depth: number): Dictionary | undefined {
    const items = this.#items(depth);
    if (!items || items.length % 2 !== 0) return undefined;
    const entries: [string, Bencoded][] = [];
    for (let at = 0; at < items.length; at += 2) {
      const [key, item] = [items[at], items[at + 1]];
      if (typeof key !== "string" || item === undefined) return undefined;
      entries.push([key, item]);
    }
    return Object.fromEntries(entries);
  }
}

const isList = (value: Bencoded): value is readonly Bencoded[] => Array.isArray(value);

// Ways into an answer of which nothing is certain: what is not there, or is something else, is empty.
export const dictionaryAt = (value: Bencoded | undefined, key: string): Dictionary => {
  const found = at(value, key);
  return typeof found === "object" && !isList(found) ? found : {};
};
export const listAt = (value: Bencoded | undefined, key: string): readonly Bencoded[] => {
  const found = at(value, key);
  return typeof found === "object" && isList(found) ? found : [];
};
export const numberAt = (value: Bencoded | undefined, key: string): number => {
  const found = at(value, key);
  return typeof found === "number" ? found : 0;
};
export const textAt = (value: Bencoded | undefined, key: string): string => {
  const found = at(value, key);
  return typeof found === "string" ? found : "";
};

function at(value: Bencoded | undefined, key: string): Bencoded | undefined {
  return typeof value === "object" && !isList(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
