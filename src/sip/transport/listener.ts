// A listener whose peers come by connections: TCP, TLS, WS, WSS. They share the socket that accepts; TLS and the
// WebSocket's greeting follow on it. RFC 3261 §18.2, RFC 7118.
import { randomBytes } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket, type SecureContextOptions } from "node:tls";
import type { Cancel, Clock } from "../../clock.ts";
import { portTaken } from "./busy.ts";
import { Connections, connectionLimits, type Wire } from "./connections.ts";
import { showAddress } from "../../ip.ts";
import type { Address, Destination, Flow, Inbound, ListenerOptions, Transport, TransportName } from "./flow.ts";
import { namedAs, plainHost } from "./local.ts";
import { Strangers } from "./strangers.ts";
import { StreamWire, type Making } from "./stream.ts";
import { greetingFault, Tls } from "./tls.ts";
import { dialWebSocket, webSocketGreeter } from "./websocket.ts";

/** What a connection goes through between the socket that accepts and its first message. */
interface Greeting {
  greet(socket: Socket): void;
  renew?(options: SecureContextOptions): void;
}

export class ConnectionTransport implements Transport {
  readonly name: TransportName;
  readonly address?: Address;
  readonly #inbound: Inbound;
  readonly #clock: Clock;
  readonly #tls: Tls | undefined;
  readonly #server: Server | undefined;
  readonly #connections: Connections;
  /** Accepted connections that are not through their greeting, by their peers. */
  readonly #greeted = new Map<string, { socket: Socket; late: Cancel; known: () => void }>();
  readonly #strangers = new Strangers();

  /** @throws PorteroError where the port or a certificate cannot be had */
  static async listen(options: ListenerOptions, inbound: Inbound, local: (remote: string) => string, clock: Clock) {
    const trouble = (error: Parameters<NonNullable<Inbound["trouble"]>>[0]) => inbound.trouble?.(error);
    const tls = "tls" in options ? await Tls.open(options.tls, clock, trouble) : undefined;
    // By TLS without a certificate we only connect to others.
    const server = tls && !tls.server ? undefined : createServer({ keepAlive: true, noDelay: true });
    try {
      if (server) await opened(server, options);
    } catch (error) {
      tls?.close();
      throw error;
    }
    return new ConnectionTransport(options, inbound, local, clock, tls, server);
  }

  private constructor(
    options: ListenerOptions,
    inbound: Inbound,
    local: (remote: string) => string,
    clock: Clock,
    tls: Tls | undefined,
    server: Server | undefined,
  ) {
    this.name = options.transport.toUpperCase() as TransportName;
    this.#inbound = inbound;
    this.#clock = clock;
    this.#tls = tls;
    this.#server = server;
    const place = server?.address();
    if (typeof place === "object" && place) this.address = { host: place.address, port: place.port };
    this.#connections = new Connections({
      ...{ name: this.name, inbound, clock },
      sentBy: namedAs(options, this.address ?? { host: options.address, port: options.port || 5061 }, local),
      dial: (remote) => this.#dial(remote),
      ...(this.#isWebSocket && { alias: `${randomBytes(6).toString("hex")}.invalid` }),
    });
    if (server) this.#accept(server);
  }

  get fingerprint(): string | undefined {
    return this.#tls?.fingerprint;
  }

  to(remote: Destination): Flow {
    return this.#connections.to(remote);
  }

  async close(): Promise<void> {
    this.#tls?.close();
    for (const { socket } of this.#greeted.values()) socket.destroy();
    const server = this.#server;
    const closed = server && new Promise((resolve) => server.close(resolve));
    await Promise.all([this.#connections.close(), closed]);
  }

  get #isWebSocket(): boolean {
    return this.name === "WS" || this.name === "WSS";
  }

  #dial(remote: Destination): Wire {
    const below = this.#tls?.dial(remote) ?? dialPlain(remote);
    if (this.#isWebSocket) return dialWebSocket(remote, this.#tls !== undefined, below);
    return new StreamWire(below.socket, below.making);
  }

  #accept(server: Server): void {
    const greeting = this.#greeting();
    if (this.#tls) this.#tls.renewed = (options) => greeting.renew?.(options);
    server.removeAllListeners("error");
    // An error here is one connection that could not be accepted; the listener goes on.
    server.on("error", () => {});
    server.maxConnections = connectionLimits.connections;
    server.on("connection", (socket) => {
      const remote = remoteOf(socket);
      if (!remote || this.#inbound.admits?.(remote) === false) return void socket.destroy();
      const key = showAddress(remote);
      const late = this.#clock.after(connectionLimits.greetingMs, () => socket.destroy());
      const known = this.#strangers.enter(remote.host, () => socket.destroy());
      this.#greeted.set(key, { socket, late, known });
      socket.once("close", () => {
        known();
        this.#welcome(remote);
      });
      greeting.greet(socket);
    });
  }

  /** Nobody waits for that greeting any more. The result is called when it is known who is there. */
  #welcome(remote: Address): (() => void) | undefined {
    const key = showAddress(remote);
    const greeted = this.#greeted.get(key);
    greeted?.late();
    this.#greeted.delete(key);
    return greeted?.known;
  }

  #greeting(): Greeting {
    const take = (socket: Socket, wire: Wire) => {
      const remote = remoteOf(socket);
      if (!remote) {
        wire.destroy();
        return;
      }
      const known = this.#welcome(remote);
      const fault = socket instanceof TLSSocket ? this.#tls?.clientFault(socket, remote) : undefined;
      if (fault) {
        this.#inbound.trouble?.(fault);
        wire.destroy();
      } else this.#connections.accept(wire, remote, undefined, known);
    };
    if (this.name === "TCP") return { greet: (socket) => take(socket, new StreamWire(socket)) };
    const secure = this.#tls?.server;
    if (this.name === "TLS") {
      const server = createTlsServer(secure ?? {}, (socket) => take(socket, new StreamWire(socket)));
      return this.#behind(server);
    }
    const greeter = webSocketGreeter((wire, socket) => take(socket, wire));
    const server = secure ? createHttpsServer(secure) : createHttpServer();
    server.on("request", (request, response) => greeter.request(request, response));
    server.on("upgrade", (request, socket, head) => greeter.upgrade(request, socket, head));
    server.on("clientError", (_error, socket) => socket.destroy());
    return this.#behind(server);
  }

  // Node's servers for TLS and HTTP take connections that another socket accepted.
  #behind(server: Server & { setSecureContext?: (options: SecureContextOptions) => void }): Greeting {
    server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      const remote = remoteOf(socket);
      const fault = remote && greetingFault(error, remote);
      if (fault) this.#inbound.trouble?.(fault);
      socket.destroy();
    });
    return {
      greet: (socket) => {
        socket.on("error", () => {});
        server.emit("connection", socket);
      },
      renew: (options) => server.setSecureContext?.(options),
    };
  }
}

async function opened(server: Server, options: ListenerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(portTaken(options.transport.toUpperCase(), options, error)));
    const { address, port, ipv6Only = false } = options;
    server.listen({ host: address, port, ipv6Only }, resolve);
  });
}

function remoteOf({ remoteAddress, remotePort }: Socket): Address | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { host: plainHost(remoteAddress), port: remotePort };
}

function dialPlain({ host, port }: Address): { socket: Socket; making: Making } {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  return { socket, making: { event: "connect", fault: () => undefined, explain: () => undefined } };
}
