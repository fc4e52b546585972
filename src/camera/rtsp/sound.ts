// A camera's sound from its packets: G.711 (RFC 3551 §4.5.14) as it came, AAC (RFC 3640) in access units. What is lost is left out.
import type { Sound, SoundFormat } from "../video.ts";
import { unitSamples } from "../mp4/sound.ts";
import type { Depayloader } from "./depayload.ts";
import type { Ordered } from "./rtp.ts";

export interface SoundTrack {
  readonly control: string | undefined;
  readonly payloadType: number;
  readonly format: SoundFormat;
  depayloader(out: (sound: Sound) => void): Depayloader;
}

interface Described {
  readonly rate: number;
  readonly channels: number;
  readonly parameters: ReadonlyMap<string, string>;
}

const laws = { PCMA: "pcma", PCMU: "pcmu" } as const;

/** Of a name in an SDP; undefined where browsers cannot play it. */
export function soundFormatOf(
  name: string,
  { rate, channels, parameters }: Described,
): Pick<SoundTrack, "format" | "depayloader"> | undefined {
  if (!(rate >= 8_000 && rate <= 96_000) || !(channels >= 1 && channels <= 2)) return undefined;
  if (name === "PCMA" || name === "PCMU") {
    const format = { codec: laws[name], rate, channels };
    return { format, depayloader: (out) => new LawDepayloader(format, out) };
  }
  if (name !== "MPEG4-GENERIC") return undefined;
  // Anything else is NaN, which no comparison below lets through.
  const number = (parameter: string) => {
    const said = parameters.get(parameter) ?? "0";
    return /^\d{1,9}$/.test(said) ? Number(said) : NaN;
  };
  const config = parameters.get("config") ?? "";
  const [sizeBits, ...indexBits] = [number("sizelength"), number("indexlength"), number("indexdeltalength")] as const;
  // An interleaved stream would say so by its displacement (§3.2.1); AAC of cameras is not.
  if (!/^AAC-[hl]br$/i.test(parameters.get("mode") ?? "") || !/^(?:[0-9a-f]{2}){2,32}$/i.test(config)) return undefined;
  if (!(sizeBits > 0 && sizeBits <= 16) || !indexBits.every((bits) => bits <= 32)) return undefined;
  if (number("maxdisplacement") !== 0) return undefined;
  const format = { codec: "aac", rate, channels, config: Buffer.from(config, "hex") } as const;
  const bits = { size: sizeBits, first: sizeBits + indexBits[0], next: sizeBits + indexBits[1] };
  return { format, depayloader: (out) => new AacDepayloader(format, bits, out) };
}

class LawDepayloader implements Depayloader {
  readonly pending = 0;
  readonly #format: SoundFormat;
  readonly #out: (sound: Sound) => void;

  constructor(format: SoundFormat, out: (sound: Sound) => void) {
    this.#format = format;
    this.#out = out;
  }

  push({ payload, at, time }: Ordered): void {
    if (payload.length > 0) this.#out({ format: this.#format, bytes: Buffer.from(payload), at, timestamp: time });
  }
}

// A channel's unit has 768 bytes at most (§4.5.1.1); no camera has more than two.
const mostUnitBytes = 4 * 768;

/** Of an access unit's header: its size, and all of it, of the first one in a packet and of the others (§3.2.1). */
interface HeaderBits {
  readonly size: number;
  readonly first: number;
  readonly next: number;
}

class AacDepayloader implements Depayloader {
  readonly #format: SoundFormat;
  readonly #bits: HeaderBits;
  readonly #out: (sound: Sound) => void;
  #pieces: Buffer[] = [];
  #time = 0;

  constructor(format: SoundFormat, bits: HeaderBits, out: (sound: Sound) => void) {
    this.#format = format;
    this.#bits = bits;
    this.#out = out;
  }

  get pending(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  push({ payload, at, time, lost }: Ordered): void {
    if (lost || time !== this.#time) this.#pieces = [];
    this.#time = time;
    if (payload.length < 2) return;
    const headerBits = payload.readUInt16BE(0);
    let from = 2 + ((headerBits + 7) >> 3);
    if (from > payload.length) return;
    const { first, next, size } = this.#bits;
    let timestamp = time;
    for (let bit = 0, width = first; bit + width <= headerBits; bit += width, width = next) {
      const length = bitsAt(payload, 16 + bit, size);
      const unit = payload.subarray(from, from + length);
      if (unit.length < length) {
        // A piece of a unit that is larger than a packet stands alone, each with the length of the whole (§3.2.3.2).
        this.#piece(unit, length, at);
        return;
      }
      from += length;
      if (length > 0) this.#out({ format: this.#format, bytes: Buffer.from(unit), at, timestamp });
      timestamp += unitSamples;
    }
  }

  #piece(piece: Buffer, length: number, at: number): void {
    if (length > mostUnitBytes) return;
    this.#pieces.push(Buffer.from(piece));
    if (this.pending < length) return;
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    if (bytes.length === length) this.#out({ format: this.#format, bytes, at, timestamp: this.#time });
  }
}

/** Up to 16 bits; beyond the end come zeros. */
function bitsAt(bytes: Buffer, from: number, count: number): number {
  const byte = (index: number) => bytes[(from >> 3) + index] ?? 0;
  const three = (byte(0) << 16) | (byte(1) << 8) | byte(2);
  return (three >> (24 - (from & 7) - count)) & ((1 << count) - 1);
}
