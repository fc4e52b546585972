// A camera that gives a single picture by HTTP or HTTPS (P5, P8, P12). The picture goes through as it came; only its frame
// is read, to refuse what is none.
import { systemClock, type Clock } from "../clock.ts";
import { giveUp, PorteroError } from "../errors.ts";
import { HttpClient, splitCredentials } from "../http.ts";
import { silent, type Log } from "../log.ts";
import { showUrl, type Secret } from "../secret.ts";
import { PictureReader, statusFault } from "./picture-reader.ts";

export { splitCredentials };

export interface CameraSettings {
  /** `http:` or `https:`, with nothing left to fill in. User and password in it are used if none are given below. */
  image?: Secret;
  username?: string;
  password?: Secret;
  /** From the request to the last byte; 5,000 by default. */
  timeoutMs?: number;
  /** 8 MiB by default. */
  maxBytes?: number;
  /** False accepts any certificate. True by default. */
  verifyTls?: boolean;
  /** SHA-256 fingerprint of the only certificate to accept. */
  pin?: string;
}

export interface Picture {
  /** Exactly one JPEG, as the camera sent it. */
  readonly jpeg: Buffer;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** When its last byte came, in milliseconds since 1970. */
  readonly takenAt: number;
  /** How long that took from the request, in milliseconds. */
  readonly ms: number;
  /** The URL, without credentials. */
  readonly source: string;
}

export class Camera {
  readonly #settings: CameraSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #client: HttpClient;

  constructor(settings: CameraSettings, deps: { clock?: Clock; log?: Log } = {}) {
    this.#settings = settings;
    this.#clock = deps.clock ?? systemClock;
    this.#log = deps.log ?? silent;
    this.#client = new HttpClient({ clock: this.#clock });
  }

  /**
   * Fetches one picture. Rejects with a PorteroError: those of HttpClient.request, and `no-image-url`, `no-picture` (the
   * camera answered, but not with a usable JPEG), `camera-status` (an HTTP status in `data.status`).
   */
  async snapshot(signal?: AbortSignal): Promise<Picture> {
    try {
      return await this.#fetch(signal);
    } catch (error) {
      if (error instanceof PorteroError) this.#log.debug(error.message);
      throw error;
    }
  }

  /** Ends what is running and closes the connections to the camera. */
  close(): void {
    this.#client.close();
  }

  async #fetch(signal: AbortSignal | undefined): Promise<Picture> {
    const { image, timeoutMs = 5_000, maxBytes = 8 * 2 ** 20, ...rest } = this.#settings;
    const start = this.#clock.now();
    if (!image?.reveal()) throw giveUp("no-image-url", "This door has no image URL: enter one, or choose a preset");
    const url = image.reveal();
    const place = `The camera at ${showUrl(splitCredentials(url).url)}`;
    const reader = new PictureReader(place);
    const response = await this.#client.request({
      ...{ url, timeoutMs, maxBytes, ...rest },
      what: "The camera",
      headers: { Accept: "image/jpeg, multipart/x-mixed-replace;q=0.5, */*;q=0.1" },
      // A camera that never ends, or declares a wrong length, still gave a picture once its end marker has come.
      enough: (body, headers) => reader.read(body, headers),
      ...(signal ? { signal } : {}),
    });
    if (response.status < 200 || response.status > 299) throw statusFault(place, response.status);
    const { jpeg, width, height } = reader.finish(response.body, response.headers);
    const takenAt = this.#clock.now();
    const ms = takenAt - start;
    this.#log.debug(`${place} gave ${width}×${height} pixels, ${jpeg.length} bytes, in ${ms} ms`);
    return { jpeg, width, height, takenAt, ms, source: response.url };
  }
}
