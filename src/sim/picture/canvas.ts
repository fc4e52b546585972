// A bitmap to draw on with rectangles, ellipses, polygons and signs. It is twice as large each way as the picture that
// comes out of it, which makes smooth edges.
import { isSet, signHeight, signWidth } from "./font.ts";

/** Red, green, blue from 0 to 255, and how much it covers, from 0 to 1. */
export type Colour = readonly [red: number, green: number, blue: number, cover?: number];
export type Point = readonly [x: number, y: number];

const scale = 2;

export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #columns: number;
  readonly #pixels: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#columns = width * scale;
    this.#pixels = new Uint8Array(this.#columns * height * scale * 3);
  }

  /** A canvas with the same picture on it. */
  copy(): Canvas {
    const copy = new Canvas(this.width, this.height);
    copy.#pixels.set(this.#pixels);
    return copy;
  }

  /** Paints where `inside` says so, within a box in the picture's points. */
  paint(
    [left, top, right, bottom]: readonly [number, number, number, number],
    [red, green, blue, cover = 1]: Colour,
    inside?: (x: number, y: number) => boolean,
  ): void {
    const pixels = this.#pixels;
    const rest = 1 - cover;
    const [x0, y0] = [Math.max(0, Math.round(left * scale)), Math.max(0, Math.round(top * scale))];
    const x1 = Math.min(this.#columns, Math.round(right * scale));
    const y1 = Math.min(this.height * scale, Math.round(bottom * scale));
    for (let row = y0; row < y1; row++)
      for (let column = x0; column < x1; column++) {
        if (inside && !inside((column + 0.5) / scale, (row + 0.5) / scale)) continue;
        const at = (row * this.#columns + column) * 3;
        pixels[at] = (pixels[at] ?? 0) * rest + red * cover;
        pixels[at + 1] = (pixels[at + 1] ?? 0) * rest + green * cover;
        pixels[at + 2] = (pixels[at + 2] ?? 0) * rest + blue * cover;
      }
  }

  /** Fills a box with stripes of half a point, down or to the right, from one colour to the other. */
  gradient(
    x: number,
    y: number,
    width: number,
    height: number,
    colour: (part: number) => Colour,
    to: "down" | "right" = "down",
  ): void {
    const length = to === "down" ? height : width;
    for (let at = 0; at < length; at += 1 / scale) {
      const stripe = colour(at / length);
      if (to === "down") this.rectangle(x, y + at, width, 1 / scale, stripe);
      else this.rectangle(x + at, y, 1 / scale, height, stripe);
    }
  }

  rectangle(x: number, y: number, width: number, height: number, colour: Colour): void {
    this.paint([x, y, x + width, y + height], colour);
  }

  ellipse(x: number, y: number, radiusX: number, radiusY: number, colour: Colour): void {
    this.paint(
      [x - radiusX, y - radiusY, x + radiusX, y + radiusY],
      colour,
      (px, py) => ((px - x) / radiusX) ** 2 + ((py - y) / radiusY) ** 2 <= 1,
    );
  }

  polygon(points: readonly Point[], colour: Colour): void {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] as const;
    this.paint(box, colour, (x, y) => isWithin(points, x, y));
  }

  /** A rectangle with round corners. */
  rounded(x: number, y: number, width: number, height: number, radius: number, colour: Colour): void {
    this.paint([x, y, x + width, y + height], colour, (px, py) => {
      const dx = Math.max(x + radius - px, px - (x + width - radius), 0);
      const dy = Math.max(y + radius - py, py - (y + height - radius), 0);
      return dx * dx + dy * dy <= radius * radius;
    });
  }

  /** Signs of the pixel font; `size` is the side of one of their points. */
  text(text: string, x: number, y: number, size: number, colour: Colour): void {
    text.split("").forEach((sign, index) => {
      const left = x + index * (signWidth + 1) * size;
      for (let column = 0; column < signWidth; column++)
        for (let row = 0; row < signHeight; row++)
          if (isSet(sign, column, row)) this.rectangle(left + column * size, y + row * size, size, size, colour);
    });
  }

  /** The picture as red, green, blue, 255. */
  rgba(): Uint8Array {
    const { width, height } = this;
    const out = new Uint8Array(width * height * 4).fill(255);
    const next = this.#columns * 3;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let part = 0; part < 3; part++) {
          const at = y * scale * next + x * scale * 3 + part;
          const sum = this.#at(at) + this.#at(at + 3) + this.#at(at + next) + this.#at(at + next + 3);
          out[(y * width + x) * 4 + part] = sum >> 2;
        }
    return out;
  }

  #at(index: number): number {
    return this.#pixels[index] ?? 0;
  }
}

function isWithin(points: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  points.forEach(([x1, y1], index) => {
    const [x2, y2] = points[(index + 1) % points.length] ?? [x1, y1];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  });
  return inside;
}
