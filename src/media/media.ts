// The door to all media: one worker thread behind it, sessions in front. A session is one leg's ports and its SDP; two
// sessions bridged pass their media to each other. Knows no SIP.
import { EventEmitter } from "node:events";
import { networkInterfaces } from "node:os";
import { Worker } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { giveUp, sentence, tryAgain, type PorteroError } from "../errors.ts";
import { programFile } from "../program.ts";
import type { MediaEngine } from "./engine.ts";
import { Conferences, type Conference, type ConferenceOptions } from "./conference.ts";
import { DigitsUnderWay } from "./digits.ts";
import { KeyFrames } from "./key-frames.ts";
import * as negotiate from "./negotiate.ts";
import { kinds } from "./offer-answer.ts";
import { unsecured } from "./refusals.ts";
import { Recordings, type Recording, type RecordOptions } from "./recording.ts";
import { Gateway } from "./gateway.ts";
import { MediaSession, type SessionHost } from "./session.ts";
import { Shows } from "./shows.ts";
import { usualSilence, type SilenceLimits } from "./silence.ts";
import { Stock } from "./stock.ts";
import { Outbox } from "./worker/outbox.ts";
import { noCounts, type Counts, type FromWorker, type ToWorker, type WorkerSettings } from "./worker/messages.ts";

export type { Playback } from "./playback.ts";
export { MediaSession } from "./session.ts";
export type { MediaStats } from "./stats.ts";

export interface MediaOptions extends Partial<SilenceLimits> {
  /** Local address of the sockets: "127.0.0.1", "0.0.0.0", "::". */
  bind: string;
  /** Our address as it is written into SDP. */
  advertise: string;
  /** Even ports of this range carry RTP, the odd ones above RTCP; [0, 0] = any free ports. */
  ports: readonly [number, number];
  /** Milliseconds a closed port is not used again; default 5000. */
  drainMs?: number;
}

export interface MediaDeps {
  /** Starts the worker thread; tests put their own in to see it die. */
  spawn?: (settings: WorkerSettings) => Worker;
  random?: () => number;
  /** Milliseconds since 1970, for certificates; the system's where it is absent. */
  now?: () => number;
}

export const defaultPorts: readonly [number, number] = [30_000, 30_999];

const workerFile = programFile(import.meta.url, "./worker/main");
const spawnWorker = (settings: WorkerSettings) =>
  new Worker(workerFile, { workerData: settings, name: "portero-media" });

export class Media extends EventEmitter<{ down: [PorteroError] }> implements MediaEngine {
  readonly #options: MediaOptions;
  readonly #settings: WorkerSettings;
  readonly #spawn: (settings: WorkerSettings) => Worker;
  readonly #random: () => number;
  readonly #gateway: Gateway;
  #worker: Worker | undefined;
  #starting: Promise<Worker> | undefined;
  #closing: Promise<void> | undefined;
  #next = 1;
  readonly #sessions = new Map<number, MediaSession>();
  readonly #peers = new Map<MediaSession, MediaSession>();
  readonly #outbox = new Outbox<ToWorker>((messages) => this.#worker?.postMessage(messages));
  readonly #stock = new Stock((pairs, when) => this.#outbox.put({ type: "want", pairs }, when));
  /** Who waits for counts, by the number of a question or of a session that is being closed: both are of one row. */
  readonly #counting = new Map<number, (counts: Counts) => void>();
  readonly #recordings = new Recordings((recording, order) => this.#outbox.put({ type: "record", recording, order }));
  readonly #keyFrames = new KeyFrames((message) => this.#outbox.put(message));
  readonly #shows = new Shows((message) => this.#outbox.put(message));
  readonly #conferences = new Conferences(
    (conference, order) => this.#outbox.put({ type: "conference", conference, order }),
    (session) => {
      this.#part(session);
      this.#conferences.leave(session);
    },
  );
  readonly #digits = new DigitsUnderWay((message) => this.#outbox.put(message));

  private constructor(options: MediaOptions, deps: MediaDeps) {
    super();
    this.#options = options;
    this.#spawn = deps.spawn ?? spawnWorker;
    this.#random = deps.random ?? Math.random;
    const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    this.#gateway = new Gateway(options.bind, interfaces, deps.now ?? (() => systemClock.now()), () =>
      this.#outbox.put({ type: "browsers" }),
    );
    this.#settings = {
      bind: options.bind,
      own: [options.bind, options.advertise, ...interfaces.map(({ address }) => address)],
      ports: options.ports,
      drainMs: options.drainMs ?? 5000,
      firstPacketMs: options.firstPacketMs ?? usualSilence.firstPacketMs,
      silenceMs: options.silenceMs ?? usualSilence.silenceMs,
    };
  }

  /** Starts the worker; rejects tryAgain "bad-address" when the machine does not have the address. */
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

  /**
   * A session with the port of its sound, at once where one is ready; rejects tryAgain "no-ports" naming the range, or
   * "media-down". Video gets its port with the first offer or answer that has it; where `like` has video, that port is kept
   * ready, since many that ring at once would take it from each other.
   */
  open(like?: MediaSession): MediaSession | Promise<MediaSession> {
    if (!this.#worker || this.#closing) return this.#running().then(() => this.open(like));
    const pairs = like && (like.offers("video") || like.agreed("video")) ? 2 : 1;
    const ready = this.#stock.ready(pairs);
    if (ready) return this.#session(ready);
    return this.#stock.wait(pairs).then((ports) => this.#session(ports));
  }

  #session([port = 0, video]: readonly number[]): MediaSession {
    const session = new MediaSession(this.#host, this.#next++, port);
    this.#sessions.set(session.number, session);
    if (video !== undefined) session.reserve("video", video);
    return session;
  }

  /** Passes media both ways, from now on and through every new offer of either; each session has one other. */
  bridge(a: MediaSession, b: MediaSession): void {
    if (this.#peers.get(a) === b) return;
    if (a === b || !this.#sessions.has(a.number) || !this.#sessions.has(b.number)) return;
    for (const side of [a, b]) {
      this.#part(side);
      this.#conferences.leave(side);
      this.#shows.bridged(side, side === a ? b : a);
    }
    this.#peers.set(a, b).set(b, a);
    this.#route(a, b);
    this.#route(b, a);
  }

  show(camera: MediaSession, to: MediaSession): void {
    if (this.#sessions.has(camera.number) && this.#sessions.has(to.number)) this.#shows.show(camera, to);
  }

  /** Sessions that all hear each other, as they are added. */
  conference(options: ConferenceOptions = {}): Conference {
    return this.#conferences.open(this.#next++, options);
  }

  /** Records one session, or two as left and right: those that it is told to hear. */
  record(channels: 1 | 2, options: RecordOptions = {}): Recording {
    return this.#recordings.open(this.#next++, channels, options);
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
      worker.on("message", (messages: readonly FromWorker[]) => {
        if (messages.some(({ type }) => type === "ended")) resolve();
      });
      worker.once("exit", () => resolve());
    });
    worker.postMessage([{ type: "end" }] satisfies ToWorker[]);
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
      worker.on("message", (messages: readonly FromWorker[]) => {
        for (const message of messages) {
          if (message.type === "ready") {
            this.#worker = worker;
            this.#stock.fill();
            resolve(worker);
          } else if (message.type === "unusable") {
            // It may come later, as that of the listeners may.
            reject(
              tryAgain(
                "bad-address",
                `No media port can be opened on ${this.#options.bind}: this machine does not have the address.`,
              ),
            );
            void worker.terminate();
          } else {
            this.#receive(message);
          }
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
        this.#fail(down);
        this.emit("down", down);
      });
    });
  }

  /** Ends whatever still waits for a worker that is gone. */
  #fail(error: PorteroError): void {
    this.#stock.fail(error);
    this.#outbox.clear();
    for (const answer of this.#counting.values()) answer(noCounts);
    this.#digits.drop();
    this.#keyFrames.end();
    const sessions = [...this.#sessions.values()];
    for (const map of [this.#counting, this.#sessions, this.#peers]) map.clear();
    for (const session of sessions) session.ended();
    this.#conferences.end();
    this.#recordings.end();
    this.#shows.end();
  }

  #receive(message: Exclude<FromWorker, { type: "ready" | "unusable" }>): void {
    switch (message.type) {
      case "ports":
        this.#stock.bound(message);
        break;
      case "silent":
      case "heard":
        this.#sessions.get(message.session)?.emit(message.type);
        break;
      case "secured":
        this.#sessions.get(message.session)?.secured(message.suite);
        break;
      case "unsecured":
        this.#sessions.get(message.session)?.fail(unsecured(message.why));
        break;
      case "played":
        this.#sessions.get(message.session)?.playbacks.ended(message.play, message.end);
        break;
      case "picture":
        this.#sessions.get(message.session)?.emit("pictureWanted");
        break;
      case "key-frame":
        this.#keyFrames.told(message);
        break;
      case "recorded":
      case "record-ended":
        this.#recordings.told(message);
        break;
      case "digit":
        this.#sessions.get(message.session)?.emit("digit", message);
        break;
      case "digit-sent":
        this.#digits.sent(message.ask, message.ok);
        break;
      case "stats":
        this.#counted(message.ask, message.counts);
        break;
      case "closed":
        this.#counted(message.session, message.counts);
        break;
      case "ended":
        break;
    }
  }

  #counted(number: number, counts: Counts): void {
    this.#counting.get(number)?.(counts);
    this.#counting.delete(number);
  }

  readonly #host: SessionHost = {
    random: () => this.#random(),
    advertise: () => this.#options.advertise,
    gateway: () => this.#gateway,
    // The next worker may have given the port of a session of the last one to somebody else.
    post: (message) => {
      if (!("session" in message) || this.#sessions.has(message.session)) this.#outbox.put(message);
    },
    port: () => (this.#worker ? this.#stock.one() : undefined),
    renegotiated: (session) => {
      this.#shows.renegotiated(session);
      const peer = this.#peers.get(session);
      if (!peer) return;
      this.#route(session, peer);
      this.#route(peer, session);
    },
    stats: (session) => this.#ask(session),
    keyFrame: async ({ number }) => (this.#sessions.has(number) ? await this.#keyFrames.of(number) : undefined),
    sendDigit: async (session, digit) => {
      return this.#sessions.has(session.number) && (await this.#digits.send(session.number, digit));
    },
    close: (session, unused) => this.#closeSession(session, unused),
  };

  #ask(session: MediaSession): Promise<Counts> {
    if (!this.#worker || !this.#sessions.has(session.number)) return Promise.resolve(noCounts);
    const ask = this.#next++;
    return new Promise((resolve) => {
      this.#counting.set(ask, resolve);
      this.#outbox.put({ type: "stats", session: session.number, ask });
    });
  }

  #closeSession(session: MediaSession, ports: readonly number[]): Promise<Counts> {
    this.#digits.drop(session.number);
    this.#peers.delete(this.#peers.get(session) ?? session);
    this.#peers.delete(session);
    this.#shows.leave(session);
    if (!this.#sessions.delete(session.number) || !this.#worker) return Promise.resolve(noCounts);
    return new Promise((resolve) => {
      this.#counting.set(session.number, resolve);
      this.#outbox.put({ type: "close", session: session.number, ports }, "soon");
    });
  }

  /** Ends the bridge a session is in: its earlier other side gets nothing more from it, nor it from there. */
  #part(session: MediaSession): void {
    const peer = this.#peers.get(session);
    if (!peer) return;
    this.#peers.delete(session);
    this.#peers.delete(peer);
    for (const side of [session, peer])
      for (const kind of kinds)
        if (side.agreed(kind))
          this.#host.post({ type: "route", session: side.number, kind, to: undefined, routes: [] });
  }

  // A kind that one side has not settled has no way: its half in the worker is not open, or closed with its routes.
  #route(from: MediaSession, to: MediaSession): void {
    for (const kind of kinds) {
      const source = from.agreed(kind);
      const target = to.agreed(kind);
      if (!source || !target) continue;
      const routes = negotiate.routes(source, target);
      this.#host.post({ type: "route", session: from.number, kind, to: to.number, routes });
    }
  }
}
