// A film that goes on, for MediaSource: a header, then a fragment for each frame (ISO/IEC 14496-12 §8.8). Its time has neither
// holes nor jumps, whatever is left out of it and whenever the camera begins anew, since browsers stop at holes and throw away
// what follows a jump up to the next key frame. A frame's duration is not known before the next one has come: so each gets
// the time that has passed since the one before.
import type { Frame, VideoFormat } from "../video.ts";
import { box, fullBox, lengthOf, moov, timescale, u32, type Track } from "./boxes.ts";
import { DecodeTimes, longest, usual } from "./decode-times.ts";
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
  /** How much later it is shown. */
  readonly offset?: number;
}

// Made once, since only numbers differ. default-base-is-moof; in the run: where it begins, and of each sample duration, size, flags,
// and how much later it is shown.
const template = (has: number, fields: number): Buffer =>
  box(
    "moof",
    fullBox("mfhd", 0, 0, u32(0)),
    box(
      "traf",
      fullBox("tfhd", 0, 0x020000, u32(1)),
      fullBox("tfdt", 1, 0, u32(0, 0)),
      fullBox("trun", 1, has, u32(1, 0, ...Array<number>(fields).fill(0))),
    ),
  );
const [usualMoof, lateMoof] = [template(0x000701, 3), template(0x000f01, 4)];
const mdat = box("mdat");
/** Where the numbers stand in it: of the fragment, of its time, and of the run. */
const [numberAt, timeAt, runAt] = [20, 60, 84];

/** A sample as moof and mdat; `framed`: each of its units behind its length (14496-15 §5.3.4.2). */
export function fragmentOf(units: readonly Buffer[], framed: boolean, sample: Sample): Buffer {
  const { number, time, duration, flags, offset } = sample;
  const size = lengthOf(units) + (framed ? 4 * units.length : 0);
  const moof = offset === undefined ? usualMoof : lateMoof;
  const start = moof.length + mdat.length;
  const bytes = Buffer.allocUnsafe(start + size);
  bytes.set(moof);
  bytes.set(mdat, moof.length);
  bytes.writeUInt32BE(number, numberAt);
  bytes.writeUInt32BE(Math.floor(time / 2 ** 32), timeAt);
  bytes.writeUInt32BE(time >>> 0, timeAt + 4);
  [start, duration, size, flags].forEach((value, index) => bytes.writeUInt32BE(value, runAt + 4 * index));
  if (offset !== undefined) bytes.writeInt32BE(offset, runAt + 16);
  bytes.writeUInt32BE(mdat.length + size, moof.length);
  let at = start;
  for (const unit of units) {
    if (framed) at = bytes.writeUInt32BE(unit.length, at);
    bytes.set(unit, at);
    at += unit.length;
  }
  return bytes;
}

// What was kept is gone through at once, frame for frame: browsers show a picture no sooner than the one before is over.
const hurried = timescale / 1000;

export class Fragments {
  #format: VideoFormat | undefined;
  #number = 0;
  #time = 0;
  #last: number | undefined;
  #duration = usual;
  #times = new DecodeTimes();

  /** The header of a film of this format; to be sent before the next fragment. */
  header(format: VideoFormat): Buffer {
    this.#format = format;
    this.#times = new DecodeTimes(format.reorder);
    const { width = 0, height = 0 } = format;
    return liveHeader({ size: { width, height }, scale: timescale, samples: [sampleDescription(format)] });
  }

  /** A frame as moof and mdat. `behind`: so many come at once after it, which need it. */
  fragment(frame: Frame, behind = 0): Buffer {
    const decoded = this.#times.of(frame.timestamp, frame.key);
    const passed = this.#last === undefined ? 0 : decoded - this.#last;
    this.#last = decoded;
    if (passed > 0 && passed <= longest) this.#duration = passed;
    const duration = Math.round(behind > 0 ? hurried : this.#duration);
    const offset = this.#offset(frame.timestamp - decoded, behind);
    this.#number += 1;
    const flags = frame.key ? keySample : otherSample;
    const fragment = fragmentOf(frame.units, this.#format?.codec !== "jpeg", {
      number: this.#number,
      time: this.#time,
      duration,
      flags,
      ...(offset !== 0 && { offset }),
    });
    this.#time += duration;
    return fragment;
  }

  // Of the frames until it is shown some are gone through in a hurry.
  #offset(late: number, behind: number): number {
    const soon = Math.min(behind, Math.round(late / this.#duration));
    return Math.round(soon > 0 ? late - soon * (this.#duration - hurried) : late);
  }
}
