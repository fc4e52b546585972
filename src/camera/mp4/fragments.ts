// A film that goes on, for MediaSource: a header, then a fragment for each frame (ISO/IEC 14496-12 §8.8). Its time has neither
// holes nor jumps, whatever is left out of it and whenever the camera begins anew, since browsers stop at holes and throw away
// what follows a jump up to the next key frame. A frame's duration is not known before the next one has come: so each gets
// the time that has passed since the one before.
import type { Frame, VideoFormat } from "../video.ts";
import { box, fullBox, lengthOf, moov, sampleOf, timescale, u32, u64, type Track } from "./boxes.ts";
import { sampleDescription } from "./sample-entry.ts";

const brands = box("ftyp", Buffer.from("iso5"), u32(512), Buffer.from("iso5iso6mp41"));
const noSamples = [
  fullBox("stts", 0, 0, u32(0)),
  fullBox("stsc", 0, 0, u32(0)),
  fullBox("stsz", 0, 0, u32(0, 0)),
  fullBox("stco", 0, 0, u32(0)),
];
const extended = box("mvex", fullBox("trex", 0, 0, u32(1, 1, 0, 0, 0)));
// sample_depends_on 2: on none; 1 and sample_is_non_sync_sample: on others (§8.8.3.1).
export const keySample = 0x02000000;
const otherSample = 0x01010000;

/** The header of a film of one track that goes on; its samples' tables are empty. */
export const liveHeader = (track: Pick<Track, "size" | "scale" | "samples">): Buffer =>
  Buffer.concat([brands, moov([{ ...track, duration: 0, samples: [...track.samples, ...noSamples] }], [extended])]);

interface Sample {
  /** Of the fragment, from 1 on. */
  readonly number: number;
  readonly time: number;
  readonly duration: number;
  readonly flags: number;
}

/** A sample as moof and mdat. */
export function fragmentOf(sample: readonly Buffer[], { number, time, duration, flags }: Sample): Buffer {
  const size = lengthOf(sample);
  // default-base-is-moof; in the run: where it begins, and of each sample duration, size and flags.
  const make = (start: number) =>
    box(
      "moof",
      fullBox("mfhd", 0, 0, u32(number)),
      box(
        "traf",
        fullBox("tfhd", 0, 0x020000, u32(1)),
        fullBox("tfdt", 1, 0, u64(time)),
        fullBox("trun", 0, 0x000701, u32(1, start, duration, size, flags)),
      ),
    );
  const { length } = make(0);
  return Buffer.concat([make(length + 8), box("mdat", ...sample)]);
}

const usual = timescale / 25;
// What was kept is gone through at once, frame for frame: browsers show a picture no sooner than the one before is over.
const hurried = timescale / 1000;
const longest = 10 * timescale;

export class Fragments {
  #format: VideoFormat | undefined;
  #number = 0;
  #time = 0;
  #last: number | undefined;
  #duration = usual;

  /** The header of a film of this format; to be sent before the next fragment. */
  header(format: VideoFormat): Buffer {
    this.#format = format;
    const { width = 0, height = 0 } = format;
    return liveHeader({ size: { width, height }, scale: timescale, samples: [sampleDescription(format)] });
  }

  /** A frame as moof and mdat. `hurry`: it is an old one, shown only because the new ones need it. */
  fragment(frame: Frame, hurry = false): Buffer {
    const passed = this.#last === undefined ? 0 : frame.timestamp - this.#last;
    this.#last = frame.timestamp;
    if (passed > 0 && passed <= longest) this.#duration = passed;
    const duration = Math.round(hurry ? hurried : this.#duration);
    this.#number += 1;
    const sample = sampleOf(this.#format?.codec ?? "h264", frame.units);
    const flags = frame.key ? keySample : otherSample;
    const fragment = fragmentOf(sample, { number: this.#number, time: this.#time, duration, flags });
    this.#time += duration;
    return fragment;
  }
}
