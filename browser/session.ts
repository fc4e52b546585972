// One time of looking at a door's camera: a ticket, the way that fits this browser, and again after every fault. Ends with
// its signal, and asks for nothing after that.
import { JsmpegPlayer } from "./players/jsmpeg.ts";
import { MjpegPlayer } from "./players/mjpeg.ts";
import { MsePlayer } from "./players/mse.ts";
import { kinds, type Kind, type Player, type Watcher } from "./players/player.ts";
import { canBuffer } from "./players/tail.ts";
import { canDecode, WebCodecsPlayer } from "./players/webcodecs.ts";
import type { Speaker } from "./speaker.ts";
import { words } from "./words.ts";
import type { Told } from "../src/camera/live/sender.ts";

/** `still`: single pictures. */
export type Way = Kind | "still";

/** What a session tells the element that shows it. */
export interface View {
  readonly speaker: Speaker;
  /** Its place in the page is that of the player before. */
  player(player: Player, way: Way): void;
  /** A picture was shown, and when it was taken where that is known. */
  shown(takenAt?: number): void;
  trouble(reason: string): void;
  touch(): void;
}

interface Ticket {
  readonly ticket?: string;
  readonly kinds?: readonly string[];
  /** Why there is no film. */
  readonly reason?: string;
}

const makers: Record<Kind, { can: () => boolean; make: (watcher: Watcher, base: URL) => Player }> = {
  webcodecs: { can: canDecode, make: (watcher) => new WebCodecsPlayer(watcher) },
  mse: { can: canBuffer, make: (watcher) => new MsePlayer(watcher) },
  mjpeg: { can: () => true, make: (watcher) => new MjpegPlayer(watcher) },
  jsmpeg: { can: () => true, make: (watcher, base) => new JsmpegPlayer(watcher, new URL("../../jsmpeg.js", base)) },
};

const firstPauseMs = 500;
const longestPauseMs = 15_000;
const stillEveryMs = 2_000;
const silentMs = 15_000;
const steps = 1_000;
// No message of a picture begins with it.
const flagSound = 2;

/** A fault in words, to be shown. */
class Trouble extends Error {}

export class Session {
  readonly #base: URL;
  readonly #forced: Way | undefined;
  readonly #view: View;
  readonly #signal: AbortSignal;
  /** Ways that this browser turned out not to have for this camera. */
  readonly #unfit = new Set<Kind>();
  #codec = "";
  #pauseMs = firstPauseMs;

  /** `base`: the door's address, with a slash at its end. */
  constructor(base: URL, forced: Way | undefined, view: View, signal: AbortSignal) {
    this.#base = base;
    this.#forced = forced;
    this.#view = view;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const isOver = () => this.#signal.aborted;
    while (!isOver()) {
      try {
        const ticket = await this.#ticket();
        const way = this.#way(ticket.kinds ?? []);
        if (way === "still") await this.#stills(ticket.reason);
        else await this.#watch(way, ticket.ticket ?? "");
      } catch (error) {
        if (isOver()) return;
        const reason = error instanceof Trouble ? error.message : words.unreachable;
        const pause = this.#pauseMs;
        this.#pauseMs = Math.min(2 * pause, longestPauseMs);
        this.#view.trouble(`${reason} ${words.again(Math.ceil(pause / 1000))}`);
        await this.#wait(pause);
      }
    }
  }

  async #ticket(): Promise<Ticket> {
    return (await (await this.#get("ticket")).json()) as Ticket;
  }

  /** @throws Trouble with what the server says of it */
  async #get(path: string): Promise<Response> {
    const answer = await fetch(new URL(path, this.#base), { signal: this.#signal, cache: "no-store" });
    if (answer.ok) return answer;
    if (answer.status === 401 || answer.status === 403) throw new Trouble(await said(answer, words.login));
    throw new Trouble(await said(answer, words.status(answer.status)));
  }

  #way(offered: readonly string[]): Way {
    if (this.#forced === "still") return "still";
    const fit = kinds.filter((kind) => offered.includes(kind) && makers[kind].can() && !this.#unfit.has(kind));
    if (this.#forced === undefined) return fit[0] ?? "still";
    if (!fit.includes(this.#forced)) throw new Trouble(words.noKind(this.#forced));
    return this.#forced;
  }

  /** Resolves when another way is to be taken. */
  #watch(way: Kind, ticket: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const address = new URL(`live?${new URLSearchParams({ ticket, kind: way }).toString()}`, this.#base);
      address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
      const socket = new WebSocket(address);
      socket.binaryType = "arraybuffer";
      let quietSince = performance.now();
      // Pictures that are still being decoded when a fault is told are no sign that it is over.
      let isFaulty = false;
      const watcher = {
        shown: () => {
          if (isFaulty) return;
          this.#pauseMs = firstPauseMs;
          this.#view.shown();
        },
        failed: (never: boolean) => {
          if (never) this.#unfit.add(way);
          end(never ? resolve : () => reject(new Trouble(words.cut)));
        },
        touch: () => this.#view.touch(),
      };
      const player = makers[way].make(watcher, this.#base);
      this.#view.player(player, way);
      const watchdog = setInterval(() => {
        if (performance.now() - quietSince > silentMs) end(() => reject(new Trouble(words.silent)));
      }, steps);
      const onAbort = () => end(resolve);
      const end = (settle: () => void) => {
        clearInterval(watchdog);
        this.#signal.removeEventListener("abort", onAbort);
        socket.onmessage = socket.onclose = null;
        socket.close();
        player.close();
        this.#view.speaker.end();
        settle();
      };
      this.#signal.addEventListener("abort", onAbort);
      if (this.#signal.aborted) return onAbort();
      socket.onclose = ({ reason }) => end(() => reject(new Trouble(reason || words.cut)));
      socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
        quietSince = performance.now();
        if (data instanceof ArrayBuffer) {
          if (new DataView(data).getUint8(0) === flagSound) this.#view.speaker.take(new Uint8Array(data, 1));
          else {
            isFaulty = false;
            player.take(data);
          }
          return;
        }
        const told = JSON.parse(data) as Told;
        if (told.type === "format") {
          this.#codec = told.codec;
          player.format(told);
        } else if (told.type === "sound") this.#view.speaker.offer(told, (wish) => socket.send(`sound ${wish}`));
        else if (told.type === "trouble") {
          isFaulty = true;
          this.#view.trouble(told.reason);
        }
      };
    });
  }

  async #stills(reason: string | undefined): Promise<void> {
    const player = new MjpegPlayer({ shown: () => this.#view.shown(takenAt), failed: () => {}, touch: () => {} });
    let takenAt: number | undefined;
    this.#view.player(player, "still");
    if (this.#unfit.size > 0) this.#view.trouble(words.cannotPlay(this.#codec));
    else if (reason !== undefined) this.#view.trouble(reason);
    try {
      while (!this.#signal.aborted) {
        const { picture, age } = await this.picture();
        takenAt = Date.now() - age;
        player.take(picture);
        this.#pauseMs = firstPauseMs;
        await this.#wait(stillEveryMs);
      }
    } finally {
      player.close();
    }
  }

  /** The door's last or a new picture, and its age in milliseconds. */
  async picture(): Promise<{ picture: Blob; age: number }> {
    const answer = await this.#get("picture.jpg");
    return { picture: await answer.blob(), age: Number(answer.headers.get("X-Picture-Age") ?? 0) };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#signal.addEventListener("abort", done);
    });
  }
}

/** The sentence in an answer, where it holds one. */
async function said(answer: Response, otherwise: string): Promise<string> {
  if (!answer.headers.get("Content-Type")?.includes("json")) return otherwise;
  const { reason } = (await answer.json()) as { reason?: unknown };
  return typeof reason === "string" ? reason : otherwise;
}
