// Writes 16-bit sound at 8 kHz into a WAV file (RIFF/WAVE, Microsoft's "Multiple Channel Audio Data and WAVE Files") as it
// comes. The sizes in its head are brought up to date with each piece, so that a player takes it for whole wherever the
// program ends.
import { open, type FileHandle } from "node:fs/promises";
import { sentence, tryAgain, type PorteroError } from "../errors.ts";

/** Samples a second of a recording. */
export const recordedRate = 8000;
const headBytes = 44;
/** Of sound that waits for the disk: ten minutes of two channels would not help a disk that slow. */
const mostWaiting = 4 * 2 ** 20;

/** How samples are written: the tag of RIFF, the bytes of a sample, and those of the form, which A-law (RFC 2361) has two more of. */
const codings = { pcm: [1, 2, 16], "a-law": [6, 1, 18] } as const;

/** The head of a file of `bytes` bytes of samples. */
export function wavHead(channels: number, bytes: number, coding: keyof typeof codings = "pcm"): Buffer {
  const [tag, width, form] = codings[coding];
  const head = Buffer.alloc(28 + form);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(head.length - 8 + bytes, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(form, 16);
  head.writeUInt16LE(tag, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(recordedRate, 24);
  head.writeUInt32LE(recordedRate * channels * width, 28);
  head.writeUInt16LE(channels * width, 32);
  head.writeUInt16LE(8 * width, 34);
  head.write("data", 20 + form, "latin1");
  head.writeUInt32LE(bytes, 24 + form);
  return head;
}

/** Samples in the bytes of a WAV file, whatever this machine's own order is. */
export function wavBytes(samples: Int16Array): Buffer {
  const bytes = Buffer.alloc(2 * samples.length);
  for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i] ?? 0, 2 * i);
  return bytes;
}

export class WavFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #channels: number;
  #bytes = 0;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();
  #error: PorteroError | undefined;

  private constructor(path: string, handle: FileHandle, channels: number) {
    [this.path, this.#handle, this.#channels] = [path, handle, channels];
  }

  /** A new file that only its owner may read; rejects tryAgain "no-file" where it cannot be made, or is there. */
  static async create(path: string, channels: number): Promise<WavFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, "wx", 0o600);
      await handle.write(wavHead(channels, 0), 0, headBytes, 0);
      return new WavFile(path, handle, channels);
    } catch (error) {
      await handle?.close().catch(() => {});
      throw tryAgain("no-file", `the recording ${path} cannot be written: ${sentence(error)}`, { cause: error });
    }
  }

  /** What went wrong; nothing is written after it. */
  get error(): PorteroError | undefined {
    return this.#error;
  }

  /** Never waits and never throws: see `error`. */
  write(samples: Int16Array): void {
    if (this.#error) return;
    const bytes = wavBytes(samples);
    if ((this.#waiting += bytes.length) > mostWaiting) {
      this.#error = tryAgain("slow-disk", `the disk is too slow for the recording ${this.path}: it ends here`);
      return;
    }
    this.#last = this.#last.then(() => this.#append(bytes));
  }

  /** Resolves when all is on disk. Rejects with what went wrong; the file then holds what came before. */
  async close(): Promise<{ readonly bytes: number; readonly seconds: number }> {
    await this.#last;
    await this.#handle.close();
    if (this.#error) throw this.#error;
    return { bytes: headBytes + this.#bytes, seconds: this.#bytes / (2 * this.#channels * recordedRate) };
  }

  // The samples first: a head that promises more than there is would be worse than one that knows of less.
  async #append(bytes: Buffer): Promise<void> {
    try {
      await this.#handle.write(bytes, 0, bytes.length, headBytes + this.#bytes);
      this.#bytes += bytes.length;
      await this.#handle.write(wavHead(this.#channels, this.#bytes), 0, headBytes, 0);
    } catch (error) {
      this.#error ??= tryAgain("no-file", `the recording ${this.path} cannot be written: ${sentence(error)}`, {
        cause: error,
      });
    }
    this.#waiting -= bytes.length;
  }
}
