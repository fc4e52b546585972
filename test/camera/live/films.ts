// A camera's film that a test runs by hand, instead of a connection.
import { EventEmitter } from "node:events";
import type { VideoSettings } from "../../../src/camera/upstream.ts";
import type { Frame, VideoEvents, VideoFormat, VideoStream } from "../../../src/camera/video.ts";
import { LiveCamera, type LiveOptions, type Viewer } from "../../../src/camera/live/live-camera.ts";
import { Sender, type Kind } from "../../../src/camera/live/sender.ts";
import type { PorteroError } from "../../../src/errors.ts";
import { silent } from "../../../src/log.ts";
import { Secret } from "../../../src/secret.ts";
import { FakeClock } from "../../support/clock.ts";
import { film } from "../films.ts";

export class HandFilm extends EventEmitter<VideoEvents> implements VideoStream {
  closed = false;
  readonly #clock: FakeClock;
  readonly #film = film("h264");
  #next = 0;

  constructor(clock: FakeClock) {
    super();
    this.#clock = clock;
  }

  close(): void {
    this.closed = true;
  }

  get format(): VideoFormat {
    return this.#film.format;
  }

  begin(format = this.format): void {
    this.emit("format", format);
  }

  /** So many frames of the clip, at 25 a second: of 8 the first is a key frame. */
  async play(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const index = this.#next++;
      const frame = this.#film.frames[index % 8];
      if (!frame) throw new Error("no frame");
      this.emit("frame", { ...frame, at: this.#clock.now(), timestamp: 777 + 3600 * index });
      await this.#clock.advance(40);
    }
  }

  end(error?: PorteroError): void {
    this.emit("ended", error);
  }
}

/** What a viewer is told, in words: `format`, `key`, `frame`, `old key`, `trouble code 1000`. */
export class Eyes implements Viewer {
  readonly seen: string[] = [];
  readonly frames: Frame[] = [];

  format(): void {
    this.seen.push("format");
  }

  frame(frame: Frame, behind: number): void {
    this.frames.push(frame);
    this.seen.push(`${behind > 0 ? "old " : ""}${frame.key ? "key" : "frame"}`);
  }

  trouble(error: PorteroError, retryMs: number): void {
    this.seen.push(`trouble ${error.code} ${retryMs}`);
  }

  ended(): void {
    this.seen.push("ended");
  }

  /** What came since the last look; of several alike one, with their number. */
  look(): string {
    const words: [string, number][] = [];
    for (const word of this.seen.splice(0)) {
      const last = words.at(-1);
      if (last?.[0] === word) last[1] += 1;
      else words.push([word, 1]);
    }
    return words.map(([word, count]) => (count > 1 ? `${count} ${word}` : word)).join(", ");
  }
}

export function liveCamera(clock: FakeClock, options: Partial<LiveOptions> = {}) {
  const films: HandFilm[] = [];
  const settings = (): VideoSettings => ({ videoUrl: new Secret("rtsp://192.0.2.1/live") });
  const camera = new LiveCamera(
    { settings, warmMs: 30_000, always: false, keepMs: 0, ...options },
    {
      clock,
      log: silent,
      open: () => {
        const made = new HandFilm(clock);
        films.push(made);
        return made;
      },
    },
  );
  return { camera, films, last: () => films.at(-1) ?? new HandFilm(clock) };
}

/** What a browser gets, by the line that it has; while that is stuck, it takes nothing. */
export function browser(kind: Kind) {
  const clock = new FakeClock();
  const texts: unknown[] = [];
  const parts: Buffer[] = [];
  const line = {
    waiting: 0,
    stuck: false,
    end: () => {},
    send(data: string | Buffer) {
      if (typeof data === "string") texts.push(JSON.parse(data));
      else {
        parts.push(data);
        if (line.stuck) line.waiting += data.length;
      }
    },
  };
  return { sender: new Sender(kind, line, clock), line, texts, parts, clock };
}
