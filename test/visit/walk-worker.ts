// A media worker without sockets, for random walks: it answers as the real one does, after as long as the walk says, keeps
// count of what it holds, and can be let die.
import { EventEmitter } from "node:events";
import type { Worker } from "node:worker_threads";
import { noCounts, type FromWorker, type ToWorker } from "../../src/media/worker/messages.ts";
import type { FakeClock } from "../support/clock.ts";

export class WalkWorker extends EventEmitter {
  /** Ports that are bound, and the sessions that have opened them; 0: kept ready, or handed out and not opened yet. */
  readonly ports = new Map<number, number>();
  readonly recordings = new Set<number>();
  readonly conferences = new Map<number, Set<number>>();
  dead = false;
  readonly #clock: FakeClock;
  /** Milliseconds to its next answer. */
  readonly #delay: () => number;
  readonly #sent: (digit: string) => void;
  readonly #remotes = new Map<number, string>();
  readonly #playing = new Map<number, { play: number; loop: boolean }>();
  #next = 10_000;
  #last = 0;

  constructor(clock: FakeClock, delay: () => number, sent: (digit: string) => void = () => {}) {
    super();
    [this.#clock, this.#delay, this.#sent] = [clock, delay, sent];
    queueMicrotask(() => this.emit("message", [{ type: "ready" }]));
  }

  /** As the engine takes it. */
  get worker(): Worker {
    return this as unknown as Worker;
  }

  /** The sessions that have ports open. */
  get sessions(): readonly number[] {
    return [...new Set(this.ports.values())].filter((session) => session !== 0);
  }

  postMessage(messages: readonly ToWorker[]): void {
    if (!this.dead) for (const message of messages) this.#take(message);
  }

  terminate(): Promise<number> {
    this.#exit();
    return Promise.resolve(0);
  }

  die(): void {
    if (this.dead) return;
    this.emit("error", new Error("the worker of the walk was let die"));
    this.#exit();
  }

  /** What the worker would say by itself: silence, sound, a key, the end of a sound. */
  say(message: FromWorker): void {
    if (!this.dead) this.emit("message", [message]);
  }

  /** Somebody's sound comes to its end. */
  finish(session: number): void {
    const playing = this.#playing.get(session);
    if (!playing || playing.loop) return;
    this.#playing.delete(session);
    this.#answer({ type: "played", session, play: playing.play, end: "finished" });
  }

  #exit(): void {
    if (this.dead) return;
    this.dead = true;
    // The system takes back what it held.
    for (const held of [this.ports, this.recordings, this.conferences]) held.clear();
    this.emit("exit", 1);
  }

  #answer(message: FromWorker): void {
    // In their order, as a port passes them on.
    this.#last = Math.max(this.#last, this.#clock.passed() + this.#delay());
    const wait = this.#last - this.#clock.passed();
    if (wait === 0) queueMicrotask(() => this.say(message));
    else this.#clock.after(wait, () => this.say(message));
  }

  #take(message: ToWorker): void {
    switch (message.type) {
      case "want": {
        const ports = Array.from({ length: message.pairs }, () => (this.#next += 2));
        for (const port of ports) this.ports.set(port, 0);
        this.#answer({ type: "ports", ports, wanted: message.pairs });
        break;
      }
      case "remote":
        if (this.ports.get(message.port) === 0) this.ports.set(message.port, message.session);
        this.#remotes.set(message.session, `${message.remote.address ?? ""}:${message.remote.port}`);
        break;
      case "release":
        this.ports.delete(message.port);
        break;
      case "close":
        for (const [port, session] of this.ports) if (session === message.session) this.ports.delete(port);
        for (const port of message.ports) this.ports.delete(port);
        this.#playing.delete(message.session);
        this.#remotes.delete(message.session);
        for (const parties of this.conferences.values()) parties.delete(message.session);
        this.#answer({ type: "closed", session: message.session, counts: noCounts });
        break;
      case "stats":
        this.#answer({
          ...{ type: "stats", ask: message.ask },
          counts: { ...noCounts, remote: this.#remotes.get(message.session) ?? "" },
        });
        break;
      case "play": {
        const { session, play, loop } = message;
        this.#stop(session, "replaced");
        this.#playing.set(session, { play, loop });
        break;
      }
      case "stop":
        if (this.#playing.get(message.session)?.play === message.play) this.#stop(message.session, "stopped");
        break;
      case "send-digit":
        if (this.sessions.includes(message.session)) this.#sent(message.digit);
        this.#answer({ type: "digit-sent", ask: message.ask, ok: this.sessions.includes(message.session) });
        break;
      case "conference":
        this.#confer(message.conference, message.order);
        break;
      case "record":
        this.#record(message.recording, message.order.do);
        break;
      case "end":
        this.#answer({ type: "ended" });
        break;
      default:
    }
  }

  #stop(session: number, end: "replaced" | "stopped"): void {
    const playing = this.#playing.get(session);
    this.#playing.delete(session);
    if (playing) this.#answer({ type: "played", session, play: playing.play, end });
  }

  #confer(id: number, order: Extract<ToWorker, { type: "conference" }>["order"]): void {
    const parties = this.conferences.get(id) ?? new Set();
    this.conferences.set(id, parties);
    if (order.do === "add") parties.add(order.session);
    else if (order.do === "remove") parties.delete(order.session);
    else if (order.do === "close") this.conferences.delete(id);
  }

  #record(recording: number, what: "start" | "hear" | "stop"): void {
    if (what === "start") this.recordings.add(recording);
    else if (what === "stop" && this.recordings.delete(recording)) {
      this.#answer({ type: "recorded", recording, samples: new Int16Array(800) });
      this.#answer({ type: "record-ended", recording });
    }
  }
}
