// WAV files (RIFF/WAVE, Microsoft's "Multiple Channel Audio Data and WAVE Files"): finds the samples of those that a
// telephone can play, and says of all others what they are and how to turn them into one.
import { giveUp } from "../errors.ts";
import type { Clip } from "./sound.ts";

/** What a file may weigh: eight minutes of 16 kHz. */
export const mostBytes = 16 * 2 ** 20;

const formats: Readonly<Record<number, string>> = {
  ...{ 1: "PCM", 2: "Microsoft ADPCM", 3: "floating-point", 6: "A-law", 7: "µ-law" },
  ...{ 0x11: "IMA ADPCM", 0x31: "GSM", 0x40: "G.721", 0x50: "MPEG", 0x55: "MP3" },
};
/** "fmt " and "data", as numbers: a file may consist of a million chunks. */
const [formatChunk, dataChunk] = [0x666d7420, 0x64617461];
/** The sub-format that follows is the real one. */
const extensible = 0xfffe;

/** Other files that are taken for sound, by how they begin. */
const others: readonly (readonly [start: RegExp, what: string])[] = [
  [/^(ID3|\xff[\xe2-\xff])/, "an MP3 file"],
  [/^OggS/, "an Ogg file (Vorbis or Opus)"],
  [/^fLaC/, "a FLAC file"],
  [/^.{4}ftyp/s, "an MP4 or M4A file"],
  [/^RIFX/, "a big-endian WAV file (RIFX)"],
  [/^RF64/, "an RF64 file"],
  [/^\s*(<!doctype|<html|<\?xml)/i, "a web page"],
  [/^\s*[{[]/, "JSON"],
];

const convert = "ffmpeg -i IN -ac 1 -ar 16000 -c:a pcm_s16le OUT.wav";

/**
 * The samples of a WAV file; `what` begins a complaint: "the file /data/gong.wav".
 * @throws PorteroError `bad-sound`
 */
export function readWav(file: Uint8Array, what = "the sound"): Clip {
  const refuse = (is: string) =>
    giveUp("bad-sound", `${what} ${is}: make it 8 or 16 kHz, mono, 16 bits, A-law or µ-law, such as with ${convert}`);
  const start = Buffer.from(file.subarray(0, 64)).toString("latin1");
  if (file.length === 0) throw refuse("is empty");
  if (!/^RIFF.{4}WAVE/s.test(start)) {
    const other = others.find(([pattern]) => pattern.test(start))?.[1];
    throw refuse(other === undefined ? "is no WAV file" : `is ${other}, not a WAV file`);
  }
  if (file.length > mostBytes) throw refuse(`has ${file.length} bytes, more than the ${mostBytes} that are played`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let format: ReturnType<typeof readFormat> | undefined;
  for (let at = 12; at + 8 <= file.length;) {
    const name = view.getUint32(at);
    const size = view.getUint32(at + 4, true);
    const from = at + 8;
    // Who writes to a pipe knows no length, and writes 0 or as much as there can be.
    const to = name === dataChunk && size === 0 ? file.length : Math.min(file.length, from + size);
    if (name === formatChunk && to - from >= 16)
      format = readFormat(new DataView(view.buffer, view.byteOffset + from, to - from));
    if (name === dataChunk) {
      if (!format) throw refuse("does not say how its samples are written (no fmt chunk)");
      const { encoding, rate } = playable(format, refuse);
      const whole = encoding === "linear" ? (to - from) & ~1 : to - from;
      if (whole <= 0) throw refuse("holds no sound");
      const data = new Uint8Array(new SharedArrayBuffer(whole));
      data.set(file.subarray(from, from + whole));
      return { kind: "clip", encoding, rate, data };
    }
    // A chunk begins at an even place.
    at = to + (size & 1);
  }
  throw refuse("holds no sound (no data chunk)");
}

function readFormat(chunk: DataView) {
  const tag = chunk.getUint16(0, true);
  return {
    tag: tag === extensible && chunk.byteLength >= 26 ? chunk.getUint16(24, true) : tag,
    channels: chunk.getUint16(2, true),
    rate: chunk.getUint32(4, true),
    bits: chunk.getUint16(14, true),
  };
}

function playable(
  { tag, channels, rate, bits }: ReturnType<typeof readFormat>,
  refuse: (is: string) => Error,
): Pick<Clip, "encoding" | "rate"> {
  const encoding =
    tag === 1 && bits === 16
      ? "linear"
      : tag === 6 && bits === 8
        ? "PCMA"
        : tag === 7 && bits === 8
          ? "PCMU"
          : undefined;
  if (encoding && channels === 1 && (rate === 8000 || rate === 16_000)) return { encoding, rate };
  const ways = channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`;
  throw refuse(`is ${rate / 1000} kHz, ${ways}, ${bits}-bit ${formats[tag] ?? `of the unknown format ${tag}`}`);
}
