// A door's camera (P5, P8, P12): one picture from the first of its sources that has one. It goes through as it came, unless it is a
// film's that has to be decoded, or something in it is nobody's business.
import type { LookupFunction } from "node:net";
import type { Box } from "../box.ts";
import { isNear, systemClock, type Clock } from "../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../errors.ts";
import { HttpClient, splitCredentials } from "../http.ts";
import { span } from "../http/faults.ts";
import { silent, type Log } from "../log.ts";
import { sourceKinds, type SourceKind } from "../picture-sources.ts";
import type { Secret } from "../secret.ts";
import { Decoder } from "./decode.ts";
import { firstOf, NoneWorked } from "./first.ts";
import { readJpeg } from "./jpeg.ts";
import { movie } from "./mp4/movie.ts";
import type { Pictures } from "./pictures.ts";
import { ofFilm, ofRunning, overHttp, rtspFilm, shown, type Film, type Source, type Taken } from "./sources.ts";
import type { Still } from "./still.ts";
import type { Access } from "./video.ts";

export { splitCredentials };

export interface CameraSettings extends Access {
  /** `http:` or `https:`, with nothing left to fill in. User and password in it are used if none are given below. */
  readonly image?: Secret;
  /** The same of a film of JPEGs, of which the first is taken. */
  readonly mjpeg?: Secret;
  /** `rtsp:` or `rtsps:`. H.264 and H.265 need ffmpeg. */
  readonly rtsp?: Secret;
  /** Which are asked, in this order; all by default. */
  readonly order?: readonly SourceKind[];
  /** For a picture, whatever it takes. 5,000 by default; 10,000 where only films are known, whose key frame has to come. */
  readonly timeoutMs?: number;
  /** 8 MiB by default. */
  readonly maxBytes?: number;
  /** How old the last picture may be where no new one can be had; 30,000 by default, 0 = it is never given. */
  readonly keepMs?: number;
  /** Blacked out in every picture that is given. */
  readonly masks?: readonly Box[];
}

export interface CameraDeps {
  readonly clock?: Clock;
  readonly log?: Log;
  /** Blacks out `masks`: needed where there are any. */
  readonly pictures?: Pictures;
  readonly decoder?: Decoder;
  readonly lookup?: LookupFunction;
  /** The last key frame of a film that runs already. */
  readonly live?: () => Still | undefined;
  /** The video of the call that stands; undefined while none does, or without video. */
  readonly call?: () => Film | undefined;
}

export interface Picture {
  /** Exactly one JPEG; as the camera sent it, where nothing had to be done to it. */
  readonly jpeg: Buffer;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** When its last byte came, in milliseconds since 1970. */
  readonly takenAt: number;
  /** How long that took from the request, in milliseconds. */
  readonly ms: number;
  /** The URL, without credentials; for a call's video `sip:` and the number. */
  readonly source: string;
  readonly kind: SourceKind;
  /** No new one could be had: it is the last one. */
  readonly kept?: true;
}

/** One picture of a film as it came, as MP4: where nothing decodes it. */
export interface Movie extends Omit<Picture, "jpeg"> {
  readonly mp4: Buffer;
}

export interface PictureWish {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly order?: readonly SourceKind[];
  /** The last picture is none, however young. */
  readonly fresh?: boolean;
}

const usualKeepMs = 30_000;
const kindNames: Readonly<Record<SourceKind, string>> = {
  jpeg: "JPEG",
  mjpeg: "MJPEG",
  rtsp: "RTSP",
  call: "the call",
};

export class Camera {
  readonly #settings: CameraSettings;
  readonly #deps: CameraDeps;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #client: HttpClient;
  readonly #decoder: Decoder;
  readonly #closing = new AbortController();
  #worked: SourceKind | undefined;
  #last: Picture | undefined;

  constructor(settings: CameraSettings, deps: CameraDeps = {}) {
    this.#settings = settings;
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
    this.#log = deps.log ?? silent;
    const { lookup } = deps;
    this.#client = new HttpClient({ clock: this.#clock, ...(lookup && { lookup }) });
    this.#decoder = deps.decoder ?? new Decoder({ clock: this.#clock });
  }

  /** Whether there is an address to ask. */
  get isKnown(): boolean {
    const { image, mjpeg, rtsp, order = sourceKinds } = this.#settings;
    const known = { jpeg: image, mjpeg, rtsp, call: undefined };
    return order.some((kind) => known[kind] !== undefined);
  }

  /**
   * A new picture; where none can be had in time the last one, if it is young enough. The source that had one last is asked first.
   * Rejects with a PorteroError: `no-image-url` (there is nothing to ask), what went wrong with the only source, or `no-picture`,
   * which tells of each; and those of Pictures.process where something is masked, in which case there is no picture at all.
   */
  async snapshot(wish: PictureWish = {}): Promise<Picture> {
    const signal = wish.signal ? AbortSignal.any([wish.signal, this.#closing.signal]) : this.#closing.signal;
    try {
      const picture = await this.#masked(await this.#fetch(wish, signal));
      this.#last = picture;
      return picture;
    } catch (error) {
      if (!(error instanceof PorteroError)) throw error;
      this.#log.debug(error.message);
      const isNoUse = wish.fresh === true || signal.aborted || error.code === "no-image-url";
      const kept = isNoUse ? undefined : this.#kept();
      if (!kept) throw error;
      return kept;
    }
  }

  /**
   * A whole picture of the film, undecoded, for where there is no ffmpeg. Rejects with a PorteroError: `no-movie` where there is no
   * film, or something of it is nobody's business.
   */
  async movie({
    signal = this.#closing.signal,
    timeoutMs = 10_000,
    order = sourceKinds,
  }: PictureWish = {}): Promise<Movie> {
    const start = this.#clock.now();
    if ((this.#settings.masks ?? []).length > 0)
      throw giveUp(
        "no-movie",
        "This camera's film has parts that nobody may see, which only ffmpeg could hide: install it",
      );
    const kind = order.find((one) => this.#film(one) !== undefined);
    const film = kind && this.#film(kind);
    if (!film) throw giveUp("no-movie", "This camera has no film that could be shown");
    const { format, frame } = await film.still({ signal, timeoutMs });
    if (format.codec === "jpeg") throw giveUp("no-movie", "This camera's film is JPEG, which needs no MP4");
    const { width = 0, height = 0 } = format;
    const ms = this.#clock.now() - start;
    return { mp4: movie(format, [frame]), width, height, takenAt: frame.at, ms, source: film.source, kind };
  }

  /** Ends what is running and closes the connections to the camera. */
  close(): void {
    this.#closing.abort(tryAgain("closed", "The camera was not asked to the end: its owner closed"));
    this.#client.close();
    this.#last = undefined;
  }

  #kept(): Picture | undefined {
    const { keepMs = usualKeepMs } = this.#settings;
    const last = this.#last;
    return last && isNear(last.takenAt, this.#clock.now(), keepMs) ? { ...last, kept: true } : undefined;
  }

  async #fetch(wish: PictureWish, signal: AbortSignal): Promise<Picture> {
    const start = this.#clock.now();
    const sources = this.#sources(wish.order ?? this.#settings.order ?? sourceKinds);
    if (sources.length === 0) throw giveUp("no-image-url", "This door has no image URL: enter one, or choose a preset");
    const waits = sources.every(({ kind }) => kind === "rtsp" || kind === "call");
    const timeoutMs = wish.timeoutMs ?? this.#settings.timeoutMs ?? (waits ? 10_000 : 5_000);
    const patienceMs = timeoutMs / sources.length;
    const ways = sources.map(({ take }) => async (ended: AbortSignal): Promise<Taken> => {
      const leftMs = start + timeoutMs - this.#clock.now();
      if (leftMs < 1) throw tryAgain("timeout", `was not asked, since the ${span(timeoutMs)} were over`);
      return await take({ signal: ended, timeoutMs: leftMs });
    });
    try {
      const { value, place } = await firstOf(ways, { clock: this.#clock, patienceMs, signal });
      const { jpeg, width, height, takenAt, source } = value;
      const kind = sources[place]?.kind ?? "jpeg";
      this.#worked = kind;
      const ms = this.#clock.now() - start;
      this.#log.debug(`The camera at ${source} gave ${width}×${height} pixels, ${jpeg.length} bytes, in ${ms} ms`);
      return { jpeg, width, height, takenAt, ms, source, kind };
    } catch (error) {
      if (wish.signal?.aborted)
        throw tryAgain("aborted", "The camera was not asked to the end: the request was cancelled");
      throw error instanceof NoneWorked ? allFailed(sources, error.faults) : error;
    }
  }

  /** Those that can be asked, the one first that had a picture last. */
  #sources(order: readonly SourceKind[]): Source[] {
    const sorted = order.toSorted((a, b) => Number(b === this.#worked) - Number(a === this.#worked));
    return sorted.flatMap((kind) => this.#source(kind) ?? []);
  }

  #source(kind: SourceKind): Source | undefined {
    const { image, mjpeg, maxBytes = 8 * 2 ** 20 } = this.#settings;
    const film = this.#film(kind);
    if (film) return { kind, take: ofFilm(film, { clock: this.#clock, decoder: this.#decoder }) };
    const url = kind === "jpeg" ? image : kind === "mjpeg" ? mjpeg : undefined;
    if (!url?.reveal()) return undefined;
    const { live } = this.#deps;
    const take = overHttp(url, this.#login, maxBytes, { clock: this.#clock, client: this.#client });
    return {
      kind,
      take: kind === "mjpeg" && live ? ofRunning(live, this.#clock, shown(url, this.#login), take) : take,
    };
  }

  #film(kind: SourceKind): Film | undefined {
    const { rtsp } = this.#settings;
    const { lookup, live, call } = this.#deps;
    if (kind === "call") return call?.();
    if (kind !== "rtsp" || !rtsp?.reveal()) return undefined;
    return rtspFilm(rtsp, this.#login, { clock: this.#clock, log: this.#log, lookup }, live);
  }

  get #login(): Access {
    const { username, password, verifyTls, pin } = this.#settings;
    return {
      ...(username === undefined ? {} : { username }),
      ...(password && { password }),
      ...(verifyTls === undefined ? {} : { verifyTls }),
      ...(pin === undefined ? {} : { pin }),
    };
  }

  // Whatever goes wrong with it, the picture is not given as it came.
  async #masked(picture: Picture): Promise<Picture> {
    const { masks = [] } = this.#settings;
    if (masks.length === 0) return picture;
    const { pictures } = this.#deps;
    if (!pictures) throw giveUp("no-picture", "This picture has parts that nobody may see, and nothing hides them");
    const jpeg = await pictures.process(picture.jpeg, { masks: [...masks], quality: 90 });
    const found = readJpeg(jpeg);
    // The camera's own orientation has been seen to.
    return { ...picture, jpeg, ...("frame" in found && { width: found.frame.width, height: found.frame.height }) };
  }
}

/** Whether a picture was there, and only ffmpeg is missing to make a JPEG of it. */
export const lacksDecoder = (error: unknown): boolean =>
  error instanceof PorteroError &&
  [error.code, ...((error.data["codes"] ?? []) as readonly unknown[])].includes("no-ffmpeg");

function allFailed(sources: readonly Source[], faults: readonly unknown[]): unknown {
  if (faults.length === 1) return faults[0];
  const told = faults.map((fault, place) => `${kindNames[sources[place]?.kind ?? "jpeg"]}: ${sentence(fault)}`);
  const isLasting = faults.every((fault) => fault instanceof PorteroError && fault.advice === "giveUp");
  const codes = faults.map((fault) => (fault instanceof PorteroError ? fault.code : ""));
  const says = `None of its sources has a picture. ${told.join("; ")}`;
  return (isLasting ? giveUp : tryAgain)("no-picture", says, { data: { codes } });
}
