// The door to all media: one worker thread behind it, sessions in front. A session is one leg's ports and its SDP; two
// sessions bridged pass their media to each other. Knows no SIP.
import { EventEmitter } from "node:events";
import { networkInterfaces } from "node:os";
import { Worker } from "node:worker_threads";
import { giveUp, sentence, tryAgain, type PorteroError } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import * as negotiate from "./negotiate.ts";
import { MediaSession, type SessionHost } from "./session.ts";
import type { Counts, FromWorker, ToWorker, WorkerSettings } from "./worker/messages.ts";

export { MediaSession, type MediaStats } from "./session.ts";

export interface MediaOptions {
  /** Local address of the sockets: "127.0.0.1", "0.0.0.0", "::". */
  bind: string;
  /** Our address as it is written into SDP. */
  advertise: string;
  /** Even ports of this range carry RTP, the odd ones above RTCP; [0, 0] = any free ports. */
  ports: readonly [number, number];
  /** Milliseconds to the first packet (default 30 000) and between packets (15 000) before "silent"; 0 = never. */
  firstPacketMs?: number;
  silenceMs?: number;
  /** Milliseconds a closed port is not used again; default 5000. */
  drainMs?: number;
  log?: Log;
}

export interface MediaDeps {
  /** Starts the worker thread; tests put their own in to see it die. */
  spawn?: (settings: WorkerSettings) => Worker;
  random?: () => number;
}

export const defaultPorts: readonly [number, number] = [30_000, 30_999];

const noCounts: Counts = { received: 0, sent: 0, lost: 0 };
const workerFile = new URL(import.meta.url.endsWith(".ts") ? "./worker/main.ts" : "./worker/main.js", import.meta.url);
const spawnWorker = (settings: WorkerSettings) =>
  new Worker(workerFile, { workerData: settings, name: "portero-media" });

interface Waiting<T> {
  resolve: (value: T) => void;
  reject: (error: PorteroError) => void;
}

export class Media extends EventEmitter<{ down: [PorteroError] }> {
  readonly #options: MediaOptions;
  readonly #settings: WorkerSettings;
  readonly #spawn: (settings: WorkerSettings) => Worker;
  readonly #random: () => number;
  readonly #log: Log;
  #worker: Worker | undefined;
  #starting: Promise<Worker> | undefined;
  #closing: Promise<void> | undefined;
  #next = 1;
  readonly #sessions = new Map<number, MediaSession>();
  readonly #peers = new Map<MediaSession, MediaSession>();
  readonly #opening = new Map<number, Waiting<MediaSession>>();
  readonly #asking = new Map<number, (counts: Counts) => void>();
  readonly #ending = new Map<number, (counts: Counts) => void>();

  private constructor(options: MediaOptions, deps: MediaDeps) {
    super();
    this.#options = options;
    this.#spawn = deps.spawn ?? spawnWorker;
    this.#random = deps.random ?? Math.random;
    this.#log = options.log ?? silent;
    const interfaces = Object.values(networkInterfaces()).flatMap((list) => list?.map((i) => i.address) ?? []);
    this.#settings = {
      bind: options.bind,
      own: [options.bind, options.advertise, ...interfaces],
      ports: options.ports,
      drainMs: options.drainMs ?? 5000,
      firstPacketMs: options.firstPacketMs ?? 30_000,
      silenceMs: options.silenceMs ?? 15_000,
    };
  }

  /** Starts the worker; rejects giveUp "bad-address" when the machine does not have the address. */
  static async start(options: MediaOptions, deps: MediaDeps = {}): Promise<Media> {
    const [first, last] = options.ports;
    if (first < 0 || last > 65_535 || last < first || (first === 0 && last !== 0)) {
      throw giveUp("bad-ports", `The media port range ${first}-${last} is not valid; use for instance 30000-30999.`);
    }
    const media = new Media(options, deps);
    await media.#running();
    return media;
  }

  /** How many sessions are open. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** A session with its ports; rejects tryAgain "no-ports" naming the range, or "media-down". */
  async open(): Promise<MediaSession> {
    const worker = await this.#running();
    const number = this.#next++;
    return new Promise((resolve, reject) => {
      this.#opening.set(number, { resolve, reject });
      worker.postMessage({ type: "open", session: number } satisfies ToWorker);
    });
  }

  /** Passes media both ways, from now on and through every new offer of either; each session has one other. */
  bridge(a: MediaSession, b: MediaSession): void {
    if (this.#peers.get(a) === b) return;
    if (a === b || !this.#sessions.has(a.number) || !this.#sessions.has(b.number)) return;
    this.#part(a);
    this.#part(b);
    this.#peers.set(a, b).set(b, a);
    this.#route(a, b);
    this.#route(b, a);
  }

  /** Closes all sessions and the worker. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const worker = await this.#starting?.catch(() => undefined);
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    if (!worker || this.#worker !== worker) return;
    this.#worker = undefined;
    const ended = new Promise<void>((resolve) => {
      worker.on("message", (message: FromWorker) => {
        if (message.type === "ended") resolve();
      });
      worker.once("exit", () => resolve());
    });
    worker.postMessage({ type: "end" } satisfies ToWorker);
    await ended;
    await worker.terminate();
    this.#fail(tryAgain("media-down", "The media part is closed."));
  }

  #running(): Promise<Worker> {
    if (this.#closing) return Promise.reject(tryAgain("media-down", "The media part is closed."));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  #start(): Promise<Worker> {
    return new Promise((resolve, reject) => {
      const worker = this.#spawn(this.#settings);
      let problem = "it ended by itself";
      worker.on("message", (message: FromWorker) => {
        if (message.type === "ready") {
          this.#worker = worker;
          resolve(worker);
        } else if (message.type === "unusable") {
          reject(
            giveUp(
              "bad-address",
              `No media port can be opened on ${this.#options.bind}: this machine does not have the address.`,
            ),
          );
          void worker.terminate();
        } else {
          this.#receive(message);
        }
      });
      worker.on("error", (error) => (problem = sentence(error)));
      worker.once("exit", () => {
        this.#starting = undefined;
        const down = tryAgain(
          "media-down",
          `The media worker has stopped (${problem}); calls in progress have lost their sound. The next call starts it again.`,
        );
        reject(down);
        if (this.#worker !== worker) return;
        this.#worker = undefined;
        this.#log.error(down.message);
        this.#fail(down);
        this.emit("down", down);
      });
    });
  }

  /** Ends whatever still waits for a worker that is gone. */
  #fail(error: PorteroError): void {
    for (const { reject } of this.#opening.values()) reject(error);
    for (const answer of [...this.#asking.values(), ...this.#ending.values()]) answer(noCounts);
    const sessions = [...this.#sessions.values()];
    for (const map of [this.#opening, this.#asking, this.#ending, this.#sessions, this.#peers]) map.clear();
    for (const session of sessions) session.ended();
  }

  #receive(message: Exclude<FromWorker, { type: "ready" | "unusable" }>): void {
    switch (message.type) {
      case "opened": {
        const waiting = this.#opening.get(message.session);
        if (!this.#opening.delete(message.session)) return;
        const session = new MediaSession(this.#host, message.session, message);
        this.#sessions.set(message.session, session);
        waiting?.resolve(session);
        break;
      }
      case "refused":
        this.#opening.get(message.session)?.reject(tryAgain("no-ports", message.reason));
        this.#opening.delete(message.session);
        break;
      case "silent":
      case "heard":
        this.#sessions.get(message.session)?.emit(message.type);
        break;
      case "stats":
        this.#asking.get(message.ask)?.(message.counts);
        this.#asking.delete(message.ask);
        break;
      case "closed":
        this.#ending.get(message.session)?.(message.counts);
        this.#ending.delete(message.session);
        break;
      case "ended":
        break;
    }
  }

  readonly #host: SessionHost = {
    random: () => this.#random(),
    advertise: () => this.#options.advertise,
    post: (message) => this.#worker?.postMessage(message),
    renegotiated: (session) => {
      const peer = this.#peers.get(session);
      if (!peer) return;
      this.#route(session, peer);
      this.#route(peer, session);
    },
    stats: (session) => this.#ask(session),
    close: (session) => this.#closeSession(session),
  };

  #ask(session: MediaSession): Promise<Counts> {
    if (!this.#worker || !this.#sessions.has(session.number)) return Promise.resolve(noCounts);
    const ask = this.#next++;
    return new Promise((resolve) => {
      this.#asking.set(ask, resolve);
      this.#worker?.postMessage({ type: "stats", session: session.number, ask } satisfies ToWorker);
    });
  }

  #closeSession(session: MediaSession): Promise<Counts> {
    this.#peers.delete(this.#peers.get(session) ?? session);
    this.#peers.delete(session);
    if (!this.#sessions.delete(session.number) || !this.#worker) return Promise.resolve(noCounts);
    return new Promise((resolve) => {
      this.#ending.set(session.number, resolve);
      this.#worker?.postMessage({ type: "close", session: session.number } satisfies ToWorker);
    });
  }

  /** Ends the bridge a session is in: its earlier other side gets nothing more from it, nor it from there. */
  #part(session: MediaSession): void {
    const peer = this.#peers.get(session);
    if (!peer) return;
    this.#peers.delete(session);
    this.#peers.delete(peer);
    for (const kind of ["audio", "video"] as const) {
      for (const { number } of [session, peer]) {
        this.#host.post({ type: "route", session: number, kind, to: undefined, routes: [] });
      }
    }
  }

  #route(from: MediaSession, to: MediaSession): void {
    for (const kind of ["audio", "video"] as const) {
      const source = from.agreed(kind);
      const target = to.agreed(kind);
      const routes = source && target ? negotiate.routes(source, target) : [];
      this.#host.post({ type: "route", session: from.number, kind, to: to.number, routes });
    }
  }
}
