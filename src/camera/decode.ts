// A JPEG of a key frame, made by ffmpeg where that is installed. It is fed by a pipe and gets constant arguments only: a list of
// processes shows neither addresses nor passwords.
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { systemClock, type Clock } from "../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../errors.ts";
import { span } from "../http/faults.ts";
import { largestPicture } from "./limits.ts";
import type { Still } from "./still.ts";

export interface DecodeOptions {
  /** From the call to the picture; 5,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const mostBytes = 16 * 2 ** 20;
const mostComplaints = 2_000;

/** One at a time: a small machine has other things to do than to decode for everybody at once. */
export class Decoder {
  readonly #clock: Clock;
  readonly #program: string;
  #before: Promise<unknown> = Promise.resolve();

  constructor({ clock = systemClock, program = "ffmpeg" }: { clock?: Clock; program?: string } = {}) {
    this.#clock = clock;
    this.#program = program;
  }

  /**
   * The picture as JPEG; one that is a JPEG already stays as it is. Rejects with the reason of `signal`, or with a PorteroError:
   * to give up `no-ffmpeg`, to try again `timeout`, `not-decoded`.
   */
  async decode(still: Still, { timeoutMs = 5_000, signal }: DecodeOptions = {}): Promise<Buffer> {
    if (still.format.codec === "jpeg") return still.bytes;
    const ended = new AbortController();
    const within = `within ${span(timeoutMs)}`;
    const cancel = this.#clock.after(timeoutMs, () =>
      ended.abort(tryAgain("timeout", `ffmpeg made no picture of the camera's video ${within}`)),
    );
    const both = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
    const mine = this.#before.then(() => run(this.#program, still, both));
    this.#before = mine.catch(() => {});
    try {
      return await Promise.race([mine, rejection(both)]);
    } finally {
      cancel();
    }
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(signal.reason as Error);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

/**
 * JPEG files have the colours of BT.601 in the full range: from whatever the stream says in its VUI. What says nothing is taken as
 * players take it: large pictures as BT.709. (ffmpeg forgets the option for H.265, which is BT.601 then.)
 */
function argumentsFor({ codec, width = 0, height = 0 }: Still["format"]): string[] {
  const unsaid = width >= 1280 || height > 576 ? ["-colorspace", "bt709"] : [];
  return [
    ...["-v", "error", "-nostdin", "-protocol_whitelist", "pipe", "-max_pixels", `${largestPicture}`, ...unsaid],
    ...["-f", codec === "h265" ? "hevc" : "h264", "-i", "pipe:0", "-frames:v", "1"],
    ...["-vf", "scale=out_color_matrix=bt601:out_range=pc,format=yuvj420p"],
    ...["-f", "mjpeg", "-q:v", "3", "pipe:1"],
  ];
}

function run(program: string, still: Still, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, argumentsFor(still.format), { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    const pieces: Buffer[] = [];
    let [bytes, complaints] = [0, ""];
    const end = () => void child.kill("SIGKILL");
    signal.addEventListener("abort", end);
    child.on("error", (error: NodeJS.ErrnoException) => reject(startFault(error, still)));
    child.stdout.on("data", (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > mostBytes) end();
      else pieces.push(piece);
    });
    child.stderr.on("data", (piece: Buffer) => {
      if (complaints.length < mostComplaints) complaints += piece.toString("latin1");
    });
    // It may end before it has read everything.
    child.stdin.on("error", () => {});
    child.on("close", () => {
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason as Error);
      else if (bytes > 0 && bytes <= mostBytes) resolve(Buffer.concat(pieces));
      else reject(notDecoded(still, complaints));
    });
    if (child.pid !== undefined) yieldTo(child.pid);
    child.stdin.end(still.bytes);
  });
}

// A picture must not take the processor from a call.
function yieldTo(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed here, or it is over already.
  }
}

const nameOf = ({ format }: Still): string => (format.codec === "h265" ? "H.265" : "H.264");

function startFault(error: NodeJS.ErrnoException, still: Still): PorteroError {
  if (error.code !== "ENOENT") return tryAgain("not-decoded", `ffmpeg could not be started: ${sentence(error)}`);
  return giveUp(
    "no-ffmpeg",
    `The camera sends ${nameOf(still)}, and ffmpeg, which makes a JPEG of it, is not installed here: install it (Debian: apt install ffmpeg), or enter an image URL`,
  );
}

function notDecoded(still: Still, complaints: string): PorteroError {
  const [first = ""] = complaints.split("\n").filter((line) => line.trim() !== "");
  // "[h264 @ 0x55…] …": where it stands in memory helps nobody.
  const why = first.replace(/^\[[^\]]*\]\s*/, "").slice(0, 200);
  return tryAgain(
    "not-decoded",
    `ffmpeg could make no picture of the camera's ${nameOf(still)}${why ? `: ${why}` : ""}`,
  );
}
