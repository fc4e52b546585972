// A film that is over, or a single picture, as a whole MP4 file (ISO/IEC 14496-12): its tables stand in front, so that it
// plays while it loads. Nothing is decoded.
import type { Frame, VideoFormat } from "../video.ts";
import { box, fullBox, lengthOf, moov, sampleOf, timescale, u32 } from "./boxes.ts";
import { sampleDescription } from "./sample-entry.ts";

const brands = box("ftyp", Buffer.from("isom"), u32(512), Buffer.from("isomiso2avc1mp41"));
const usual = timescale / 25;

/** The film of these frames, in the order in which they came; the first one must be a key frame. */
export function movie(format: VideoFormat, frames: readonly Frame[]): Buffer {
  const samples = frames.map(({ units }) => sampleOf(format.codec, units));
  const { durations, offsets } = timesOf(frames);
  const duration = durations.reduce((sum, one) => sum + one, 0);
  const keys = frames.flatMap(({ key }, index) => (key ? [index + 1] : []));
  const header = (start: number) =>
    moov({
      ...{ width: format.width ?? 0, height: format.height ?? 0, duration },
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
        fullBox("stco", 0, 0, u32(1, start)),
      ],
    });
  const { length } = header(0);
  return Buffer.concat([brands, header(brands.length + length + 8), box("mdat", ...samples.flat())]);
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
