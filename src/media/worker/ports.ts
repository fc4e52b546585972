// Pairs of UDP ports, RTP even and RTCP the odd one above (RFC 3550 §11). A closed pair rests for a while, so that the
// last packets of an old call do not fall into a new one. It rests with its sockets open, read and heard by nobody, and is used
// again as it is: opening and closing a pair costs more than all else that a short call asks of this thread
// (docs/decisions/025-cheaper-calls.md). Sockets are unconnected: an ICMP error must not end them.
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

export interface PortPair {
  /** The even port; RTCP is one above. */
  readonly port: number;
  readonly rtp: Socket;
  readonly rtcp: Socket;
  /** Gives it back; resolves when nothing that comes in there reaches anybody any more. */
  close(): Promise<void>;
}

export interface PortPoolOptions {
  readonly bind: string;
  /** First and last port; [0, 0] = whatever is free. */
  readonly ports: readonly [number, number];
  readonly drainMs: number;
  readonly now: () => number;
  /** So many pairs of no session are kept open while calls come and go quickly (2000); each is two of the files of the process. */
  readonly mostKept?: number;
}

/** Two bound sockets of no session. */
type Sockets = Pick<PortPair, "port" | "rtp" | "rtcp">;

const usualMostKept = 2000;
/** Where three quarters of those are open, a pair that has rested for a second is used again: the next one would be closed. */
const leastRestMs = 1000;
/** A house at rest keeps these. */
const fewKept = 32;
/** A pair that nobody wanted for so long after its rest is one too many. */
const keepMs = 10_000;
/** So many of those are closed at once. */
const closedAtOnce = 20;

export class PortPool {
  readonly #options: PortPoolOptions;
  readonly #free: number[] = [];
  /** The one that rests longest first. */
  readonly #draining: { sockets: Sockets; until: number }[] = [];
  /** Numbers that rest without their sockets, because too many were open. */
  readonly #closed: { port: number; until: number }[] = [];
  /** Rested and open, the one that waits longest first. */
  readonly #rested: { sockets: Sockets; since: number }[] = [];
  readonly #open = new Set<number>();
  readonly #mostKept: number;
  #kept = 0;
  #ended = false;

  constructor(options: PortPoolOptions) {
    this.#options = options;
    this.#mostKept = options.mostKept ?? usualMostKept;
    const [first, last] = options.ports;
    for (let port = first + (first % 2); port + 1 <= last; port += 2) this.#free.push(port);
  }

  /** Whether the port is one of a pair that is in use. */
  has(port: number): boolean {
    const [first, last] = this.#options.ports;
    // Asked for each packet, mostly about others' ports.
    return (this.#anyPort || (port >= first && port <= last)) && this.#open.has(port & ~1);
  }

  /** Pairs of no session that are open. */
  get kept(): number {
    return this.#kept;
  }

  /** The pair that has rested longest; rejects with a sentence that names the range. */
  async open(): Promise<PortPair> {
    const [first, last] = this.#options.ports;
    if (this.#anyPort) return this.#any();
    this.#rest();
    const sockets = this.#rested.shift()?.sockets ?? this.#early();
    if (sockets) {
      this.#kept--;
      return this.#pair(sockets);
    }
    for (let tries = this.#free.length; tries > 0; tries--) {
      const port = this.#free.shift();
      if (port === undefined) break;
      const pair = await this.#bindPair(port);
      if (pair) return pair;
      // Another program has it: last in the row.
      this.#free.push(port);
    }
    throw new Error(
      `No media port is free: all UDP port pairs from ${first} to ${last} on ${this.#options.bind} are in use or taken by another program. Widen the port range of the media settings.`,
    );
  }

  /** Closes some of the pairs that are one too many; to be called every second or so. */
  tidy(): void {
    this.#rest();
    const late = this.#options.now() - keepMs;
    for (let n = 0; n < closedAtOnce && this.#rested.length > fewKept; n++) {
      const oldest = this.#rested[0];
      if (!oldest || oldest.since > late) return;
      this.#rested.shift();
      void this.#shut(oldest.sockets).then(() => this.#free.push(oldest.sockets.port));
    }
  }

  /** Closes all pairs of no session, and from now on each when it is given back; resolves when they are closed. */
  async end(): Promise<void> {
    this.#ended = true;
    const kept = [...this.#rested, ...this.#draining].map(({ sockets }) => sockets);
    this.#rested.length = 0;
    this.#draining.length = 0;
    await Promise.all(kept.map((sockets) => this.#shut(sockets)));
  }

  get #anyPort(): boolean {
    return this.#options.ports[1] === 0;
  }

  #rest(): void {
    const now = this.#options.now();
    for (const { sockets } of over(this.#draining, now)) this.#rested.push({ sockets, since: now });
    for (const { port } of over(this.#closed, now)) this.#free.push(port);
  }

  /** The pair that has rested longest though not to the end, where too many rest. */
  #early(): Sockets | undefined {
    const { drainMs, now } = this.#options;
    const [longest] = this.#draining;
    const waits = !longest || longest.until - drainMs + leastRestMs > now();
    return waits || this.#kept < 0.75 * this.#mostKept ? undefined : this.#draining.shift()?.sockets;
  }

  async #shut({ rtp, rtcp }: Sockets): Promise<void> {
    this.#kept--;
    await bothClosed(rtp, rtcp);
  }

  async #any(): Promise<PortPair> {
    // The system gives odd ports too, and the one above may be taken.
    for (let tries = 0; tries < 100; tries++) {
      const rtp = await bound(this.#options.bind, 0);
      const port = rtp?.address().port ?? 1;
      const rtcp = port % 2 === 0 ? await bound(this.#options.bind, port + 1) : undefined;
      if (rtp && rtcp) return this.#pair({ port, rtp, rtcp });
      rtp?.close();
    }
    throw new Error(`No pair of media ports is free on ${this.#options.bind}. Check the media address.`);
  }

  async #bindPair(port: number): Promise<PortPair | undefined> {
    const rtp = await bound(this.#options.bind, port);
    const rtcp = rtp && (await bound(this.#options.bind, port + 1));
    if (rtp && rtcp) return this.#pair({ port, rtp, rtcp });
    rtp?.close();
    return undefined;
  }

  #pair(sockets: Sockets): PortPair {
    const { port } = sockets;
    this.#open.add(port);
    let closing: Promise<void> | undefined;
    return { ...sockets, close: () => (closing ??= this.#giveBack(sockets)) };
  }

  async #giveBack(sockets: Sockets): Promise<void> {
    const { port, rtp, rtcp } = sockets;
    const { drainMs, now } = this.#options;
    const keep = !this.#ended && !this.#anyPort && this.#kept < this.#mostKept;
    if (keep) {
      this.#kept++;
      for (const socket of [rtp, rtcp]) socket.removeAllListeners("message");
    } else await bothClosed(rtp, rtcp);
    this.#open.delete(port);
    if (this.#anyPort) return;
    const until = now() + drainMs;
    if (keep) this.#draining.push({ sockets, until });
    else this.#closed.push({ port, until });
  }
}

/** Takes out of a row, the longest resting first, what has rested to the end. */
function over<T extends { readonly until: number }>(row: T[], now: number): T[] {
  const first = row.findIndex(({ until }) => until > now);
  return row.splice(0, first < 0 ? row.length : first);
}

const bothClosed = (...sockets: Socket[]) =>
  Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))));

/** An open socket, or undefined when the address and port cannot be had. */
export function bound(address: string, port: number): Promise<Socket | undefined> {
  const six = isIPv6(address);
  const family = six ? 6 : 4;
  // Without a lookup of our own each send waits a tick for a name that is an address already, and drops at load.
  const socket = createSocket({
    type: six ? "udp6" : "udp4",
    lookup: (host, _options, callback) => callback(null, host, family),
  });
  return new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      // ICMP errors and full buffers: the packet is lost, as UDP may.
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}
