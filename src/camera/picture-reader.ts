// Takes one JPEG out of what a camera answers: a single picture, or the first of a film (multipart/x-mixed-replace, as 2N
// sends with `fps`, P8). Of the film only the first JPEG is looked for and never the boundary, which makers write in
// many ways (quoted, missing, with leading dashes).
import type { IncomingHttpHeaders } from "node:http";
import { giveUp, tryAgain, type PorteroError } from "../errors.ts";
import { JpegWalk } from "./jpeg.ts";
import { largestPicture } from "./limits.ts";

/** A page that shows a picture must not be made to allocate what a header claims. */
export const isTooLarge = ({ width, height }: { width: number; height: number }): boolean =>
  width * height > largestPicture;
// Boundary and headers of the first part.
const mostPreamble = 16 * 1024;
const jpegStart = Buffer.from([0xff, 0xd8, 0xff]);

export class PictureReader {
  readonly #place: string;
  #walk: JpegWalk | undefined;
  #start = 0;

  /** `place` begins the sentences: "The camera at http://1.2.3.4/a.jpg". */
  constructor(place: string) {
    this.#place = place;
  }

  /** Reads all of the body that has come so far. True = the picture is whole, or will never be one. */
  read(body: Buffer, headers: IncomingHttpHeaders): boolean {
    this.#walk ??= this.#begin(body, headers);
    return this.#walk?.read(body) ?? body.length > mostPreamble;
  }

  /** The picture; throws giveUp or tryAgain `no-picture`. */
  finish(body: Buffer, headers: IncomingHttpHeaders): { jpeg: Buffer; width: number; height: number } {
    this.read(body, headers);
    const frame = this.#walk?.frame;
    if (!frame) throw this.#fault(body, headers);
    const { width, height, end } = frame;
    if (isTooLarge(frame)) throw this.#no(`${width}×${height} pixels, which is too large`);
    return { jpeg: body.subarray(this.#start, end), width, height };
  }

  #begin(body: Buffer, headers: IncomingHttpHeaders): JpegWalk | undefined {
    if (typeOf(headers).startsWith("multipart/")) {
      this.#start = body.indexOf(jpegStart);
      if (this.#start < 0 || this.#start > mostPreamble) return undefined;
    }
    return new JpegWalk(this.#start);
  }

  #fault(body: Buffer, headers: IncomingHttpHeaders): PorteroError {
    const type = typeOf(headers);
    if (body.length === 0) return tryAgain("no-picture", `${this.#place} answered with nothing: is its camera on?`);
    if (type === "text/html" || /^\s*<(?:!doctype|html|\?xml|head|body)/i.test(body.toString("latin1", 0, 200))) {
      return this.#no(
        "a web page instead of a picture: is this the address of the picture itself, as its maker gives it?",
      );
    }
    if (type.startsWith("multipart/") && !this.#walk) return this.#no("a film without JPEG pictures (MJPEG)");
    if (body.subarray(this.#start, this.#start + 2).equals(jpegStart.subarray(0, 2))) {
      const fault = this.#walk?.fault ?? "ends in the middle";
      return tryAgain("no-picture", `${this.#place} sent a damaged JPEG: it ${fault}`);
    }
    return this.#no(`no JPEG${type ? ` but ${type}` : ""}: choose JPEG in its settings or another address`);
  }

  #no(what: string): PorteroError {
    return giveUp("no-picture", `${this.#place} answered with ${what}`);
  }
}

// From the network: only what a media type may consist of is repeated in a sentence.
const typeOf = (headers: IncomingHttpHeaders): string =>
  /^[\w.+*-]+\/[\w.+*-]+/.exec((headers["content-type"] ?? "").trim().toLowerCase())?.[0].slice(0, 60) ?? "";

/** The sentence for an answer that is no success. */
export function statusFault(place: string, status: number): PorteroError {
  const data = { status };
  switch (status) {
    case 403:
      return giveUp("camera-status", `${place} forbids this picture (403): allow it to this user in the camera`, {
        data,
      });
    case 404:
    case 410:
      return giveUp(
        "camera-status",
        `${place} has no picture there (${status}): check the path, it differs per maker`,
        {
          data,
        },
      );
    case 429:
    case 503:
      return tryAgain("camera-status", `${place} is too busy for a picture now (${status})`, { data });
    default:
      return (status >= 500 ? tryAgain : giveUp)("camera-status", `${place} answered with HTTP status ${status}`, {
        data,
      });
  }
}
