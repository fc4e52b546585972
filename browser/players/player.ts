// What shows a film or pictures: one for each way they come in.

/** What comes before the first picture, and again when it changes. */
export interface Format {
  readonly codec: string;
  readonly mime?: string;
  readonly width?: number;
  readonly height?: number;
}

/** The first that works is taken. jsmpeg is the last: it costs Node-RED far more than all others. */
export const kinds = ["webcodecs", "mse", "mjpeg", "jsmpeg"] as const;
export type Kind = (typeof kinds)[number];

/** What a player tells. */
export interface Watcher {
  /** A picture is on the screen. */
  shown(): void;
  /** It cannot go on; `never`: nor could another of its kind. */
  failed(never: boolean): void;
  /** The browser wants the user to touch the page before anything plays. */
  touch(): void;
}

export interface Player {
  /** Belongs into the page. */
  readonly surface: HTMLCanvasElement | HTMLVideoElement;
  format(format: Format): void;
  take(bytes: ArrayBuffer): void;
  close(): void;
}

/** A canvas that has the size of what is drawn on it. */
export class Screen {
  readonly canvas = document.createElement("canvas");
  readonly #context = this.canvas.getContext("2d", { alpha: false });

  draw(picture: VideoFrame | ImageBitmap): void {
    const [width, height] =
      "displayWidth" in picture ? [picture.displayWidth, picture.displayHeight] : [picture.width, picture.height];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.#context?.drawImage(picture, 0, 0, width, height);
    picture.close();
  }
}
