// A film of H.264 or H.265 as MPEG-1 in a transport stream, for browsers that play nothing else: by node-rtsp-stream and
// ffmpeg, where its user has installed both, in a process of its own (transcoder-child.ts).
import { fork, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { programFile } from "../../program.ts";

/** A part of the transport stream, in whole packets; `key`: who has seen nothing yet can begin with it. */
export interface Piece {
  readonly bytes: Buffer;
  readonly key: boolean;
}

export interface Heard {
  piece(piece: Piece): void;
  /** It has ended by itself, once; why, as far as ffmpeg told. */
  ended(why: string): void;
}

// What waits to be read by ffmpeg; more is a machine that is too slow.
const mostWaiting = 2 * 2 ** 20;
const mostComplaint = 200;
const heapMegabytes = 64;

/** Whether both are installed; looked up each time, so that nobody has to restart anything. */
export function canTranscode(): boolean {
  try {
    createRequire(import.meta.url).resolve("node-rtsp-stream");
  } catch {
    return false;
  }
  const program = process.platform === "win32" ? "ffmpeg.exe" : "ffmpeg";
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}

export class Transcoder {
  readonly #child: ChildProcess;
  #waitsForKey = true;
  #rest: Buffer = Buffer.alloc(0);
  #complaint = "";
  #over = false;

  constructor(codec: "h264" | "h265", heard: Heard) {
    const child = (this.#child = fork(programFile(import.meta.url, "./transcoder-child"), [codec], {
      execArgv: [`--max-old-space-size=${heapMegabytes}`],
      stdio: ["pipe", "pipe", "pipe", "ipc"],
    }));
    const end = (why: string) => {
      if (this.#over) return;
      this.close();
      heard.ended(why);
    };
    child.stdin?.on("error", () => {});
    child.stdout?.on("data", (bytes: Buffer) => {
      for (const piece of this.#over ? [] : this.#cut(bytes)) heard.piece(piece);
    });
    child.stderr?.on("data", (bytes: Buffer) => {
      const [line = ""] = bytes.toString("latin1").split("\n");
      // "[hevc @ 0x55…] …": where it stands in memory helps nobody.
      if (line.trim() !== "") this.#complaint = line.replace(/^\[[^\]]*\]\s*/, "").slice(0, mostComplaint);
    });
    child.on("error", ({ message }) => end(message));
    child.on("close", () => end(this.#complaint));
  }

  /** A frame in Annex B, a key frame with its parameter sets. What is too much is left out, up to a key frame. */
  write(bytes: Buffer, key: boolean): void {
    const { stdin } = this.#child;
    if (!stdin || this.#over) return;
    if (stdin.writableLength > mostWaiting) this.#waitsForKey = true;
    else if (key) this.#waitsForKey = false;
    if (!this.#waitsForKey) stdin.write(bytes);
  }

  /** ffmpeg ends when the process has, whose pipe it reads. */
  close(): void {
    this.#over = true;
    this.#child.kill("SIGKILL");
  }

  #cut(bytes: Buffer): Piece[] {
    const all = Buffer.concat([this.#rest, bytes]);
    const whole = all.length - (all.length % packetBytes);
    this.#rest = all.subarray(whole);
    const starts = [0];
    for (let at = packetBytes; at < whole; at += packetBytes) if (isKey(all, at)) starts.push(at);
    return starts
      .map((from, n) => ({ bytes: all.subarray(from, starts[n + 1] ?? whole), key: isKey(all, from) }))
      .filter((piece) => piece.bytes.length > 0);
  }
}

const packetBytes = 188;

/** Whether the packet begins a picture that needs none before it (ISO 13818-1 §2.4.3.4: random_access_indicator). */
function isKey(bytes: Buffer, at: number): boolean {
  const [begins, adapts] = [((bytes[at + 1] ?? 0) & 0x40) !== 0, ((bytes[at + 3] ?? 0) & 0x20) !== 0];
  return begins && adapts && (bytes[at + 4] ?? 0) > 0 && ((bytes[at + 5] ?? 0) & 0x40) !== 0;
}
