// SIP over TCP: a listener and the connections of both directions, which are one and the same once open.
// RFC 3261 §18.1, §18.2; RFC 5626 §3.5.1 (keep-alive).
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../clock.ts";
import { tryAgain, type PorteroError } from "../../errors.ts";
import { portTaken } from "./busy.ts";
import { showAddress, type Address, type Flow, type Inbound, type ListenerOptions, type Transport } from "./flow.ts";
import { Framing } from "./framing.ts";
import { isWildcard, plainHost } from "./local.ts";

export const tcpLimits = {
  /** Connections at once; the next one is refused. */
  connections: 2000,
  /** Bytes that may wait for a peer that does not read; then the connection ends. */
  unsent: 1024 * 1024,
  /** A connection that never brought a message ends after this. */
  silentMs: 30_000,
  /** A connection that brought nothing for this long ends; keep-alives count. */
  idleMs: 70 * 60_000,
  connectMs: 5_000,
  /** What is written still has this long to leave when the endpoint closes. */
  closeMs: 1_000,
};

class TcpFlow implements Flow {
  readonly transport = "TCP";
  readonly reliable = true;
  readonly remote: Address;
  readonly sentBy: Address;
  closed = false;
  readonly #socket: Socket;
  readonly #inbound: Inbound;
  readonly #failures = new Set<(error: PorteroError) => void>();

  constructor(socket: Socket, remote: Address, sentBy: Address, inbound: Inbound) {
    this.#socket = socket;
    this.#inbound = inbound;
    this.remote = remote;
    this.sentBy = sentBy;
    socket.once("connect", () => this.#failures.clear());
  }

  send(data: Buffer, failed?: (error: PorteroError) => void): void {
    if (this.closed) {
      setImmediate(() => failed?.(this.#gone()));
      return;
    }
    if (this.#socket.connecting && failed) this.#failures.add(failed);
    this.#inbound.seen?.("out", data, this);
    this.#socket.write(data);
    if (this.#socket.writableLength > tcpLimits.unsent) this.#socket.destroy();
  }

  end(): void {
    this.closed = true;
    const error = this.#gone();
    for (const failed of this.#failures) failed(error);
    this.#failures.clear();
  }

  #gone(): PorteroError {
    return tryAgain("unreachable", `${showAddress(this.remote)} cannot be reached by TCP`);
  }
}

export class TcpTransport implements Transport {
  readonly name = "TCP";
  readonly address: Address;
  readonly #server: Server;
  readonly #connections = new Map<string, TcpFlow>();
  /** Every open connection, also one whose peer has a newer one. */
  readonly #sockets = new Set<Socket>();
  readonly #inbound: Inbound;
  readonly #clock: Clock;
  readonly #hostFor: (remote: string) => string;

  static async listen(options: ListenerOptions, inbound: Inbound, local: (remote: string) => string, clock: Clock) {
    const server = createServer({ keepAlive: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(portTaken("TCP", options, error)));
      server.listen({ host: options.address, port: options.port }, resolve);
    });
    return new TcpTransport(server, options, inbound, local, clock);
  }

  private constructor(
    server: Server,
    options: ListenerOptions,
    inbound: Inbound,
    local: (remote: string) => string,
    clock: Clock,
  ) {
    this.#server = server;
    this.#inbound = inbound;
    this.#clock = clock;
    const place = server.address();
    const host = typeof place === "object" && place ? place.address : options.address;
    this.address = { host, port: typeof place === "object" && place ? place.port : options.port };
    this.#hostFor = (remote) => options.advertise ?? (isWildcard(host) ? local(remote) : host);
    server.removeAllListeners("error");
    // An error here is one connection that could not be accepted; the listener goes on.
    server.on("error", () => {});
    server.maxConnections = tcpLimits.connections;
    server.on("connection", (socket) => {
      if (socket.remoteAddress === undefined || socket.remotePort === undefined) return void socket.destroy();
      const remote = { host: plainHost(socket.remoteAddress), port: socket.remotePort };
      if (this.#inbound.admits && !this.#inbound.admits(remote)) return void socket.destroy();
      this.#adopt(socket, remote, true);
    });
  }

  to(remote: Address): Flow {
    const open = this.#connections.get(showAddress(remote));
    if (open && !open.closed) return open;
    const socket = connect({ host: remote.host, port: remote.port, noDelay: true, keepAlive: true });
    const flow = this.#adopt(socket, remote, false);
    const late = this.#clock.after(tcpLimits.connectMs, () => socket.destroy());
    socket.once("connect", late);
    socket.once("close", late);
    return flow;
  }

  async close(): Promise<void> {
    // What was just written (a BYE, say) still leaves: end, not destroy; a peer that does not read cannot hold us up.
    const ends = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of this.#sockets) socket.destroySoon();
    const late = this.#clock.after(tcpLimits.closeMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await Promise.all([...ends, new Promise((resolve) => this.#server.close(resolve))]);
    late();
  }

  #adopt(socket: Socket, remote: Address, accepted: boolean): TcpFlow {
    const sentBy = { host: this.#hostFor(remote.host), port: this.address.port };
    const flow = new TcpFlow(socket, remote, sentBy, this.#inbound);
    const key = showAddress(remote);
    this.#connections.set(key, flow);
    this.#sockets.add(socket);
    const framing = new Framing();
    let idle = this.#clock.after(accepted ? tcpLimits.silentMs : tcpLimits.idleMs, () => socket.destroy());
    // Until its first message a connection has shown nothing: neither halves nor keep-alives give it more time.
    let proven = !accepted;
    socket.on("data", (data) => {
      if (this.#inbound.admits && !this.#inbound.admits(remote)) return void socket.destroy();
      for (const { message, fault, raw, lost } of framing.push(data, () => flow.send(Buffer.from("\r\n")))) {
        this.#inbound.seen?.("in", raw, flow);
        if (message && fault === undefined) {
          proven = true;
          this.#inbound.message(message, flow);
        } else this.#inbound.malformed(fault ?? "not SIP", flow, message);
        if (lost) {
          socket.destroySoon();
          return;
        }
      }
      if (!proven) return;
      idle();
      idle = this.#clock.after(tcpLimits.idleMs, () => socket.destroy());
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      idle();
      flow.end();
      this.#inbound.closed?.(flow);
      this.#sockets.delete(socket);
      if (this.#connections.get(key) === flow) this.#connections.delete(key);
    });
    return flow;
  }
}
