// A stream of bytes as a wire: TCP, and TLS over it. RFC 3261 §18.3; RFC 5626 §3.5.1 (keep-alive).
import type { Socket } from "node:net";
import type { PorteroError } from "../../errors.ts";
import type { Wire, WireEvents } from "./connections.ts";
import { Framing } from "./framing.ts";

/** A connection that we are making. */
export interface Making {
  /** The event of the socket that says that it is made. */
  readonly event: "connect" | "secureConnect";
  /** Whom we reached is not whom we want: nothing is sent. */
  fault(): PorteroError | undefined;
  /** The sentence for an error of the socket. */
  explain(error: Error): PorteroError | undefined;
}

const pong = Buffer.from("\r\n");
const ping = Buffer.from("\r\n\r\n");

export class StreamWire implements Wire {
  readonly #socket: Socket;
  readonly #making: Making | undefined;
  readonly #framing = new Framing();
  /** Written before the connection was made. Kept here, since TLS would send it before we know to whom. */
  #early: Buffer[] | undefined;
  #ending = false;
  #error: PorteroError | undefined;

  constructor(socket: Socket, making?: Making) {
    this.#socket = socket;
    this.#making = making;
    // From the beginning: who is turned away before it is started may still reset the connection.
    socket.on("error", (error) => (this.#error ??= making?.explain(error)));
    if (making) this.#early = [];
  }

  get opening(): boolean {
    return this.#early !== undefined;
  }

  get unsent(): number {
    const early = this.#early?.reduce((sum, { length }) => sum + length, 0) ?? 0;
    return early + this.#socket.writableLength;
  }

  start(events: WireEvents): void {
    const socket = this.#socket;
    const making = this.#making;
    if (making)
      socket.once(making.event, () => {
        this.#error = making.fault();
        if (this.#error) return void socket.destroy();
        for (const data of this.#early ?? []) socket.write(data);
        this.#early = undefined;
        events.opened();
        if (this.#ending) socket.destroySoon();
      });
    socket.on("data", (data) => {
      if (!events.admits()) return;
      for (const parsed of this.#framing.push(data, () => this.write(pong))) {
        events.received(parsed);
        if (parsed.lost) return;
      }
      events.alive();
    });
    socket.on("close", () => events.ended(this.#error));
  }

  write(data: Buffer): void {
    if (this.#early) this.#early.push(data);
    else this.#socket.write(data);
  }

  ping(answered: () => void): void {
    this.#framing.expectPong(answered);
    this.write(ping);
  }

  end(): void {
    this.#ending = true;
    if (!this.opening) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
