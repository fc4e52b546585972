// A film that runs until its work ends, it is closed, or a listener fails: as VideoStream has it, whoever makes the pictures.
import { EventEmitter } from "node:events";
import { PorteroError, sentence, tryAgain } from "../errors.ts";
import type { Log } from "../log.ts";
import type { VideoEvents, VideoOutput, VideoStream } from "./video.ts";

type Work = (out: VideoOutput, signal: AbortSignal) => Promise<void>;

class RunningVideo extends EventEmitter<VideoEvents> implements VideoStream {
  readonly #closing = new AbortController();
  readonly #log: Log;
  #over = false;

  constructor(work: Work, log: Log) {
    super();
    this.#log = log;
    this.#run(work)
      .then(() => this.#end(undefined))
      .catch((error: unknown) => this.#end(error));
  }

  close(): void {
    this.#over = true;
    this.#closing.abort(tryAgain("closed", "The stream was closed"));
  }

  async #run(work: Work): Promise<void> {
    // Whoever called hears of everything.
    await Promise.resolve();
    if (this.#over) return;
    const out: VideoOutput = {
      format: (format) => this.#tell(() => this.emit("format", format)),
      frame: (frame) => this.#tell(() => this.emit("frame", frame)),
      sound: (sound) => this.#tell(() => this.emit("sound", sound)),
    };
    await work(out, this.#closing.signal);
  }

  // A listener's fault must not end the process through a socket.
  #tell(emit: () => void): void {
    if (this.#over) return;
    try {
      emit();
    } catch (error) {
      this.#closing.abort(error);
    }
  }

  #end(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const fault =
      error === undefined || error instanceof PorteroError
        ? error
        : tryAgain("network", `The stream ended: ${sentence(error)}`, { cause: error });
    if (fault) this.#log.debug(fault.message);
    try {
      this.emit("ended", fault);
    } catch (failed) {
      this.#log.warn(`A listener of a stream failed: ${sentence(failed)}`);
    }
  }
}

/** Runs `work` as a film. Its end is the film's, and what it rejects with the reason, too; it ends when `signal` aborts. */
export const runVideo = (work: Work, log: Log): VideoStream => new RunningVideo(work, log);
