// Motion JPEG by HTTP or HTTPS (multipart/x-mixed-replace, P8): a film of whole pictures. Only JPEGs are looked for, never the
// boundary or a length, which makers write in many ways (quoted, missing, with leading dashes, wrong).
import type { IncomingHttpHeaders } from "node:http";
import type { LookupFunction } from "node:net";
import type { Clock } from "../clock.ts";
import { giveUp, PorteroError, tryAgain } from "../errors.ts";
import { HttpClient, splitCredentials } from "../http.ts";
import { Collected } from "../http/collected.ts";
import type { Log } from "../log.ts";
import { showUrl } from "../secret.ts";
import { JpegWalk } from "./jpeg.ts";
import { isTooLarge, PictureReader, statusFault } from "./picture-reader.ts";
import { mostFrameBytes } from "./rtsp/depayload.ts";
import { runVideo } from "./running.ts";
import type { FilmSettings, VideoOutput, VideoStream } from "./video.ts";

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  readonly lookup?: LookupFunction;
}

// Without a picture between: a page or a film of another kind.
const mostBetween = 64 * 1024;
const noPictureMs = 30_000;
const beatMs = 500;
const jpegStart = Buffer.from([0xff, 0xd8, 0xff]);

/** Takes the JPEGs out of a body that comes in pieces. A damaged one is left out. */
export class JpegCutter {
  readonly #collected = new Collected();
  readonly #picture: (jpeg: Buffer, size: { width: number; height: number }) => void;
  #walk: JpegWalk | undefined;

  constructor(picture: (jpeg: Buffer, size: { width: number; height: number }) => void) {
    this.#picture = picture;
  }

  /** What no picture has come out of yet. */
  get rest(): Buffer {
    return this.#collected.bytes;
  }

  /** A picture has begun. */
  get inPicture(): boolean {
    return this.#walk !== undefined;
  }

  push(piece: Buffer): void {
    this.#collected.add(piece);
    const { bytes } = this.#collected;
    // What is done with goes once: there may be a picture's beginning at every turn.
    let done = 0;
    for (;;) {
      if (!this.#walk) {
        const start = bytes.indexOf(jpegStart, done);
        if (start < 0) break;
        done = start;
        this.#walk = new JpegWalk(start);
      }
      if (!this.#walk.read(bytes)) break;
      const { frame, at } = this.#walk;
      this.#walk = undefined;
      if (frame && !isTooLarge(frame)) this.#picture(Buffer.from(bytes.subarray(done, frame.end)), frame);
      // Behind a fault: what begins there may be the next one; a thumbnail inside was walked over.
      done = frame?.end ?? Math.max(done + 2, at);
    }
    if (done > 0) {
      this.#collected.drop(done);
      this.#walk &&= new JpegWalk();
    }
    if (this.#collected.length <= mostFrameBytes) return;
    this.#walk = undefined;
    this.#collected.drop(this.#collected.length);
  }
}

/**
 * Opens a camera's film. Everything comes as events, faults too: `ended` has a PorteroError, those of HttpClient.request,
 * `silent` and `no-picture` to try again, `no-picture` (no JPEGs) and `no-film` (one picture only) to give up, `camera-status`;
 * none when the camera ended it after some pictures.
 */
export const openMjpeg = (settings: FilmSettings, deps: Deps): VideoStream =>
  runVideo((out, signal) => new Film(settings, deps, out).run(signal), deps.log);

class Film {
  readonly #settings: FilmSettings;
  readonly #deps: Deps;
  readonly #clock: Clock;
  readonly #place: string;
  readonly #out: VideoOutput;
  readonly #ended = new AbortController();
  readonly #cutter = new JpegCutter((jpeg, size) => this.#frame(jpeg, size));
  #size = { width: 0, height: 0 };
  #times = { piece: 0, picture: 0 };
  #pictures = 0;
  #headers: IncomingHttpHeaders | undefined;

  constructor(settings: FilmSettings, deps: Deps, out: VideoOutput) {
    this.#settings = settings;
    this.#deps = deps;
    this.#clock = deps.clock;
    this.#out = out;
    this.#place = `The camera at ${showUrl(splitCredentials(settings.url.reveal()).url, settings.password)}`;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { url, timeoutMs = 5_000, silenceMs = 10_000, ...rest } = this.#settings;
    const client = new HttpClient(this.#deps);
    const onAbort = () => this.#ended.abort(signal.reason);
    signal.addEventListener("abort", onAbort);
    const stop = this.#clock.every(beatMs, () => this.#beat(silenceMs));
    try {
      const { status, headers } = await client.request({
        ...{ url: url.reveal(), timeoutMs, maxBytes: mostBetween, ...rest },
        what: "The camera",
        headers: { Accept: "multipart/x-mixed-replace, image/jpeg;q=0.5, */*;q=0.1" },
        signal: this.#ended.signal,
        each: (piece, told) => this.#take(piece, told),
      });
      if (status < 200 || status > 299) throw statusFault(this.#place, status);
      if (this.#pictures === 0) throw this.#noPicture(headers);
      if (this.#pictures === 1 && /^\s*image\//i.test(headers["content-type"] ?? ""))
        throw giveUp("no-film", `${this.#place} gives a single picture and no film: enter this address as its image`);
    } catch (error) {
      this.#ended.signal.throwIfAborted();
      throw error;
    } finally {
      stop();
      signal.removeEventListener("abort", onAbort);
      client.close();
    }
  }

  #take(piece: Buffer, headers: IncomingHttpHeaders): void {
    if (this.#ended.signal.aborted) return;
    const now = this.#clock.now();
    this.#times.piece = now;
    if (!this.#headers) this.#times.picture = now;
    this.#headers = headers;
    this.#cutter.push(piece);
    if (!this.#cutter.inPicture && this.#cutter.rest.length > mostBetween) this.#ended.abort(this.#noPicture(headers));
  }

  #frame(jpeg: Buffer, { width, height }: { width: number; height: number }): void {
    const at = this.#clock.now();
    if (width !== this.#size.width || height !== this.#size.height) {
      this.#size = { width, height };
      this.#out.format({ codec: "jpeg", width, height, sets: [] });
    }
    this.#pictures += 1;
    this.#times.picture = at;
    this.#out.frame({ units: [jpeg], key: true, at, timestamp: at * 90 });
  }

  #beat(silenceMs: number): void {
    if (!this.#headers) return;
    const now = this.#clock.now();
    if (now - this.#times.piece >= silenceMs)
      this.#ended.abort(tryAgain("silent", `${this.#place} has sent no video for ${Math.round(silenceMs / 1000)} s`));
    else if (now - this.#times.picture >= noPictureMs)
      this.#ended.abort(
        tryAgain("no-picture", `${this.#place} sends video, but no whole picture has come for ${noPictureMs / 1000} s`),
      );
  }

  // What a single picture would have been refused for.
  #noPicture(headers: IncomingHttpHeaders): PorteroError {
    try {
      new PictureReader(this.#place).finish(this.#cutter.rest, headers);
    } catch (error) {
      if (error instanceof PorteroError) return error;
    }
    return giveUp("no-picture", `${this.#place} sends pictures that cannot be read as JPEG`);
  }
}
