// WAV files for tests, written chunk by chunk.
import { encodeA, encodeU } from "../../src/media/g711.ts";

export interface WavWish {
  rate?: number;
  channels?: number;
  bits?: number;
  /** 1 PCM, 6 A-law, 7 µ-law. */
  format?: number;
  /** What the data chunk says of its length, where that is not the truth. */
  said?: number;
  /** Chunks in front of the data. */
  before?: Buffer;
  /** The format is told by the sub-format of WAVE_FORMAT_EXTENSIBLE. */
  extensible?: boolean;
}

export function chunk(name: string, body: Uint8Array, said = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(said >>> 0, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
}

/** 16-bit samples as a WAV file. */
export function wav(samples: readonly number[], wish: WavWish = {}): Buffer {
  const { rate = 8000, channels = 1, format = 1, bits = format === 1 ? 16 : 8, extensible = false } = wish;
  const fmt = Buffer.alloc(extensible ? 40 : 16);
  fmt.writeUInt16LE(extensible ? 0xfffe : format, 0);
  fmt.writeUInt16LE(channels, 2);
  fmt.writeUInt32LE(rate, 4);
  fmt.writeUInt32LE((rate * channels * bits) / 8, 8);
  fmt.writeUInt16LE((channels * bits) / 8, 12);
  fmt.writeUInt16LE(bits, 14);
  if (extensible) fmt.writeUInt16LE(format, 24);
  const data =
    format === 1
      ? Buffer.from(Int16Array.from(samples).buffer)
      : Buffer.from(samples.map(format === 6 ? encodeA : encodeU));
  const body = [chunk("fmt ", fmt), wish.before ?? Buffer.alloc(0), chunk("data", data, wish.said)];
  return chunk("RIFF", Buffer.concat([Buffer.from("WAVE"), ...body]));
}

/** A sine of so many seconds. */
export const sine = (hertz: number, seconds: number, rate = 8000, amplitude = 8000): number[] =>
  Array.from(
    { length: seconds * rate },
    (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * hertz * i) / rate)) + 0,
  );
