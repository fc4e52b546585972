// A door's camera, wherever the door is just now: its addresses may follow its registration (N3).
import { Camera, type CameraDeps, type Movie, type Picture, type PictureWish } from "../../camera/camera.ts";
import { doorCamera, type DoorSettings, type Whereabouts } from "../../door/door.ts";
import { giveUp } from "../../errors.ts";

export class DoorEye {
  readonly #settings: DoorSettings;
  readonly #where: () => Whereabouts;
  readonly #deps: CameraDeps;
  /** Kept between pictures, so that connection and nonce are: the second picture is the fast one. */
  #kept: { readonly key: string; readonly camera: Camera } | undefined;

  constructor(settings: DoorSettings, where: () => Whereabouts, deps: CameraDeps) {
    this.#settings = settings;
    this.#where = where;
    this.#deps = deps;
  }

  /** Whether it has a camera that can be asked now. */
  get isKnown(): boolean {
    return this.#camera().isKnown;
  }

  /** Whether there is a picture to be had: of its camera, or of the call that it is in. */
  get isOpen(): boolean {
    return this.isKnown || this.#deps.call?.() !== undefined;
  }

  /** A picture, as Camera.snapshot gives it. Rejects with a sentence. */
  async snapshot(wish?: PictureWish): Promise<Picture> {
    if (this.isOpen) return await this.#camera().snapshot(wish);
    const { name } = this.#settings;
    throw giveUp(
      "no-image-url",
      `${name} has no camera that can be reached: enter its image or video URL, or let it register`,
    );
  }

  /** Of its film one picture as it is, as Camera.movie gives it. */
  movie(wish?: PictureWish): Promise<Movie> {
    return this.#camera().movie(wish);
  }

  close(): void {
    this.#kept?.camera.close();
    this.#kept = undefined;
  }

  #camera(): Camera {
    const found = doorCamera(this.#settings, this.#where());
    const key = [found.image, found.mjpeg, found.rtsp].map((url) => url?.reveal() ?? "").join("\n");
    if (this.#kept?.key !== key) {
      this.close();
      this.#kept = { key, camera: new Camera({ ...found, ...picturesOf(this.#settings) }, this.#deps) };
    }
    return this.#kept.camera;
  }
}

/** The first picture of a simulated camera is drawn by a thread that begins, in the same machine. */
const simulatedSeconds = 20;

function picturesOf({ preset, pictureSources, pictureTimeout, keepPicture, masks }: DoorSettings) {
  const seconds = pictureTimeout ?? (preset === "simulated" ? simulatedSeconds : undefined);
  return {
    ...(pictureSources && { order: pictureSources }),
    ...(seconds === undefined ? {} : { timeoutMs: seconds * 1000 }),
    ...(keepPicture === undefined ? {} : { keepMs: keepPicture * 1000 }),
    ...(masks && { masks }),
  };
}
