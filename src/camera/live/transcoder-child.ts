// The process behind transcoder.ts: node-rtsp-stream, where its user has installed that, fed by our input and heard on our
// output. It is a process of its own because that package ends the whole of it when ffmpeg is missing.
//
// The package gives an address to ffmpeg's command line, where everybody can read it, and opens a port for everybody.
// Here the film comes by a pipe, in constant arguments, and its server does not listen.
import processes from "node:child_process";
import { createRequire } from "node:module";
import { Server } from "node:net";
import { constants, setPriority } from "node:os";
import type { ChildProcessByStdio } from "node:child_process";
import type { EventEmitter } from "node:events";
import type { Readable, Writable } from "node:stream";
import { largestPicture } from "../limits.ts";

/** The part of node-rtsp-stream that is used here: it is no dependency, so that it may be missing. */
interface VideoStream extends EventEmitter<{ camdata: [Buffer] }> {
  readonly stream: ChildProcessByStdio<Writable, Readable, Readable>;
}
interface Options {
  readonly name: string;
  readonly streamUrl: string;
  readonly wsPort: number;
  readonly ffmpegOptions: Readonly<Record<string, string>>;
}
type MakeStream = new (options: Options) => VideoStream;

// What goes in front of ffmpeg's "-i", for which the package has no place: without it ffmpeg looks at seconds of a film
// before it begins, and holds back as many pictures as there are processors.
const input = [
  ...["-f", process.argv[2] === "h265" ? "hevc" : "h264", "-protocol_whitelist", "pipe"],
  ...["-max_pixels", `${largestPicture}`],
  ...["-probesize", "32", "-flags", "low_delay", "-threads", "1"],
];
const output = {
  // Each picture that comes is one that goes: the player shows them when they come. It takes all 256 steps for light.
  "-vf":
    "setpts=N/25/TB,scale=w='min(960,iw)':h=-2:out_color_matrix=bt601,format=yuv420p," +
    "lutyuv=y='(val-16)*255/219':u='(val-128)*255/224+128':v='(val-128)*255/224+128'",
  ...{ "-r": "25", "-g": "15", "-bf": "0", "-b:v": "2500k", "-maxrate": "5000k", "-bufsize": "2500k", "-an": "" },
  ...{ "-flush_packets": "1", "-muxdelay": "0", "-v": "error" },
};

try {
  // A film must not take the processor from a call. ffmpeg inherits it.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not allowed here.
}

const { spawn } = processes;
processes.spawn = ((program: string, args: readonly string[], options: object) =>
  spawn(program, [...input, ...args], options)) as typeof spawn;
Server.prototype.listen = function () {
  return this;
};
// Our output is the film's, and of what is wrong ffmpeg says more.
console.log = console.error = () => {};

const Stream = createRequire(import.meta.url)("node-rtsp-stream") as MakeStream;
const film = new Stream({ name: "door", streamUrl: "pipe:0", wsPort: 0, ffmpegOptions: output });
film.on("camdata", (bytes) => process.stdout.write(bytes));
film.stream.stdin.on("error", () => {});
film.stream.on("error", ({ message }) => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
});
film.stream.on("close", () => process.exit(1));
process.stdin.pipe(film.stream.stdin);
// Whoever started it is gone: ffmpeg goes when its input ends.
process.on("disconnect", () => process.exit(0));
process.stdout.on("error", () => process.exit(0));
