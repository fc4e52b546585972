// The worker's sessions: opens and closes their ports, joins their streams, and watches for silence. Knows no threads and
// no clock of its own, so tests drive it directly.
import type { Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { sentence } from "../../errors.ts";
import { isSilent, limitsOf, type SilenceLimits } from "../silence.ts";
import { Players } from "./audio/player.ts";
import { Recorders } from "./audio/recorders.ts";
import { Mutes } from "./mute.ts";
import { Conferences } from "./audio/conferences.ts";
import { Digits } from "./dtmf/digits.ts";
import { Stream, type StreamDeps, type Wire } from "./stream.ts";
import { Bundle } from "./webrtc/bundle.ts";
import type { StartHandshake } from "./webrtc/handshakes.ts";
import type { Metronome } from "./metronome.ts";
import type { PortPair, PortPool } from "./ports.ts";
import {
  noCounts,
  type BrowserWay,
  type Counts,
  type FromWorker,
  type Kind,
  type LineCounts,
  type Remote,
  type ToWorker,
  type WorkerSettings,
} from "./messages.ts";

interface Half {
  readonly stream: Stream;
  /** Absent where it goes by the port of its session's sound. */
  readonly pair?: PortPair;
}

interface Session {
  readonly halves: Map<Kind, Half>;
  /** The one way of all its halves, where its peer is a browser. */
  bundle?: Bundle;
  /** Since when media is expected; undefined = it is not. */
  watchedSince: number | undefined;
  silent: boolean;
  /** Its own. */
  limits?: SilenceLimits;
  awaited?: boolean;
}

export interface RelayDeps {
  readonly now: () => number;
  readonly random: () => number;
  readonly pool: Pick<PortPool, "open" | "has">;
  readonly metronome: Pick<Metronome, "add">;
  readonly tell: (message: FromWorker) => void;
  readonly shake: StartHandshake;
}

export type RelaySettings = Pick<WorkerSettings, "bind" | "own" | "firstPacketMs" | "silenceMs">;

export class Relay {
  readonly #settings: RelaySettings;
  readonly #deps: RelayDeps;
  readonly #own: ReadonlySet<string>;
  readonly #sessions = new Map<number, Session>();
  /** Bound and told of, but of no session yet; what comes in on them is dropped. */
  readonly #ready = new Map<number, PortPair>();
  readonly #closing = new Set<Promise<unknown>>();
  /** Which tenth of the sessions was looked after last. */
  #turn = 0;
  readonly #players: Players;
  readonly #mutes = new Mutes();
  readonly #conferences: Conferences;
  readonly #digits: Digits;
  readonly #recorders: Recorders;

  constructor(settings: RelaySettings, deps: RelayDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#players = new Players(deps.metronome, deps.tell);
    this.#own = new Set(settings.own);
    this.#conferences = new Conferences(deps.metronome);
    this.#digits = new Digits(deps.metronome, deps.tell);
    this.#recorders = new Recorders(deps.metronome, deps.tell);
  }

  handle(message: Exclude<ToWorker, { type: "browsers" | "end" }>): void {
    switch (message.type) {
      case "want":
        void this.#bindReady(message.pairs);
        break;
      case "remote":
        this.#settled(message);
        break;
      case "release":
        void this.#release(message.session, message.kind, message.port);
        break;
      case "route": {
        const to = message.to === undefined ? undefined : this.#half(message.to, message.kind);
        this.#half(message.session, message.kind)?.stream.setRoutes(to?.stream, message.routes);
        break;
      }
      case "play":
      case "stop":
        this.#players.handle(message, this.#soundOf(message.session));
        break;
      case "silence": {
        const session = this.#sessions.get(message.session);
        if (!session) break;
        session.limits = limitsOf(this.#settings, message.ms);
        session.awaited = message.awaited;
        break;
      }
      case "mute":
        this.#mutes.set(this.#soundOf(message.session), message.on);
        break;
      case "conference":
        this.#conferences.handle(message, this.#soundOf);
        break;
      case "record":
        this.#recorders.handle(message, this.#soundOf);
        break;
      case "hear-digits":
      case "send-digit":
        this.#digits.handle(message, this.#soundOf(message.session));
        break;
      case "stats":
        this.#deps.tell({ type: "stats", ask: message.ask, counts: this.#counts(message.session) });
        break;
      case "show": {
        const to = this.#half(message.to, "video");
        if (to) this.#half(message.session, "video")?.stream.show(to.stream, message.routes);
        break;
      }
      case "picture":
        this.#half(message.session, "video")?.stream.requestPicture();
        break;
      case "key-frame": {
        const { packets = [], age = 0 } = this.#half(message.session, "video")?.stream.keyFrame ?? {};
        // Copies of their own: small buffers share their memory, all of which would be handed over.
        const own = packets.map((packet) => new Uint8Array(packet));
        this.#deps.tell({ type: "key-frame", ask: message.ask, packets: own, age });
        break;
      }
      case "close":
        this.#close(message.session, message.ports);
        break;
    }
  }

  /** Sends the reports that are due, of a tenth of all sessions; to be called ten times a second. */
  report(): void {
    this.#turn = (this.#turn + 1) % 10;
    for (const [id, session] of this.#sessions)
      if (id % 10 === this.#turn) for (const { stream } of session.halves.values()) stream.report();
  }

  /** Looks for sessions that have fallen silent, or are heard again; to be called every second or so. */
  watch(): void {
    const now = this.#deps.now();
    for (const [id, session] of this.#sessions) {
      session.bundle?.watch();
      session.halves.get("audio")?.stream.keepAlive(session.awaited ?? false);
      const streams = [...session.halves.values()]
        .map((h) => h.stream)
        .filter((s) => s.expectsMedia || (session.awaited && s.receives));
      if (streams.length === 0) {
        session.watchedSince = undefined;
        continue;
      }
      const since = (session.watchedSince ??= now);
      const heard = Math.max(...streams.map((s) => s.lastHeard));
      const quiet = isSilent(session.limits ?? this.#settings, since, heard, now);
      if (quiet !== session.silent) this.#deps.tell({ type: quiet ? "silent" : "heard", session: id });
      session.silent = quiet;
    }
  }

  /** Closes every session; resolves when no port is left open. */
  async end(): Promise<void> {
    this.#conferences.end();
    this.#recorders.end();
    for (const id of [...this.#sessions.keys()]) this.#close(id, []);
    this.#closing.add(Promise.all([...this.#ready.keys()].map((port) => this.#unused(port))));
    await Promise.all(this.#closing);
  }

  async #bindReady(wanted: number): Promise<void> {
    const ports: number[] = [];
    let reason: string | undefined;
    try {
      while (ports.length < wanted) {
        const pair = await this.#deps.pool.open();
        this.#ready.set(pair.port, pair);
        ports.push(pair.port);
      }
    } catch (error) {
      reason = sentence(error);
    }
    this.#deps.tell({ type: "ports", ports, wanted, ...(reason !== undefined && { reason }) });
  }

  #settled({ session: id, kind, port, remote }: Extract<ToWorker, { type: "remote" }>): void {
    const half = this.#opened(id, kind, port, remote.way);
    half?.stream.setRemote(remote);
    if (half) this.#sessions.get(id)?.bundle?.carry(half.stream, remote);
  }

  /** A session's half, made of a ready pair where it has none yet, or on the way to its browser. */
  #opened(id: number, kind: Kind, port: number, way: Remote["way"]): Half | undefined {
    const session: Session = this.#sessions.get(id) ?? { halves: new Map(), watchedSince: undefined, silent: false };
    const pair = this.#ready.get(port);
    const had = session.halves.get(kind);
    if (had) return had;
    this.#ready.delete(port);
    if (pair && way) session.bundle = this.#bundle(id, pair, way);
    const bundle = way && session.bundle;
    const wire = bundle ? bundle.wire : pair && this.#wireOf(pair);
    if (!wire) return undefined;
    const stream = this.#stream(id, kind, wire);
    if (pair && !bundle) {
      hear(pair.rtp, (packet, address, port) => stream.receive(packet, address, port));
      hear(pair.rtcp, (packet, address, port) => stream.receiveControl(packet, address, port));
    }
    const half: Half = { stream, ...(pair && { pair }) };
    this.#sessions.set(id, session);
    session.halves.set(kind, half);
    return half;
  }

  #bundle(id: number, pair: PortPair, way: BrowserWay): Bundle {
    const wire = this.#wireOf(pair);
    const bundle = new Bundle(way, {
      ...{ now: this.#deps.now, port: pair.port },
      send: (datagram, port, address) => wire.rtp(datagram, port, address),
      shake: this.#deps.shake,
      secured: (news) => this.#deps.tell({ ...news, session: id }),
    });
    hear(pair.rtp, (packet, address, port) => bundle.receive(packet, address, port));
    return bundle;
  }

  #wireOf(pair: PortPair): Wire {
    const six = isIPv6(this.#settings.bind);
    // A dual-stack socket writes IPv4 addresses as ::ffff:1.2.3.4; everything above uses the plain form.
    const out = (address: string) => (six && !address.includes(":") ? `::ffff:${address}` : address);
    // Socket.send throws for any other port, and that would end the worker.
    const reachable = (address: string, port: number) => port > 0 && port < 65_536 && (six || !address.includes(":"));
    return {
      rtp: (packet, port, address) => {
        if (reachable(address, port)) pair.rtp.send(packet, port, out(address));
      },
      rtcp: (packet, port, address) => {
        if (reachable(address, port)) pair.rtcp.send(packet, port, out(address));
      },
    };
  }

  #stream(id: number, kind: Kind, wire: Wire): Stream {
    const deps: StreamDeps = {
      now: this.#deps.now,
      random: this.#deps.random,
      metronome: this.#deps.metronome,
      isOwn: (address, port) =>
        this.#deps.pool.has(port) && (this.#own.has(address) || address.startsWith("127.") || address === "::1"),
      wantPicture: () => this.#deps.tell({ type: "picture", session: id }),
    };
    return new Stream(kind, wire, deps);
  }

  readonly #soundOf = (id: number): Stream | undefined => this.#half(id, "audio")?.stream;

  #half(id: number, kind: Kind): Half | undefined {
    return this.#sessions.get(id)?.halves.get(kind);
  }

  #release(id: number, kind: Kind, port: number): Promise<void> {
    const half = this.#half(id, kind);
    const session = this.#sessions.get(id);
    session?.halves.delete(kind);
    if (half) session?.bundle?.drop(half.stream);
    return half ? this.#shut(half) : this.#unused(port);
  }

  #shut(half: Half): Promise<void> {
    this.#players.closed(half.stream);
    half.stream.close();
    half.pair?.rtp.removeAllListeners("message");
    half.pair?.rtcp.removeAllListeners("message");
    return half.pair?.close() ?? Promise.resolve();
  }

  /** A ready pair whose number was told to somebody rests like any other. */
  #unused(port: number): Promise<void> {
    const pair = this.#ready.get(port);
    this.#ready.delete(port);
    return pair?.close() ?? Promise.resolve();
  }

  #close(id: number, ports: readonly number[]): void {
    const counts = this.#counts(id);
    const halves = [...(this.#sessions.get(id)?.halves.values() ?? [])];
    this.#sessions.get(id)?.bundle?.close();
    this.#sessions.delete(id);
    const shut = [...halves.map((half) => this.#shut(half)), ...ports.map((port) => this.#unused(port))];
    const done = Promise.all(shut).then(() => {
      this.#closing.delete(done);
      this.#deps.tell({ type: "closed", session: id, counts });
    });
    this.#closing.add(done);
  }

  #counts(id: number): Counts {
    const [audio, video] = [this.#half(id, "audio")?.stream, this.#half(id, "video")?.stream];
    const remote = audio?.peer;
    return {
      ...(audio ? lineCounts(audio) : noCounts),
      ...(remote !== undefined && { remote }),
      ...(video && { video: lineCounts(video) }),
    };
  }
}

function lineCounts({ in: from, out, reports: { roundTrip, peerLost } }: Stream): LineCounts {
  const tenths = (ms: number) => Math.round(10 * ms) / 10;
  return {
    ...{ received: from.received, sent: out.packets, lost: from.lost, jitterMs: tenths(from.jitter) },
    ...(roundTrip !== undefined && { roundTripMs: tenths(roundTrip) }),
    ...(peerLost !== undefined && { peerLost }),
  };
}

const plain = (address: string): string => (address.startsWith("::ffff:") ? address.slice(7) : address);

/** What says that it comes from port 0 is forged: there is no sending back there. */
function hear(socket: Socket, heard: (packet: Buffer, address: string, port: number) => void): void {
  socket.on("message", (packet, { address, port }) => {
    if (port !== 0) heard(packet, plain(address), port);
  });
}
