// A film that is over, or a single picture, as a whole MP4 file (ISO/IEC 14496-12): its tables stand in front, so that it
// plays while it loads. Nothing is decoded.
import type { Frame, Sound, VideoFormat } from "../video.ts";
import { box, fullBox, lengthOf, moov, sampleOf, timescale, u32, type Track } from "./boxes.ts";
import { usual } from "./decode-times.ts";
import { sampleDescription } from "./sample-entry.ts";
import { soundDescription, unitSamples } from "./sound.ts";

const brands = box("ftyp", Buffer.from("isom"), u32(512), Buffer.from("isomiso2avc1mp41"));

/**
 * The film of these frames, in the order in which they came; the first one must be a key frame. `sound` is AAC, whose times are of
 * the same clock as the frames'.
 */
export function movie(format: VideoFormat, frames: readonly Frame[], sound: readonly Sound[] = []): Buffer {
  const samples = frames.map(({ units }) => sampleOf(format.codec, units));
  const { durations, offsets } = timesOf(frames);
  const duration = durations.reduce((sum, one) => sum + one, 0);
  const keys = frames.flatMap(({ key }, index) => (key ? [index + 1] : []));
  const begin = Math.min(...frames.map(({ timestamp }) => timestamp));
  const heard = heardIn(sound, begin - (offsets[0] ?? 0));
  // Sound comes first: it is small, and plays while the pictures load.
  const soundBytes = lengthOf(heard.map(({ bytes }) => bytes));
  const header = (start: number) => {
    const pictures: Track = {
      ...{ size: { width: format.width ?? 0, height: format.height ?? 0 }, scale: timescale, duration },
      samples: [
        sampleDescription(format),
        fullBox("stts", 0, 0, u32(frames.length, ...durations.flatMap((one) => [1, one]))),
        ...(offsets.some((offset) => offset > 0)
          ? [fullBox("ctts", 0, 0, u32(frames.length, ...offsets.flatMap((one) => [1, one])))]
          : []),
        fullBox("stss", 0, 0, u32(keys.length, ...keys)),
        // All samples are one chunk.
        fullBox("stsc", 0, 0, u32(1, 1, frames.length, 1)),
        fullBox("stsz", 0, 0, u32(0, frames.length, ...samples.map(lengthOf))),
        fullBox("stco", 0, 0, u32(1, start + soundBytes)),
      ],
    };
    return moov([pictures, ...soundTrack(heard, start, begin - (offsets[0] ?? 0))]);
  };
  const { length } = header(0);
  const content = [...heard.map(({ bytes }) => bytes), ...samples.flat()];
  return Buffer.concat([brands, header(brands.length + length + 8), box("mdat", ...content)]);
}

/** What of the sound lies after `begin`, of the last format that it had. */
function heardIn(sound: readonly Sound[], begin: number): readonly Sound[] {
  const format = sound.at(-1)?.format;
  return sound.filter((one) => one.format === format && soundTime(one) >= begin);
}

/** In the film's scale. */
const soundTime = ({ timestamp, format }: Sound): number => (timestamp * timescale) / format.rate;

function soundTrack(heard: readonly Sound[], start: number, begin: number): Track[] {
  const [first] = heard;
  if (!first) return [];
  const times = heard.map(({ timestamp }) => timestamp);
  // Where some of it is missing the one before lasts longer.
  const durations = times.map((time, index) => Math.max(1, (times[index + 1] ?? time + unitSamples) - time));
  const samples = [
    soundDescription(first.format),
    fullBox("stts", 0, 0, u32(durations.length, ...durations.flatMap((one) => [1, one]))),
    fullBox("stsc", 0, 0, u32(1, 1, heard.length, 1)),
    fullBox("stsz", 0, 0, u32(0, heard.length, ...heard.map(({ bytes }) => bytes.length))),
    fullBox("stco", 0, 0, u32(1, start)),
  ];
  const duration = durations.reduce((sum, one) => sum + one, 0);
  return [{ scale: first.format.rate, duration, delay: Math.round(soundTime(first) - begin), samples }];
}

// A camera that shows its pictures in another order than it sends them (B-frames) tells by RTP only when each is shown:
// decoded they are at the same moments, in the order in which they came, and each is shown so much later (§8.6.1).
function timesOf(frames: readonly Frame[]): { durations: number[]; offsets: number[] } {
  const shown = frames.map(({ timestamp }) => Math.round(timestamp));
  const decoded = shown.toSorted((a, b) => a - b);
  const late = shown.map((time, index) => time - (decoded[index] ?? time));
  const least = Math.min(0, ...late);
  const durations = decoded.slice(1).map((time, index) => time - (decoded[index] ?? time));
  return { durations: [...durations, durations.at(-1) ?? usual], offsets: late.map((offset) => offset - least) };
}
