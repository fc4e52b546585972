// SIP over WebSocket, by which browsers come (RFC 7118): one message a frame, text or binary. Both sides; TLS is below.
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { PorteroError } from "../../errors.ts";
import { showAddress } from "../../ip.ts";
import { limits, parseMessage } from "../message/parse.ts";
import type { Wire, WireEvents } from "./connections.ts";
import type { Destination } from "./flow.ts";
import type { Making } from "./stream.ts";

const subprotocol = "sip";
const settings = { maxPayload: limits.head + limits.body + 4, perMessageDeflate: false };

export class WebSocketWire implements Wire {
  readonly #socket: WebSocket;
  #early: Buffer[] = [];
  #ending = false;
  #error: PorteroError | undefined;

  /** `below`: what carries a connection that we make. */
  constructor(socket: WebSocket, below?: { readonly socket: Socket; readonly making: Making }) {
    this.#socket = socket;
    // From the beginning: who is turned away before it is started may still send rubbish.
    socket.on("error", (error) => (this.#error ??= below?.making.explain(error)));
    below?.socket.once(below.making.event, () => {
      this.#error = below.making.fault();
      if (this.#error) below.socket.destroy();
    });
  }

  get opening(): boolean {
    return this.#socket.readyState === WebSocket.CONNECTING;
  }

  get unsent(): number {
    return this.#early.reduce((sum, { length }) => sum + length, 0) + this.#socket.bufferedAmount;
  }

  start(events: WireEvents): void {
    const socket = this.#socket;
    socket.on("open", () => {
      for (const data of this.#early) this.write(data);
      this.#early = [];
      events.opened();
      if (this.#ending) socket.close();
    });
    socket.on("message", (data: Buffer) => {
      if (!events.admits()) return;
      this.#read(data, events);
      events.alive();
    });
    socket.on("ping", () => events.alive());
    socket.on("pong", () => events.alive());
    socket.on("close", () => events.ended(this.#error));
  }

  #read(raw: Buffer, events: WireEvents): void {
    const isBlank = raw.length <= 4 && raw.every((byte) => byte === 13 || byte === 10);
    // SIP.js pings as if it were a stream, since a browser has no pings of its own.
    if (raw.length === 4 && isBlank) this.write(Buffer.from("\r\n"));
    if (!isBlank) events.received({ ...parseMessage(raw), raw });
  }

  write(data: Buffer): void {
    if (this.opening) this.#early.push(data);
    // A browser ends the connection over text that is not UTF-8 (RFC 6455 §8.1).
    else this.#socket.send(data, { binary: !isUtf8(data) });
  }

  ping(answered: () => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.once("pong", () => answered());
    this.#socket.ping();
  }

  end(): void {
    this.#ending = true;
    if (!this.opening) this.#socket.close();
  }

  destroy(): void {
    this.#socket.terminate();
  }
}

/** A WebSocket over a connection that we are making. */
export function dialWebSocket(
  remote: Destination,
  secure: boolean,
  below: { readonly socket: Socket; readonly making: Making },
): WebSocketWire {
  const name = remote.name ?? remote.host;
  const url = `${secure ? "wss" : "ws"}://${showAddress({ host: name, port: remote.port })}/`;
  const socket = new WebSocket(url, subprotocol, { ...settings, createConnection: () => below.socket });
  return new WebSocketWire(socket, below);
}

/** Greets who comes to an HTTP server for SIP over WebSocket; `taken` gets the connection. */
export function webSocketGreeter(taken: (wire: WebSocketWire, socket: Socket) => void) {
  const server = new WebSocketServer({ ...settings, noServer: true, handleProtocols: () => subprotocol });
  return {
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
      // RFC 7118 §4.1: without the sub-protocol the other side speaks something else.
      if (!offered.includes(subprotocol)) {
        // Nobody else listens for what a reset would say.
        socket.on("error", () => {});
        // Who never ends its side would keep ours.
        socket.once("finish", () => socket.destroy());
        socket.end(
          "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nThis port speaks the WebSocket sub-protocol sip.\n",
        );
        return;
      }
      server.handleUpgrade(request, socket, head, (accepted) => taken(new WebSocketWire(accepted), request.socket));
    },
    request(_request: IncomingMessage, response: ServerResponse): void {
      response.writeHead(426, { Upgrade: "websocket", Connection: "close", "Content-Type": "text/plain" });
      response.end("This port speaks SIP over WebSocket (RFC 7118).\n");
    },
  };
}
