// The pictures of a running film that are kept: the last group (a key frame and what builds on it), so that who comes later
// sees something at once, and those of the last seconds where they are asked for. Bounded in bytes and in frames.
import { movie } from "../mp4/movie.ts";
import type { Frame, Sound, VideoFormat } from "../video.ts";

/** A key frame and the frames that build on it, without a hole. */
export interface Group {
  readonly format: VideoFormat;
  readonly frames: Frame[];
  /** What was heard meanwhile, where a clip can hold it: AAC. */
  readonly sound: Sound[];
  bytes: number;
  /** It was cut off, for want of room: what comes does not go on from here. */
  cut: boolean;
}

const mostBytes = 24 * 2 ** 20;
const mostGroupBytes = 12 * 2 ** 20;
// A minute of 25 a second.
const mostGroupFrames = 1500;

export const sizeOfFrame = ({ units }: Frame): number => units.reduce((sum, unit) => sum + unit.length, 0);

export class Kept {
  readonly #keepMs: number;
  readonly #groups: Group[] = [];
  #bytes = 0;
  #format: VideoFormat | undefined;

  /** Of the last `keepMs`, and the last group in any case. */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get format(): VideoFormat | undefined {
    return this.#format;
  }

  /** The one that goes on. */
  get last(): Group | undefined {
    return this.#groups.at(-1);
  }

  begin(format: VideoFormat): void {
    this.#format = format;
  }

  add(frame: Frame): void {
    if (!this.#format) return;
    if (frame.key) {
      this.#groups.push({ format: this.#format, frames: [], sound: [], bytes: 0, cut: false });
      this.#forget(frame.at);
    }
    const group = this.last;
    if (!group || group.cut) return;
    const bytes = sizeOfFrame(frame);
    if (group.bytes + bytes > mostGroupBytes || group.frames.length >= mostGroupFrames) {
      // The key frame alone is a picture still.
      for (const left of group.frames.splice(1)) this.#count(group, -sizeOfFrame(left));
      for (const left of group.sound.splice(0)) this.#count(group, -left.bytes.length);
      group.cut = true;
      return;
    }
    group.frames.push(frame);
    this.#count(group, bytes);
    while (this.#bytes > mostBytes && this.#groups.length > 1) this.#drop();
  }

  hear(sound: Sound): void {
    const group = this.last;
    if (!group || group.cut || sound.format.codec !== "aac") return;
    group.sound.push(sound);
    this.#count(group, sound.bytes.length);
  }

  /** The groups that hold what was seen from `from` to `to`, milliseconds since 1970, with what is needed to decode it. */
  between(from: number, to: number): Group[] {
    const start = this.#groups.findLastIndex(({ frames: [first] }) => first !== undefined && first.at <= from);
    return this.#groups
      .slice(Math.max(0, start))
      .map((group) => ({
        ...group,
        frames: group.frames.filter(({ at }) => at <= to),
        sound: group.sound.filter(({ at }) => at <= to),
      }))
      .filter(({ frames }) => frames.length > 0);
  }

  clear(): void {
    this.#groups.length = 0;
    this.#bytes = 0;
    this.#format = undefined;
  }

  #forget(now: number): void {
    for (;;) {
      const [first, second] = this.#groups;
      if (!first || !second) return;
      // It is needed as long as a part of it is young enough.
      const end = second.frames[0]?.at ?? now;
      if (this.#keepMs > 0 && end > now - this.#keepMs) return;
      this.#drop();
    }
  }

  #drop(): void {
    this.#bytes -= this.#groups.shift()?.bytes ?? 0;
  }

  #count(group: Group, bytes: number): void {
    group.bytes += bytes;
    this.#bytes += bytes;
  }
}

export interface Clip {
  /** As it came from the camera: H.264, H.265 or JPEG in MP4, with its sound where that is AAC and was asked for. */
  readonly mp4: Buffer;
  readonly codec: VideoFormat["codec"];
  readonly width: number;
  readonly height: number;
  /** Of its first and last frame, milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

/** The groups as one film; where the camera has changed its format meanwhile, the last part of it. */
export function clipOf(groups: readonly Group[]): Clip | undefined {
  const format = groups.at(-1)?.format;
  const frames = groups.filter((group) => group.format === format).flatMap((group) => group.frames);
  const sound = groups.filter((group) => group.format === format).flatMap((group) => group.sound);
  const [first, last] = [frames[0], frames.at(-1)];
  if (!format || !first || !last) return undefined;
  const { codec, width = 0, height = 0 } = format;
  return { mp4: movie(format, frames, sound), codec, width, height, from: first.at, to: last.at };
}
