// Reads the frame of a JPEG without decoding it (ITU-T T.81, annex B): its size, and where it ends. The end marker is found
// by walking the segments, since an EXIF thumbnail inside one has an end marker of its own.

export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** Just after the end marker: cameras append padding, texts or the next picture. */
  readonly end: number;
}

const startOfImage = 0xd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;
// A progressive picture has about ten. Each is a pass over all pixels, and may be a hundred bytes long: 200 kB of them keep a decoder
// busy for ten seconds.
const mostScans = 100;
// RST0–RST7 and TEM stand alone; every other marker begins a segment with a length.
const standsAlone = (marker: number) => (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01;
// SOF0–SOF15 without DHT, JPG and DAC, which lie in the same range.
const isFrameHeader = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Walks a picture that may still be arriving: `read` goes on where it stopped. */
export class JpegWalk {
  #at: number;
  readonly #start: number;
  #inScan = false;
  #scans = 0;
  #width = 0;
  #height = 0;
  #frame: JpegFrame | undefined;
  #fault: string | undefined;

  /** The picture begins at the byte `start`. */
  constructor(start = 0) {
    this.#start = start;
    this.#at = start;
  }

  /** The whole picture, once its end has been read. */
  get frame(): JpegFrame | undefined {
    return this.#frame;
  }

  /** What is wrong with it, as the end of a sentence: "it …". */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** How far it has come. */
  get at(): number {
    return this.#at;
  }

  /** Reads all bytes that have come so far. True = nothing more is wanted: see `frame` and `fault`. */
  read(bytes: Buffer): boolean {
    while (!this.#frame && !this.#fault && this.#step(bytes));
    return this.#frame !== undefined || this.#fault !== undefined;
  }

  // One marker or one stretch of picture data; false = the bytes do not reach.
  #step(bytes: Buffer): boolean {
    if (this.#inScan && !this.#skipScan(bytes)) return false;
    const [prefix, marker] = [bytes[this.#at], bytes[this.#at + 1]];
    if (prefix === undefined || (marker === undefined && prefix === 0xff)) return false;
    if (this.#at === this.#start) {
      if (prefix !== 0xff || marker !== startOfImage) return this.#wrong("does not begin as a JPEG does");
      this.#at += 2;
      return true;
    }
    if (prefix !== 0xff) return this.#wrong("holds a segment that does not begin with a marker");
    if (marker === 0xff) {
      this.#at += 1;
      return true;
    }
    return this.#marker(bytes, marker ?? 0);
  }

  #marker(bytes: Buffer, marker: number): boolean {
    if (marker === endOfImage) return this.#finish();
    if (marker === startOfImage) return this.#wrong("begins twice");
    if (standsAlone(marker)) {
      this.#at += 2;
      return true;
    }
    if (this.#at + 4 > bytes.length) return false;
    const length = bytes.readUInt16BE(this.#at + 2);
    if (length < 2) return this.#wrong("holds a segment without a length");
    if (this.#at + 2 + length > bytes.length) return false;
    if (isFrameHeader(marker) && !this.#frameHeader(bytes, length)) return false;
    this.#at += 2 + length;
    if (marker === startOfScan) {
      this.#inScan = true;
      if (++this.#scans > mostScans) return this.#wrong(`is drawn in more than ${mostScans} scans`);
    }
    return true;
  }

  #frameHeader(bytes: Buffer, length: number): boolean {
    // A second one would be believed by a decoder, after the first had passed our limits.
    if (this.#width > 0) return this.#wrong("declares its size twice");
    if (length < 8) return this.#wrong("declares no size");
    this.#height = bytes.readUInt16BE(this.#at + 5);
    this.#width = bytes.readUInt16BE(this.#at + 7);
    return this.#width > 0 && this.#height > 0 ? true : this.#wrong("declares no size");
  }

  // Within a scan, FF 00 is a byte FF of the picture and RSTn a place to start anew (§B.1.1.5).
  #skipScan(bytes: Buffer): boolean {
    for (;;) {
      const found = bytes.indexOf(0xff, this.#at);
      this.#at = found < 0 ? bytes.length : found;
      const next = bytes[this.#at + 1];
      if (found < 0 || next === undefined) return false;
      if (next !== 0 && !standsAlone(next)) break;
      this.#at += 2;
    }
    this.#inScan = false;
    return true;
  }

  #finish(): boolean {
    if (this.#width === 0 || this.#scans === 0) return this.#wrong("ends before its picture");
    this.#frame = { width: this.#width, height: this.#height, end: this.#at + 2 };
    return false;
  }

  #wrong(fault: string): false {
    this.#fault = fault;
    return false;
  }
}

/** The frame of a whole JPEG, or what is wrong with it: "it …". */
export function readJpeg(bytes: Buffer): { frame: JpegFrame } | { fault: string } {
  const walk = new JpegWalk();
  walk.read(bytes);
  if (walk.frame) return { frame: walk.frame };
  return { fault: walk.fault ?? (bytes.length === 0 ? "is empty" : "is not whole") };
}
