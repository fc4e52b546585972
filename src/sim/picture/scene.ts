// What the simulated camera sees: a street in the evening from a front door, and the visitor who pressed last.
import { Canvas, type Colour } from "./canvas.ts";
import { printable, signWidth } from "./font.ts";

export interface Scene {
  /** The door's name, written above. */
  readonly name: string;
  /** How often the button was pressed: each press brings another visitor; 0 = nobody is there. */
  readonly visitor: number;
  /** Whether the door is open at the moment. */
  readonly open: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export const width = 640;
export const height = 480;

/** Where the time stands, for who wants to read it back: left, top, and the side of one point of its signs. */
export const clockPlace = { x: 24, y: 418, size: 6 } as const;

/** Draws one scene after the other: of a film of one visitor most stays as it was. */
export class Easel {
  readonly #street = new Canvas(width, height);
  #last: { visitor: number; open: boolean; canvas: Canvas } | undefined;

  constructor() {
    street(this.#street);
  }

  /** Red, green, blue, 255, row by row. */
  draw(scene: Scene): Uint8Array {
    const canvas = this.#people(scene).copy();
    writing(canvas, scene);
    return canvas.rgba();
  }

  #people({ visitor: count, open }: Scene): Canvas {
    if (this.#last?.visitor !== count || this.#last.open !== open) {
      const canvas = this.#street.copy();
      if (count > 0) visitor(canvas, count);
      porch(canvas, open);
      this.#last = { visitor: count, open, canvas };
    }
    return this.#last.canvas;
  }
}

const horizon = 286;

function street(canvas: Canvas): void {
  // Sky, from blue to the warmth of the evening.
  const high: Colour = [54, 92, 148];
  const low: Colour = [246, 196, 146];
  canvas.gradient(0, 0, width, horizon, (part) => between(high, low, part ** 1.4));
  canvas.ellipse(498, 196, 40, 40, [255, 226, 170, 0.35]);
  canvas.ellipse(498, 196, 26, 26, [255, 238, 200]);
  for (const [x, y, size] of [
    [150, 92, 1],
    [330, 62, 0.7],
    [560, 110, 0.8],
  ] as const)
    for (const [dx, dy, rx, ry] of [
      [0, 0, 58, 11],
      [-22, -8, 30, 12],
      [16, -11, 34, 15],
    ] as const)
      canvas.ellipse(x + dx * size, y + dy * size, rx * size, ry * size, [255, 244, 232, 0.55]);
  canvas.ellipse(120, 300, 230, 62, [88, 116, 118]);
  canvas.ellipse(470, 306, 290, 58, [100, 126, 120]);
  house(canvas, 66, 176, 132, [204, 178, 150], [134, 74, 62]);
  house(canvas, 408, 196, 112, [216, 206, 190], [86, 92, 108]);
  tree(canvas, 262, 208, 44);
  tree(canvas, 574, 190, 54);
  // Lawn, hedge, and the path from the street to the door.
  canvas.gradient(0, horizon, width, height - horizon, (part) => between([104, 142, 82], [58, 96, 56], part));
  for (let x = -10; x < width + 30; x += 26)
    canvas.ellipse(x, horizon + 2 + ((x * 7) % 5), 24, 19, [50 + ((x * 13) % 17), 88, 56]);
  const path: Colour = [178, 168, 154];
  canvas.polygon(
    [
      [286, horizon - 4],
      [354, horizon - 4],
      [520, height],
      [120, height],
    ],
    path,
  );
  for (let step = 0; step < 7; step++) {
    const y = horizon + 6 + step ** 2 * 4.6;
    const half = 34 + (y - horizon) * 0.86;
    canvas.rectangle(320 - half, y, half * 2, 1 + step * 0.4, [146, 136, 124]);
  }
}

function house(canvas: Canvas, x: number, y: number, size: number, wall: Colour, roof: Colour): void {
  const tall = horizon - y - size * 0.34;
  const top = y + size * 0.34;
  canvas.rectangle(x, top, size, tall, wall);
  canvas.polygon(
    [
      [x - 10, top + 3],
      [x + size / 2, y - size * 0.06],
      [x + size + 10, top + 3],
    ],
    roof,
  );
  const pane = size * 0.17;
  for (const [column, lit] of [
    [0.14, true],
    [0.68, false],
  ] as const) {
    const [left, upper] = [x + size * column, top + tall * 0.2];
    canvas.rectangle(left - 2, upper - 2, pane + 4, pane * 1.15 + 4, [240, 234, 224]);
    canvas.rectangle(left, upper, pane, pane * 1.15, lit ? [255, 214, 122] : [92, 112, 138]);
    canvas.rectangle(left + pane / 2 - 0.75, upper, 1.5, pane * 1.15, [240, 234, 224]);
  }
  canvas.rectangle(x + size * 0.42, horizon - tall * 0.56, size * 0.17, tall * 0.56, [96, 64, 52]);
}

function tree(canvas: Canvas, x: number, y: number, size: number): void {
  canvas.rectangle(x - size * 0.09, y + size * 0.4, size * 0.18, horizon - y - size * 0.4, [88, 66, 52]);
  for (const [dx, dy, r, shade] of [
    [-0.42, 0.2, 0.62, 0],
    [0.42, 0.22, 0.6, 6],
    [0, -0.18, 0.74, 12],
    [-0.16, -0.3, 0.44, 24],
  ] as const)
    canvas.ellipse(x + dx * size, y + dy * size, r * size, r * size, [54 + shade, 94 + shade, 66 + shade]);
}

interface Look {
  readonly coat: Colour;
  readonly hair: Colour;
  readonly skin: Colour;
  readonly x: number;
  readonly hat: "none" | "cap" | "wool";
  readonly parcel: boolean;
}

// Visitors come in this order, again and again.
const looks: readonly Look[] = [
  { coat: [198, 62, 52], hair: [74, 50, 38], skin: [236, 194, 164], x: 322, hat: "none", parcel: false },
  { coat: [236, 182, 46], hair: [52, 42, 40], skin: [172, 122, 92], x: 276, hat: "cap", parcel: true },
  { coat: [56, 112, 176], hair: [190, 142, 78], skin: [244, 208, 180], x: 366, hat: "wool", parcel: false },
  { coat: [62, 138, 104], hair: [36, 30, 32], skin: [122, 84, 62], x: 304, hat: "none", parcel: false },
  { coat: [134, 84, 158], hair: [206, 204, 206], skin: [232, 188, 160], x: 346, hat: "wool", parcel: true },
];

function visitor(canvas: Canvas, count: number): void {
  const look = looks[(count - 1) % looks.length];
  if (!look) return;
  const { x, coat, hair, skin, hat, parcel } = look;
  const dark = between(coat, [0, 0, 0], 0.24);
  const shade = between(skin, [70, 30, 20], 0.22);
  // Shoulders and arms.
  canvas.rounded(x - 96, 300, 192, 240, 62, coat);
  canvas.rounded(x - 98, 330, 40, 200, 20, dark);
  canvas.rounded(x + 58, 330, 40, 200, 20, dark);
  // Neck and collar.
  canvas.rounded(x - 21, 262, 42, 62, 16, shade);
  canvas.polygon(
    [
      [x - 46, 300],
      [x - 18, 296],
      [x, 334],
      [x + 18, 296],
      [x + 46, 300],
      [x + 12, 362],
      [x - 12, 362],
    ],
    dark,
  );
  canvas.rectangle(x - 1.5, 350, 3, 130, between(coat, [0, 0, 0], 0.4));
  // Head.
  canvas.ellipse(x, 206, 62, 70, hair);
  canvas.ellipse(x - 52, 226, 9, 14, shade);
  canvas.ellipse(x + 52, 226, 9, 14, shade);
  canvas.ellipse(x, 222, 51, 62, skin);
  canvas.ellipse(x, 172, 46, 22, hair);
  for (const side of [-1, 1]) {
    canvas.ellipse(x + side * 20, 214, 9, 6.5, [250, 248, 244]);
    canvas.ellipse(x + side * 20, 214.5, 4.6, 5.2, [58, 44, 38]);
    canvas.rounded(x + side * 20 - 12, 199, 24, 4.5, 2, between(hair, [0, 0, 0], 0.15));
    canvas.ellipse(x + side * 28, 240, 10, 6, [232, 128, 108, 0.28]);
  }
  canvas.ellipse(x, 234, 5.5, 7, shade);
  canvas.ellipse(x, 256, 17, 8.5, [168, 76, 70]);
  canvas.ellipse(x, 252, 19, 7, skin);
  if (hat === "cap") {
    dome(canvas, x, 182, 60, 46, dark);
    canvas.rounded(x - 58, 166, 116, 18, 8, coat);
    canvas.rounded(x - 68, 180, 136, 11, 5, dark);
  }
  if (hat === "wool") {
    canvas.ellipse(x, 118, 17, 17, [244, 238, 228]);
    dome(canvas, x, 182, 62, 54, dark);
    canvas.rounded(x - 64, 168, 128, 24, 11, between(coat, [255, 255, 255], 0.3));
  }
  if (parcel) {
    canvas.rounded(x - 66, 366, 132, 130, 5, [192, 146, 96]);
    canvas.rectangle(x - 13, 366, 26, 130, [222, 188, 138]);
    canvas.rounded(x + 20, 380, 36, 24, 2, [246, 242, 232]);
    canvas.ellipse(x - 66, 430, 17, 22, skin);
    canvas.ellipse(x + 66, 430, 17, 22, skin);
  }
}

// The upper half of an ellipse.
function dome(canvas: Canvas, x: number, y: number, radiusX: number, radiusY: number, colour: Colour): void {
  const inside = (px: number, py: number) => ((px - x) / radiusX) ** 2 + ((py - y) / radiusY) ** 2 <= 1;
  canvas.paint([x - radiusX, y - radiusY, x + radiusX, y], colour, inside);
}

// The frame of the door at the left, a lamp above, and the light of the lock: red, or green while it is open.
function porch(canvas: Canvas, open: boolean): void {
  canvas.gradient(0, 0, 44, height, (part) => between([74, 50, 40], [112, 78, 60], part), "right");
  canvas.rectangle(44, 0, 5, height, [52, 36, 30]);
  canvas.rectangle(0, 0, width, 12, [60, 42, 34]);
  canvas.rounded(12, 224, 20, 72, 8, [178, 174, 166]);
  canvas.ellipse(22, 242, 7, 7, [120, 116, 110]);
  const light: Colour = open ? [70, 220, 110] : [222, 66, 56];
  canvas.ellipse(22, 278, 10, 10, [light[0], light[1], light[2], 0.35]);
  canvas.ellipse(22, 278, 6, 6, light);
}

function writing(canvas: Canvas, { name, open, at }: Scene): void {
  const now = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  const black: Colour = [12, 14, 18, 0.72];
  const white: Colour = [255, 255, 255];
  const { x, y, size } = clockPlace;
  canvas.rounded(x - 12, y - 12, 8 * (signWidth + 1) * size + 18, 7 * size + 24, 9, black);
  canvas.text(time, x, y, size, white);
  canvas.rounded(width - 146, height - 48, 134, 34, 8, black);
  canvas.text(date, width - 139, height - 38, 2, white);
  const title = printable(name).slice(0, 24);
  canvas.rounded(60, 24, title.length * (signWidth + 1) * 3 + 21, 45, 9, black);
  canvas.text(title, 72, 36, 3, white);
  if (!open) return;
  canvas.rounded(width - 112, 24, 94, 45, 9, [28, 132, 66, 0.92]);
  canvas.text("OPEN", width - 100, 36, 3, white);
}

function between(from: Colour, to: Colour, part: number): Colour {
  const mix = (a: number, b: number) => a + (b - a) * part;
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])];
}
