// A film whose pictures say which they are: a number as black and white squares along the upper edge, under it a bar that
// wanders. Coded by ffmpeg, as a camera of another make would; the number is read back from what a browser shows.
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { thePeer } from "../support/peers.ts";
import { unitsOf } from "./rtsp/packets.ts";

export const [width, height, perSecond] = [320, 176, 25] as const;
/** Squares: one white, one black, then the number, its lowest digit first. */
export const square = 16;
export const digits = 9;
/** So many pictures, then from the beginning again: 20 s, more than any delay. */
export const pictures = 500;
const keyEvery = 25;

/** Planes of 4:2:0, limited range. */
function paint(index: number): Buffer {
  const luma = Buffer.alloc(width * height, 90);
  const fill = (left: number, right: number, top: number, bottom: number, value: number) => {
    for (let y = top; y < bottom; y += 1) luma.fill(value, y * width + left, y * width + right);
  };
  const bits = [1, 0, ...Array.from({ length: digits }, (_, digit) => (index >> digit) & 1)];
  bits.forEach((bit, at) => fill(at * square, (at + 1) * square, 0, square, bit === 1 ? 235 : 16));
  const at = (index * 4) % (width - 40);
  fill(at, at + 40, 60, 140, 200);
  const chroma = (value: number) => Buffer.alloc((width * height) / 4, value);
  return Buffer.concat([luma, chroma(110), chroma(145)]);
}

async function code(args: readonly string[]): Promise<Buffer> {
  const child = spawn(
    thePeer("ffmpeg"),
    [
      ...["-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${width}x${height}`, "-r", String(perSecond)],
      ...["-i", "-", ...args, "-"],
    ],
    { stdio: "pipe" },
  );
  const [said, made] = [text(child.stderr), buffer(child.stdout)];
  child.stdin.on("error", () => {}); // Its words say why it went.
  Readable.from(Array.from({ length: pictures }, (_, index) => index).map(paint)).pipe(child.stdin);
  const bytes = await made;
  if (bytes.length === 0) throw new Error(`ffmpeg: ${await said}`);
  return bytes;
}

/** In which order the pictures of a group are sent: I0 P3 B1 B2 P6 B4 B5 … with B-frames. */
export const sendingOrder = (bFrames: boolean): number[] =>
  Array.from({ length: keyEvery }, (_, n) => (bFrames && n > 0 ? n + (n % 3 === 1 ? 2 : -1) : n));

/** The NAL units of each picture as they are sent, parameter sets before each key frame. `more` of ffmpeg's: a filter, a rate. */
export async function h264Film(more: readonly string[] = [], bFrames = false): Promise<Buffer[][]> {
  const order = bFrames ? "bframes=2:b-adapt=0:b-pyramid=0" : "bframes=0";
  const coder = `keyint=${keyEvery}:min-keyint=${keyEvery}:scenecut=0:${order}:threads=1:slices=1:repeat-headers=1`;
  const bytes = await code([
    ...more,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    ...(bFrames ? [] : ["-tune", "zerolatency"]),
    "-x264-params",
    coder,
    "-f",
    "h264",
  ]);
  const film: Buffer[][] = [];
  let sliced = true;
  for (const unit of unitsOf(bytes)) {
    if (sliced) film.push([]);
    const type = (unit[0] ?? 0) & 0x1f;
    sliced = type === 1 || type === 5;
    film.at(-1)?.push(unit);
  }
  return film;
}

export async function jpegFilm(): Promise<Buffer[]> {
  const bytes = await code(["-c:v", "mjpeg", "-q:v", "4", "-f", "mjpeg"]);
  const start = Buffer.from([0xff, 0xd8, 0xff]);
  const film: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = bytes.indexOf(start, at + 3);
    film.push(bytes.subarray(at, next < 0 ? bytes.length : next));
    at = next < 0 ? bytes.length : next;
  }
  return film;
}
