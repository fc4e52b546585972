// When frames are decoded that are not shown in the order in which they are sent (B-frames). A camera tells only when each is shown;
// decoded it is some frames earlier, in the order of sending (ISO/IEC 14496-12 §8.6.1).
import { timescale } from "./boxes.ts";

export const usual = timescale / 25;
/** Two frames that lie further apart belong to a camera that began anew, or stood still. */
export const longest = 10 * timescale;
const mostDepth = 16;

export class DecodeTimes {
  #depth: number;
  /** Of the frames that were sent last, in that order. */
  #shown: number[] = [];
  /** Of frames that were sent, sorted: each is the time at which a later one is decoded. */
  #ahead: number[] = [];
  #last: number | undefined;

  /** `depth`: before how many frames that are sent earlier one is shown, as far as it is known; what is seen counts, too. */
  constructor(depth = 0) {
    this.#depth = depth;
  }

  /** Of the next frame, by the time at which it is shown: later than that of the one before. */
  of(shown: number, isKey: boolean): number {
    const before = this.#shown.at(-1);
    const gap = this.#shown.length > 0 ? shown - Math.max(...this.#shown) : 0;
    // No frame that builds on a key frame is shown before those that were sent before it.
    const isHole = isKey && (gap < 0 || gap > (this.#depth + 2) * this.#step());
    if (before !== undefined && (isHole || Math.abs(shown - before) > longest)) {
      [this.#shown, this.#ahead] = [[], []];
      this.#last = undefined;
    }
    const overtaken = this.#shown.filter((time) => time > shown).length;
    this.#depth = Math.max(this.#depth, Math.min(mostDepth, overtaken));
    this.#shown.push(shown);
    if (this.#shown.length > mostDepth) this.#shown.shift();
    this.#ahead.splice(this.#ahead.findLastIndex((time) => time <= shown) + 1, 0, shown);
    const [first = shown] = this.#ahead;
    const missing = this.#depth + 1 - this.#ahead.length;
    const due = missing > 0 ? first - missing * usual : first;
    if (missing <= 0) this.#ahead.shift();
    const last = this.#last;
    const isLater = last === undefined || due > last;
    // It was not known how far ahead: made up within some frames.
    return (this.#last = isLater ? due : last + this.#step() / 2);
  }

  /** From a frame to the next. */
  #step(): number {
    const times = this.#shown.toSorted((a, b) => a - b);
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
    const least = Math.min(...steps.filter((step) => step > 0));
    return least <= longest ? least : usual;
  }
}
