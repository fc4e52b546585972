// The worker's sessions: opens and closes their ports, joins their streams, and watches for silence. Knows no threads and
// no clock of its own, so tests drive it directly.
import { isIPv6 } from "node:net";
import { Stream, type StreamDeps, type Wire } from "./stream.ts";
import type { PortPair, PortPool } from "./ports.ts";
import type { Counts, FromWorker, Kind, ToWorker, WorkerSettings } from "./messages.ts";

interface Half {
  readonly stream: Stream;
  readonly pair: PortPair;
}

interface Session {
  readonly halves: Map<Kind, Half>;
  /** Since when media is expected; undefined = it is not. */
  watchedSince: number | undefined;
  silent: boolean;
}

export interface RelayDeps {
  readonly now: () => number;
  readonly random: () => number;
  readonly pool: Pick<PortPool, "open" | "has">;
  readonly tell: (message: FromWorker) => void;
}

export type RelaySettings = Pick<WorkerSettings, "bind" | "own" | "firstPacketMs" | "silenceMs">;

export class Relay {
  readonly #settings: RelaySettings;
  readonly #deps: RelayDeps;
  readonly #own: ReadonlySet<string>;
  readonly #sessions = new Map<number, Session>();
  readonly #closing = new Set<Promise<unknown>>();

  constructor(settings: RelaySettings, deps: RelayDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#own = new Set(settings.own);
  }

  handle(message: Exclude<ToWorker, { type: "end" }>): void {
    switch (message.type) {
      case "open":
        void this.#open(message.session);
        break;
      case "release":
        void this.#release(message.session, message.kind);
        break;
      case "remote":
        this.#half(message.session, message.kind)?.stream.setRemote(message.remote);
        break;
      case "route": {
        const to = message.to === undefined ? undefined : this.#half(message.to, message.kind);
        this.#half(message.session, message.kind)?.stream.setRoutes(to?.stream, message.routes);
        break;
      }
      case "stats":
        this.#deps.tell({ type: "stats", ask: message.ask, counts: this.#counts(message.session) });
        break;
      case "close":
        this.#close(message.session);
        break;
    }
  }

  /** Looks for sessions that have fallen silent, or are heard again; to be called every second or so. */
  watch(): void {
    const now = this.#deps.now();
    for (const [id, session] of this.#sessions) {
      const streams = [...session.halves.values()].map((h) => h.stream).filter((s) => s.expectsMedia);
      if (streams.length === 0) {
        session.watchedSince = undefined;
        continue;
      }
      const since = (session.watchedSince ??= now);
      const heard = Math.max(...streams.map((s) => s.lastHeard ?? -1));
      const limit = heard < since ? this.#settings.firstPacketMs : this.#settings.silenceMs;
      const quiet = limit > 0 && now - Math.max(heard, since) >= limit;
      if (quiet !== session.silent) this.#deps.tell({ type: quiet ? "silent" : "heard", session: id });
      session.silent = quiet;
    }
  }

  /** Closes every session; resolves when no port is left open. */
  async end(): Promise<void> {
    for (const id of [...this.#sessions.keys()]) this.#close(id);
    await Promise.all(this.#closing);
  }

  async #open(id: number): Promise<void> {
    try {
      const audio = this.#bind("audio", await this.#deps.pool.open());
      const halves = new Map<Kind, Half>([["audio", audio]]);
      // A call without video is better than none.
      const pair = await this.#deps.pool.open().catch(() => undefined);
      if (pair) halves.set("video", this.#bind("video", pair));
      this.#sessions.set(id, { halves, watchedSince: undefined, silent: false });
      const ports = { audio: audio.pair.port, ...(pair && { video: pair.port }) };
      this.#deps.tell({ type: "opened", session: id, ...ports });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#deps.tell({ type: "refused", session: id, reason });
    }
  }

  #bind(kind: Kind, pair: PortPair): Half {
    const six = isIPv6(this.#settings.bind);
    // A dual-stack socket writes IPv4 addresses as ::ffff:1.2.3.4; everything above uses the plain form.
    const out = (address: string) => (six && !address.includes(":") ? `::ffff:${address}` : address);
    const reachable = (address: string) => six || !address.includes(":");
    const wire: Wire = {
      rtp: (packet, port, address) => {
        if (reachable(address)) pair.rtp.send(packet, port, out(address));
      },
      rtcp: (packet, port, address) => {
        if (reachable(address)) pair.rtcp.send(packet, port, out(address));
      },
    };
    const deps: StreamDeps = {
      now: this.#deps.now,
      random: this.#deps.random,
      isOwn: (address, port) =>
        this.#deps.pool.has(port) && (this.#own.has(address) || address.startsWith("127.") || address === "::1"),
    };
    const stream = new Stream(kind, wire, deps);
    pair.rtp.on("message", (packet, from) => stream.receive(packet, plain(from.address), from.port));
    pair.rtcp.on("message", (packet, from) => stream.receiveControl(packet, plain(from.address), from.port));
    return { stream, pair };
  }

  #half(id: number, kind: Kind): Half | undefined {
    return this.#sessions.get(id)?.halves.get(kind);
  }

  #release(id: number, kind: Kind): Promise<void> {
    const half = this.#half(id, kind);
    this.#sessions.get(id)?.halves.delete(kind);
    return half ? this.#shut(half) : Promise.resolve();
  }

  #shut(half: Half): Promise<void> {
    for (const session of this.#sessions.values()) {
      for (const other of session.halves.values()) other.stream.forget(half.stream);
    }
    half.stream.setRoutes(undefined, []);
    half.pair.rtp.removeAllListeners("message");
    half.pair.rtcp.removeAllListeners("message");
    return half.pair.close();
  }

  #close(id: number): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    const counts = this.#counts(id);
    this.#sessions.delete(id);
    const shut = Promise.all([...session.halves.values()].map((half) => this.#shut(half)));
    const done = shut.then(() => {
      this.#closing.delete(done);
      this.#deps.tell({ type: "closed", session: id, counts });
    });
    this.#closing.add(done);
  }

  #counts(id: number): Counts {
    let received = 0;
    let sent = 0;
    let lost = 0;
    for (const { stream } of this.#sessions.get(id)?.halves.values() ?? []) {
      received += stream.in.received;
      sent += stream.out.packets;
      lost += stream.in.lost;
    }
    const remote = this.#half(id, "audio")?.stream.peer;
    return { received, sent, lost, ...(remote !== undefined && { remote }) };
  }
}

const plain = (address: string): string => (address.startsWith("::ffff:") ? address.slice(7) : address);
