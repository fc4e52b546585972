// The WebSockets by which browsers see a film (RFC 6455). One that has gone without a word is noticed, and one that waits
// is told every few seconds that it is not forgotten.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { sentence, tryAgain, type PorteroError } from "../../errors.ts";
import type { Clock } from "../../clock.ts";
import type { Sound, VideoFormat } from "../video.ts";
import type { LiveCamera, Viewer } from "./live-camera.ts";
import { Sender, soundWishes, type Kind, type Line } from "./sender.ts";

const beatMs = 5_000;
/** A ping with each of so many beats; one unanswered is enough. */
const beatsOfPing = 4;
const mostViewers = 32;
// A browser says one word: how it wants the sound.
const mostHeard = 1_024;
const codes = { restart: 1012, refused: 4403 } as const;

/** A camera's film, as it comes or as something else. */
export type Film = Pick<LiveCamera, "viewers" | "watch">;

/** @throws PorteroError `too-many` */
export function checkSeats({ viewers }: Film): void {
  if (viewers >= mostViewers)
    throw tryAgain("too-many", `${mostViewers} are looking at this camera already: close a page`);
}

export interface Wish {
  readonly camera: Film;
  readonly kind: Kind;
}

export class LiveSockets {
  readonly #clock: Clock;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: mostHeard, perMessageDeflate: false });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a connection. What `wish` throws is its end, with the sentence as the reason, which a page can show. */
  admit(request: IncomingMessage, socket: Duplex, head: Buffer, wish: () => Wish): void {
    this.#server.handleUpgrade(request, socket, head, (browser) => {
      browser.on("error", () => {});
      try {
        const { camera, kind } = wish();
        checkSeats(camera);
        this.#show(browser, camera, kind);
      } catch (error) {
        browser.close(codes.refused, reasonOf(sentence(error)));
      }
    });
  }

  #show(browser: WebSocket, camera: Film, kind: Kind): void {
    const seat = new Seat(browser, kind, this.#clock);
    const leave = camera.watch(seat);
    browser.on("close", () => {
      seat.close();
      leave();
    });
  }
}

/** One browser that looks. */
class Seat implements Viewer {
  readonly #browser: WebSocket;
  readonly #clock: Clock;
  readonly #sender: Sender;
  readonly #stop: () => void;
  #sentAt = 0;
  #trouble: { readonly error: PorteroError; readonly until: number } | undefined;
  #beats = 0;
  #answered = true;

  constructor(browser: WebSocket, kind: Kind, clock: Clock) {
    this.#browser = browser;
    this.#clock = clock;
    const line: Line = {
      send: (data) => this.#send(data),
      get waiting() {
        return browser.bufferedAmount;
      },
      end: () => browser.close(codes.restart, "The door was changed"),
    };
    this.#sender = new Sender(kind, line, clock);
    this.#stop = clock.every(beatMs, () => this.#beat());
    browser.on("pong", () => (this.#answered = true));
    browser.on("message", (bytes: Buffer) => {
      const wish = soundWishes.find((known) => bytes.toString() === `sound ${known}`);
      if (wish) this.#sender.hear(wish);
    });
  }

  format(format: VideoFormat): void {
    this.#trouble = undefined;
    this.#sender.format(format);
  }

  frame(...frame: Parameters<Sender["frame"]>): void {
    this.#sender.frame(...frame);
  }

  sound(sound: Sound): void {
    this.#sender.sound(sound);
  }

  trouble(error: PorteroError, retryMs: number): void {
    this.#trouble = { error, until: this.#clock.now() + retryMs };
    this.#sender.trouble(error, retryMs);
  }

  ended(): void {
    this.#sender.ended();
  }

  close(): void {
    this.#stop();
  }

  #beat(): void {
    const now = this.#clock.now();
    if (now - this.#sentAt >= beatMs) {
      if (this.#trouble) this.#sender.trouble(this.#trouble.error, Math.max(0, this.#trouble.until - now));
      else this.#send('{"type":"alive"}');
    }
    this.#beats += 1;
    if (this.#beats % beatsOfPing !== 0) return;
    if (!this.#answered) {
      this.#browser.terminate();
      return;
    }
    this.#answered = false;
    this.#browser.ping();
  }

  #send(data: string | Buffer): void {
    if (this.#browser.readyState !== WebSocket.OPEN) return;
    this.#sentAt = this.#clock.now();
    this.#browser.send(data, () => {});
  }
}

/** As much of a sentence as a closing may carry (RFC 6455 §5.5.1). */
function reasonOf(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= 123) return text;
  return `${bytes
    .subarray(0, 119)
    .toString("utf8")
    .replace(/\uFFFD+$/, "")}…`;
}
