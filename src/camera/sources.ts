// Where a picture comes from: a camera's web server, its film, or the video of a call.
import type { LookupFunction } from "node:net";
import { isNear, type Clock } from "../clock.ts";
import { tryAgain } from "../errors.ts";
import { splitCredentials, type HttpClient } from "../http.ts";
import { span } from "../http/faults.ts";
import type { Log } from "../log.ts";
import type { SourceKind } from "../picture-sources.ts";
import { showUrl, type Secret } from "../secret.ts";
import type { Decoder } from "./decode.ts";
import { readJpeg } from "./jpeg.ts";
import { PictureReader, statusFault } from "./picture-reader.ts";
import { openRtsp } from "./rtsp/stream.ts";
import { snapshotOf, type Still } from "./still.ts";
import type { Access } from "./video.ts";

/** A picture as it was taken. */
export interface Taken {
  readonly jpeg: Buffer;
  readonly width: number;
  readonly height: number;
  /** Milliseconds since 1970. */
  readonly takenAt: number;
  /** Without credentials. */
  readonly source: string;
}

export interface Wish {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export type Take = (wish: Wish) => Promise<Taken>;

export interface Source {
  readonly kind: SourceKind;
  readonly take: Take;
}

/** A JPEG by HTTP; of a film the first. */
export function overHttp(
  url: Secret,
  login: Access,
  maxBytes: number,
  { client, clock }: { readonly client: HttpClient; readonly clock: Clock },
): Take {
  return async ({ signal, timeoutMs }) => {
    const place = `The camera at ${shown(url, login)}`;
    const reader = new PictureReader(place);
    const response = await client.request({
      ...{ url: url.reveal(), ...login, timeoutMs, maxBytes, signal, what: "The camera" },
      headers: { Accept: "image/jpeg, multipart/x-mixed-replace;q=0.5, */*;q=0.1" },
      // A camera that never ends, or declares a wrong length, still gave a picture once its end marker has come.
      enough: (body, headers) => reader.read(body, headers),
    });
    if (response.status < 200 || response.status > 299) throw statusFault(place, response.status);
    const picture = reader.finish(response.body, response.headers);
    return { ...picture, takenAt: clock.now(), source: response.url };
  };
}

/** The last picture of a film of JPEGs that runs already, while it is young; else what `take` has. */
export function ofRunning(live: () => Still | undefined, clock: Clock, source: string, take: Take): Take {
  return async (wish) => {
    const { format, frame, bytes: jpeg } = live() ?? {};
    if (format?.codec !== "jpeg" || !frame || !jpeg || !isNear(frame.at, clock.now(), youngMs + 1))
      return await take(wish);
    const { width = 0, height = 0 } = format;
    return { jpeg, width, height, takenAt: frame.at, source };
  };
}

/** A whole picture of a film. */
export interface Film {
  /** Without credentials. */
  readonly source: string;
  readonly still: (wish: Wish) => Promise<Still>;
}

/** The same, decoded. */
export function ofFilm(
  { source, still }: Film,
  { clock, decoder }: { readonly clock: Clock; readonly decoder: Decoder },
): Take {
  return async ({ signal, timeoutMs }) => {
    const end = clock.now() + timeoutMs;
    const seen = await still({ signal, timeoutMs });
    const leftMs = end - clock.now();
    if (leftMs < 1)
      throw tryAgain("timeout", `The camera's film gave a picture, but the ${span(timeoutMs)} were over: give it more`);
    const jpeg = await decoder.decode(seen, { timeoutMs: leftMs, signal });
    const found = readJpeg(jpeg);
    if ("fault" in found) throw tryAgain("no-picture", `The camera's film gave a damaged picture: it ${found.fault}`);
    const { width, height } = found.frame;
    return { jpeg, width, height, takenAt: seen.frame.at, source };
  };
}

// Somebody who watches has a key frame every few seconds, and JPEGs all the time.
const freshMs = 5_000;
const youngMs = 1_000;

/** A stream by RTSP; `live` is the last key frame of the same one, where somebody watches it already. */
export function rtspFilm(
  url: Secret,
  login: Access,
  { clock, log, lookup }: { readonly clock: Clock; readonly log: Log; readonly lookup?: LookupFunction | undefined },
  live: () => Still | undefined = () => undefined,
): Film {
  return {
    source: shown(url, login),
    async still({ signal, timeoutMs }) {
      const running = live();
      if (running && isNear(running.frame.at, clock.now(), freshMs + 1)) return running;
      const stream = openRtsp({ url, timeoutMs, ...login }, { clock, log, ...(lookup && { lookup }) });
      try {
        return await snapshotOf(stream, { clock, timeoutMs, signal });
      } finally {
        stream.close();
      }
    },
  };
}

export const shown = (url: Secret, { password }: Access): string =>
  showUrl(splitCredentials(url.reveal()).url, password);
