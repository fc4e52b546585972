// What we have described to the other side of a leg (RFC 3264 §8): the m-lines as last written, the numbers that codecs have
// had in them, and the o= version, which goes up exactly when something else changed.
import { isG711, key, type Format } from "./codec.ts";
import { writeSdp, type LocalLine } from "./sdp.ts";

export class LocalDescription {
  /** Our address in it. */
  advertise: string;
  readonly #id: number;
  #version = 0;
  #text = "";
  #lines: readonly LocalLine[] = [];
  /** Whose each number was: it is never given to another codec (§8.3.2). */
  readonly #numbers = new Map<number, string>();
  #away = false;

  /** `id` is the session id of the o= line, below 2^53. */
  constructor(id: number, advertise: string) {
    this.#id = id;
    this.advertise = advertise;
  }

  get text(): string {
    return this.#text;
  }

  /** As last written; their number and order never change. */
  get lines(): readonly LocalLine[] {
    return this.#lines;
  }

  /** Whether it sends the other side past us. */
  get away(): boolean {
    return this.#away;
  }

  /** Whether the formats may have the numbers that they have. */
  takes(formats: readonly Format[]): boolean {
    return formats.every((format) => this.#mayBe(format.payload, key(format)));
  }

  /** Gives each format the number it had before, else its own if free, else a free dynamic one. */
  numbered(formats: readonly Format[]): Format[] {
    return formats.map((format) => {
      const name = key(format);
      let payload = [...this.#numbers].find(([, k]) => k === name)?.[0] ?? format.payload;
      for (let next = 96; !isG711(format) && !this.#mayBe(payload, name); next++) payload = next;
      this.#numbers.set(payload, name);
      return { ...format, payload };
    });
  }

  /** `place` is where the media is to go, if not to us. */
  write(lines: readonly LocalLine[], place?: string): string {
    this.#lines = lines;
    this.#away = place !== undefined;
    for (const format of lines.flatMap(({ formats }) => formats)) this.#numbers.set(format.payload, key(format));
    const written = (version: number) => writeSdp(this.#id, version, this.advertise, lines, place);
    if (this.#text === "" || written(this.#version) !== this.#text) this.#text = written(++this.#version);
    return this.#text;
  }

  #mayBe(payload: number, name: string): boolean {
    return (this.#numbers.get(payload) ?? name) === name;
  }
}
