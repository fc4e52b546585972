// Pairs of UDP ports, RTP even and RTCP the odd one above (RFC 3550 §11). A closed pair rests for a while, so that the
// last packets of an old call do not fall into a new one. Sockets are unconnected: an ICMP error must not end them.
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

export interface PortPair {
  /** The even port; RTCP is one above. */
  readonly port: number;
  readonly rtp: Socket;
  readonly rtcp: Socket;
  /** Resolves when both sockets are closed. */
  close(): Promise<void>;
}

export interface PortPoolOptions {
  readonly bind: string;
  /** First and last port; [0, 0] = whatever is free. */
  readonly ports: readonly [number, number];
  readonly drainMs: number;
  readonly now: () => number;
}

export class PortPool {
  readonly #options: PortPoolOptions;
  readonly #free: number[] = [];
  readonly #draining: { port: number; until: number }[] = [];
  readonly #open = new Set<number>();

  constructor(options: PortPoolOptions) {
    this.#options = options;
    const [first, last] = options.ports;
    for (let port = first + (first % 2); port + 1 <= last; port += 2) this.#free.push(port);
  }

  /** Whether the port is one of an open pair. */
  has(port: number): boolean {
    return this.#open.has(port & ~1);
  }

  /** Binds the pair that has rested longest; rejects with a sentence that names the range. */
  async open(): Promise<PortPair> {
    const [first, last] = this.#options.ports;
    if (first === 0 && last === 0) return this.#any();
    this.#rest();
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

  #rest(): void {
    const now = this.#options.now();
    while (this.#draining[0] && this.#draining[0].until <= now) {
      const rested = this.#draining.shift();
      if (rested) this.#free.push(rested.port);
    }
  }

  async #any(): Promise<PortPair> {
    // The system gives odd ports too, and the one above may be taken.
    for (let tries = 0; tries < 100; tries++) {
      const rtp = await bound(this.#options.bind, 0);
      const port = rtp?.address().port ?? 1;
      const rtcp = port % 2 === 0 ? await bound(this.#options.bind, port + 1) : undefined;
      if (rtp && rtcp) return this.#pair(port, rtp, rtcp);
      rtp?.close();
    }
    throw new Error(`No pair of media ports is free on ${this.#options.bind}. Check the media address.`);
  }

  async #bindPair(port: number): Promise<PortPair | undefined> {
    const rtp = await bound(this.#options.bind, port);
    const rtcp = rtp && (await bound(this.#options.bind, port + 1));
    if (rtp && rtcp) return this.#pair(port, rtp, rtcp);
    rtp?.close();
    return undefined;
  }

  #pair(port: number, rtp: Socket, rtcp: Socket): PortPair {
    this.#open.add(port);
    let closing: Promise<void> | undefined;
    const close = async () => {
      await Promise.all([rtp, rtcp].map((s) => new Promise<void>((done) => s.close(() => done()))));
      this.#open.delete(port);
      if (this.#options.ports[1] !== 0)
        this.#draining.push({ port, until: this.#options.now() + this.#options.drainMs });
    };
    return { port, rtp, rtcp, close: () => (closing ??= close()) };
  }
}

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
