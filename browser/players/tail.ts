// A film that goes on, in a <video> or an <audio>: fragments of MP4 by Media Source Extensions, and Apple's ManagedMediaSource.
// It is kept near the end of what has come.
type Source = typeof MediaSource;

// iPhones have the managed one only.
const source = (): Source | undefined => {
  const known = globalThis as { ManagedMediaSource?: Source; MediaSource?: Source };
  return known.ManagedMediaSource ?? known.MediaSource;
};

export const canBuffer = (): boolean => source() !== undefined;
export const canPlay = (mime: string): boolean => source()?.isTypeSupported(mime) ?? false;

const keptSeconds = 10;
const reorderSeconds = 0.5;
const mostWaiting = 500;

export interface TailOptions {
  /** Seconds behind the newest: more than the first is caught up a little faster, more than the second by a jump. */
  readonly hurryFrom: number;
  readonly jumpFrom: number;
  /** It cannot go on; `never`: nor could another one. */
  failed(never: boolean): void;
  /** The browser wants the user to touch the page before anything plays. */
  touch(): void;
}

export class Tail {
  readonly #element: HTMLMediaElement & { disableRemotePlayback?: boolean };
  readonly #options: TailOptions;
  #media: MediaSource | undefined;
  #buffer: SourceBuffer | undefined;
  #url = "";
  #waiting: BufferSource[] = [];
  #closed = false;

  constructor(element: HTMLMediaElement, options: TailOptions) {
    this.#element = element;
    this.#options = options;
    this.#element.autoplay = true;
    this.#element.disableRemotePlayback = true; // Else Apple's source does not open.
    element.addEventListener("error", () => this.#fail(false));
  }

  /** A header and fragments of this type come from now on. */
  begin(mime: string): void {
    const Known = source();
    if (!Known || !canPlay(mime)) {
      this.#fail(true);
      return;
    }
    this.#waiting = [];
    if (this.#url !== "") URL.revokeObjectURL(this.#url);
    const media = (this.#media = new Known());
    this.#buffer = undefined;
    media.addEventListener("sourceopen", () => {
      if (media !== this.#media || this.#buffer) return;
      try {
        this.#buffer = media.addSourceBuffer(mime);
      } catch {
        this.#fail(true);
        return;
      }
      this.#buffer.addEventListener("updateend", () => this.#appended());
      this.#append();
    });
    this.#element.src = this.#url = URL.createObjectURL(media);
  }

  take(bytes: BufferSource): void {
    this.#waiting.push(bytes);
    if (this.#waiting.length > mostWaiting) return this.#fail(false);
    this.#append();
  }

  close(): void {
    // Its last picture stays to be seen for as long as it is in the page.
    this.#closed = true;
    this.#waiting = [];
    this.#media = this.#buffer = undefined;
    this.#element.pause();
    URL.revokeObjectURL(this.#url);
  }

  #append(): void {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#media?.readyState !== "open") return;
    const next = this.#waiting.shift();
    if (!next) return;
    try {
      buffer.appendBuffer(next);
    } catch {
      this.#fail(false); // Full, or the element has given up: begun anew it plays again.
    }
  }

  #appended(): void {
    const [element, buffer, { hurryFrom, jumpFrom }] = [this.#element, this.#buffer, this.#options];
    if (buffer && buffer.buffered.length > 0 && !this.#closed) {
      const [start, end] = newestOf(buffer.buffered);
      const behind = end - element.currentTime;
      if (element.currentTime < start || behind > jumpFrom) element.currentTime = Math.max(start, end - hurryFrom / 2);
      element.playbackRate = behind > hurryFrom ? 1.1 : 1;
      if (element.paused) this.#play();
      if (element.currentTime - buffer.buffered.start(0) > 2 * keptSeconds && !buffer.updating)
        return buffer.remove(0, element.currentTime - keptSeconds);
    }
    this.#append();
  }

  #play(): void {
    this.#element.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError" && !this.#closed) this.#options.touch();
    });
  }

  #fail(never: boolean): void {
    if (!this.#closed) this.#options.failed(never);
  }
}

/** From when to when the newest goes. Of B-frames Firefox has ranges of their own, until those between have come. */
function newestOf(ranges: TimeRanges): readonly [start: number, end: number] {
  let first = ranges.length - 1;
  const end = ranges.end(first);
  while (first > 0 && ranges.start(first) - ranges.end(first - 1) < reorderSeconds) first -= 1;
  return [ranges.start(first), end];
}
