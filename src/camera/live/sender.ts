// A film on its way to one browser, in the form that it plays. A browser that takes it too slowly misses frames, up to the
// next key frame: what it shows is never old, and what waits for it never grows.
import type { Clock } from "../../clock.ts";
import { sentence, type PorteroError } from "../../errors.ts";
import { Fragments } from "../mp4/fragments.ts";
import { codecName, mediaType } from "../mp4/sample-entry.ts";
import { SoundFragments, soundName } from "../mp4/sound.ts";
import { stillOf } from "../still.ts";
import type { Frame, Sound, SoundFormat, VideoFormat } from "../video.ts";
import type { Viewer } from "./live-camera.ts";

export const kinds = ["mse", "webcodecs", "mjpeg", "jsmpeg"] as const;
/**
 * mse: fragments of MP4. webcodecs: nine bytes (1 = a key frame; its time) and Annex B. mjpeg: JPEGs. jsmpeg: MPEG-1 in a
 * transport stream, for which the frames come from Transcoded.
 */
export type Kind = (typeof kinds)[number];

export const soundWishes = ["off", "raw", "mp4"] as const;
/**
 * What a browser takes of the sound: nothing, each packet as it came, or (of AAC) fragments of MP4. A byte stands in front of it, 2,
 * with which no message of a picture begins: nine bytes and Annex B have 0 or 1, MP4 0, a JPEG FF.
 */
export type SoundWish = (typeof soundWishes)[number];
const flagSound = Buffer.from([2]);

/** The kinds that a film of this format can be shown as, that with the least delay first. */
export const kindsOf = (codec: VideoFormat["codec"], canTranscode: boolean): readonly Kind[] =>
  codec === "jpeg" ? ["mjpeg"] : ["webcodecs", "mse", ...(canTranscode ? (["jsmpeg"] as const) : [])];

export interface Line {
  send(data: string | Buffer): void;
  /** Bytes that the other side has not taken yet. */
  readonly waiting: number;
  end(): void;
}

/** The film has sound, which is sent to whoever wants it. */
export interface SoundTold {
  readonly type: "sound";
  readonly codec: SoundFormat["codec"];
  readonly rate: number;
  readonly channels: number;
  /** Of AAC: its name in a media type, its AudioSpecificConfig in Base64. */
  readonly name?: string;
  readonly config?: string;
}

export type Told =
  | {
      readonly type: "format";
      /** How the pictures come: what was asked for, but `mjpeg` from a camera that sends JPEGs. */
      readonly kind: Kind;
      readonly codec: string;
      readonly mime: string;
      readonly width: number;
      readonly height: number;
    }
  | SoundTold
  | { readonly type: "trouble"; readonly reason: string; readonly retryMs?: number }
  | { readonly type: "dropped"; readonly frames: number };

const mostWaiting = 4 * 2 ** 20;
// What has been sent and not taken for so long is old.
const oldMs = 1_000;

export class Sender implements Viewer {
  readonly #wish: Kind;
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #sent: { readonly end: number; readonly at: number }[] = [];
  readonly #fragments = new Fragments();
  #total = 0;
  #format: VideoFormat | undefined;
  #kind: Kind | undefined;
  #waitsForKey = true;
  #dropped = 0;
  #sound: SoundFormat | undefined;
  #soundWish: SoundWish = "off";
  #soundFragments: SoundFragments | undefined;

  constructor(wish: Kind, line: Line, clock: Clock) {
    this.#wish = wish;
    this.#line = line;
    this.#clock = clock;
  }

  format(format: VideoFormat): void {
    this.#format = format;
    this.#waitsForKey = true;
    const { codec, width = 0, height = 0 } = format;
    const name = codecName(format) ?? "";
    this.#kind = codec === "jpeg" ? "mjpeg" : this.#wish === "mjpeg" ? undefined : this.#wish;
    if (this.#kind === undefined) {
      const sends = codec === "h264" ? "H.264" : "H.265";
      this.#tell({ type: "trouble", reason: `This camera sends ${sends}, which cannot be shown as single JPEGs` });
      return;
    }
    const told =
      this.#kind === "jsmpeg" ? { codec: "mpeg1", mime: "video/mp2t" } : { codec: name, mime: mediaType(name) };
    this.#tell({ type: "format", kind: this.#kind, ...told, width, height });
    if (this.#kind === "mse") this.#send(this.#fragments.header(format));
  }

  frame(frame: Frame, behind: number): void {
    const format = this.#format;
    if (!format || this.#kind === undefined) return;
    if (this.#late()) this.#waitsForKey = true;
    if (this.#waitsForKey && (!frame.key || this.#late())) {
      this.#dropped += 1;
      return;
    }
    this.#waitsForKey = false;
    // What came before the first key frame was never missed.
    if (this.#dropped > 0 && this.#total > 0) this.#tell({ type: "dropped", frames: this.#dropped });
    this.#dropped = 0;
    if (this.#kind === "mse") this.#send(this.#fragments.fragment(frame, behind));
    else if (this.#kind === "webcodecs") this.#send(annexB(format, frame));
    else for (const part of frame.units) this.#send(part);
  }

  /** What the browser wants to hear from now on. */
  hear(wish: SoundWish): void {
    this.#soundWish = wish;
    this.#soundFragments = undefined;
  }

  sound(sound: Sound): void {
    const { format, bytes } = sound;
    // MPEG-1's player has no place for it.
    if (this.#kind === undefined || this.#kind === "jsmpeg") return;
    if (format !== this.#sound) {
      this.#sound = format;
      this.#soundFragments = undefined;
      const { codec, rate, channels, config } = format;
      const more = config && { name: soundName(format), config: config.toString("base64") };
      this.#tell({ type: "sound", codec, rate, channels, ...more });
    }
    if (this.#soundWish === "off" || this.#late()) return;
    if (this.#soundWish === "raw" || format.codec !== "aac") {
      this.#send(Buffer.concat([flagSound, bytes]));
      return;
    }
    const fragments = (this.#soundFragments ??= new SoundFragments());
    if (fragments.isNew) this.#send(Buffer.concat([flagSound, fragments.header(format)]));
    this.#send(Buffer.concat([flagSound, fragments.fragment(sound)]));
  }

  trouble(error: PorteroError, retryMs: number): void {
    this.#tell({ type: "trouble", reason: sentence(error), ...(retryMs > 0 && { retryMs }) });
  }

  ended(): void {
    this.#line.end();
  }

  #tell(told: Told): void {
    this.#line.send(JSON.stringify(told));
  }

  #send(bytes: Buffer): void {
    this.#total += bytes.length;
    this.#sent.push({ end: this.#total, at: this.#clock.now() });
    this.#line.send(bytes);
  }

  #late(): boolean {
    const { waiting } = this.#line;
    const taken = this.#total - waiting;
    const first = this.#sent.findIndex(({ end }) => end > taken);
    this.#sent.splice(0, first < 0 ? this.#sent.length : first);
    const since = this.#sent[0]?.at;
    return waiting > mostWaiting || (since !== undefined && this.#clock.now() - since > oldMs);
  }
}

// A byte of flags, the time in microseconds as a double, and the units behind start codes.
function annexB(format: VideoFormat, frame: Frame): Buffer {
  const head = Buffer.alloc(9);
  head[0] = frame.key ? 1 : 0;
  head.writeDoubleBE((frame.timestamp / 90) * 1000, 1);
  const { bytes } = stillOf(frame.key ? format : { ...format, sets: [] }, frame);
  return Buffer.concat([head, bytes]);
}
