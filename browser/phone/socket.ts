// SIP over WebSocket (RFC 7118) to Node-RED: what SIP.js sends by. Each connection has an address of its own, since the
// ticket in it is good for one. A connection that is dead without a word is noticed by an empty line that comes back.
import { EmitterImpl, TransportState, type Transport } from "sip.js";

export interface SocketOptions {
  /** Where the next connection goes. */
  readonly address: () => URL;
}

const beatMs = 20_000;
const connectMs = 10_000;
const ping = "\r\n\r\n";

export class SipSocket implements Transport {
  readonly stateChange = new EmitterImpl<TransportState>();
  state = TransportState.Disconnected;
  onConnect: (() => void) | undefined;
  onDisconnect: ((error?: Error) => void) | undefined;
  onMessage: ((message: string) => void) | undefined;
  readonly #address: () => URL;
  #socket: WebSocket | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #answered = true;

  constructor(_logger: unknown, { address }: SocketOptions) {
    this.#address = address;
  }

  get protocol(): string {
    return location.protocol === "https:" ? "WSS" : "WS";
  }

  isConnected(): boolean {
    return this.state === TransportState.Connected;
  }

  connect(): Promise<void> {
    this.#change(TransportState.Connecting);
    const socket = (this.#socket = new WebSocket(this.#address(), "sip"));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#ended(socket), connectMs);
      socket.onopen = () => {
        clearTimeout(late);
        this.#answered = true;
        this.#beat = setInterval(() => this.#ping(socket), beatMs);
        this.#change(TransportState.Connected);
        this.onConnect?.();
        resolve();
      };
      socket.onclose = () => {
        clearTimeout(late);
        this.#ended(socket);
        reject(new Error("The connection was refused, or lost"));
      };
      socket.onmessage = ({ data }: MessageEvent<string>) => {
        this.#answered = true;
        if (data.trim() !== "") this.onMessage?.(data);
      };
    });
  }

  disconnect(): Promise<void> {
    if (this.#socket) this.#ended(this.#socket);
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    return this.disconnect();
  }

  send(message: string): Promise<void> {
    if (!this.#socket || !this.isConnected()) return Promise.reject(new Error("Not connected"));
    this.#socket.send(message);
    return Promise.resolve();
  }

  #ping(socket: WebSocket): void {
    if (!this.#answered) return this.#ended(socket);
    this.#answered = false;
    socket.send(ping);
  }

  #ended(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    clearInterval(this.#beat);
    socket.onmessage = null;
    socket.close();
    const wasOpen = this.isConnected();
    this.#change(TransportState.Disconnected);
    if (wasOpen) this.onDisconnect?.(new Error("The connection was lost"));
  }

  #change(state: TransportState): void {
    this.state = state;
    this.stateChange.emit(state);
  }
}
