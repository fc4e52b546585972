// The open connections of one listener, those that peers made and those that we made, which are one and the same once open:
// reuse, time-outs, back-pressure. RFC 3261 §18.1, §18.2; what carries the messages is a Wire.
import type { Clock } from "../../clock.ts";
import { tryAgain, type PorteroError } from "../../errors.ts";
import type { Parsed } from "../message/parse.ts";
import { keepAlive } from "./keep-alive.ts";
import { showAddress } from "../../ip.ts";
import type { Address, Destination, Flow, Inbound, TransportName } from "./flow.ts";

export const connectionLimits = {
  /** Connections at once; the next one is refused. */
  connections: 2000,
  /** Bytes that may wait for a peer that does not read; then the connection ends. */
  unsent: 1024 * 1024,
  /** A connection that was accepted has this long for TLS and the WebSocket's greeting. */
  greetingMs: 10_000,
  /** A connection that never brought a message ends after this. */
  silentMs: 30_000,
  /** A connection that brought nothing for this long ends; keep-alives count. */
  idleMs: 70 * 60_000,
  connectMs: 5_000,
  /** Browsers cannot ping: we do, or nobody would notice a lid that was closed (RFC 7118 §6). */
  pingMs: 30_000,
  /** What is written still has this long to leave when the endpoint closes. */
  closeMs: 1_000,
};

export interface WireEvents {
  opened(): void;
  /** Asked before anything that came is read. */
  admits(): boolean;
  /** A message, or what is none. `lost`: nothing after it can be read. */
  received(parsed: Parsed & { readonly raw: Buffer; readonly lost?: true }): void;
  /** A keep-alive or its answer, or a part of a message. */
  alive(): void;
  ended(error?: PorteroError): void;
}

/** What carries messages to one peer: a stream of bytes, or a WebSocket. */
export interface Wire {
  /** Not open yet; what is written waits. */
  readonly opening: boolean;
  /** Bytes that were written and have not left. */
  readonly unsent: number;
  start(events: WireEvents): void;
  write(data: Buffer): void;
  ping(answered: () => void): void;
  /** Ends it once what was written has left. */
  end(): void;
  destroy(): void;
}

/** What is known of a connection beside its two ends; see Flow. */
type Known = Partial<Pick<Flow, "alias" | "as" | "page" | "opens" | "sentBy">>;

class ConnectionFlow implements Flow {
  readonly transport: TransportName;
  readonly reliable = true;
  readonly remote: Address;
  readonly sentBy: Address;
  declare readonly alias?: string;
  declare readonly as?: string;
  declare readonly page?: string;
  declare readonly opens?: (door: string) => boolean;
  closed = false;
  readonly #owner: Connections;
  readonly #wire: Wire;
  readonly #failures = new Set<(error: PorteroError) => void>();
  #error: PorteroError | undefined;

  constructor(owner: Connections, wire: Wire, remote: Address, { alias, as, page, opens, sentBy }: Known = {}) {
    this.#owner = owner;
    this.#wire = wire;
    this.transport = owner.name;
    this.remote = remote;
    this.sentBy = sentBy ?? owner.sentBy(remote.host);
    if (alias !== undefined) this.alias = alias;
    if (as !== undefined) this.as = as;
    if (page !== undefined) this.page = page;
    if (opens) this.opens = opens;
  }

  send(data: Buffer, failed?: (error: PorteroError) => void): void {
    if (this.closed) {
      // Later, so that who has just made a call can listen for its end.
      setImmediate(() => failed?.(this.#gone()));
      return;
    }
    if (this.#wire.opening && failed) this.#failures.add(failed);
    this.#owner.inbound.seen?.("out", data, this);
    this.#wire.write(data);
    if (this.#wire.unsent > connectionLimits.unsent) this.#wire.destroy();
  }

  ping(answered: () => void): void {
    if (!this.closed) this.#wire.ping(answered);
  }

  drop(): void {
    this.#wire.destroy();
  }

  reach(remote: Address): Flow {
    // Nothing leads to one that was handed over but itself.
    return this.as === undefined ? this.#owner.to(remote) : this;
  }

  opened(): void {
    this.#failures.clear();
  }

  end(error?: PorteroError): void {
    this.closed = true;
    this.#error = error;
    for (const failed of this.#failures) failed(this.#gone());
    this.#failures.clear();
  }

  #gone(): PorteroError {
    return this.#error ?? tryAgain("unreachable", `${showAddress(this.remote)} cannot be reached by ${this.transport}`);
  }
}

export interface ConnectionsOptions {
  readonly name: TransportName;
  readonly inbound: Inbound;
  readonly clock: Clock;
  /** How we name ourselves to a peer. */
  sentBy(remote: string): Address;
  dial(remote: Destination): Wire;
  /** See Flow: for the connections that we make. */
  readonly alias?: string;
}

export class Connections {
  readonly name: TransportName;
  readonly inbound: Inbound;
  readonly sentBy: (remote: string) => Address;
  readonly #options: ConnectionsOptions;
  readonly #clock: Clock;
  readonly #flows = new Map<string, ConnectionFlow>();
  /** Every open connection, also one whose peer has a newer one. */
  readonly #wires = new Map<Wire, Promise<void>>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.name = options.name;
    this.inbound = options.inbound;
    this.sentBy = (remote) => options.sentBy(remote);
  }

  /** The open connection to a peer, or a new one. */
  to(remote: Destination): Flow {
    const key = this.#keyOf(remote);
    const open = this.#flows.get(key);
    if (open && !open.closed) return open;
    const wire = this.#options.dial(remote);
    const late = this.#clock.after(connectionLimits.connectMs, () => wire.destroy());
    const { host, port } = remote;
    const { alias } = this.#options;
    return this.#adopt(
      wire,
      key,
      new ConnectionFlow(this, wire, { host, port }, alias === undefined ? {} : { alias }),
      late,
    );
  }

  /** Takes a connection that a peer made; `shown` is called once it is known who that is. */
  accept(
    wire: Wire,
    remote: Address,
    known: Pick<Flow, "as" | "page" | "opens" | "sentBy"> | undefined,
    shown?: () => void,
  ): void {
    this.#adopt(wire, showAddress(remote), new ConnectionFlow(this, wire, remote, known), undefined, shown);
  }

  /** Ends all: what was just written (a BYE, say) still leaves, but a peer that does not read cannot hold us up. */
  async close(): Promise<void> {
    const ends = [...this.#wires.values()];
    for (const wire of this.#wires.keys()) wire.end();
    const late = this.#clock.after(connectionLimits.closeMs, () => {
      for (const wire of this.#wires.keys()) wire.destroy();
    });
    await Promise.all(ends);
    late();
  }

  // By TLS, a connection that serves requests for a name is one whose certificate was found to be for it: one that the
  // peer made, whatever it says of itself, is not (RFC 5923 §5).
  #keyOf(remote: Destination): string {
    const named = remote.name !== undefined && (this.name === "TLS" || this.name === "WSS");
    return named ? `${showAddress(remote)} ${remote.name.toLowerCase()}` : showAddress(remote);
  }

  #adopt(wire: Wire, key: string, flow: ConnectionFlow, late?: () => void, shown = () => {}): ConnectionFlow {
    const { inbound } = this;
    const accepted = late === undefined;
    this.#flows.set(key, flow);
    let ended = () => {};
    this.#wires.set(wire, new Promise((resolve) => (ended = resolve)));
    const pings = accepted && (this.name === "WS" || this.name === "WSS");
    const stopPings = pings
      ? keepAlive(flow, this.#clock, { everyMs: connectionLimits.pingMs, onDead: () => {} })
      : () => {};
    let idle = this.#clock.after(accepted ? connectionLimits.silentMs : connectionLimits.idleMs, () => wire.destroy());
    // Until its first message a connection has shown nothing: neither halves nor keep-alives give it more time.
    let spoken = !accepted;
    const alive = () => {
      if (!spoken) return;
      idle();
      idle = this.#clock.after(connectionLimits.idleMs, () => wire.destroy());
    };
    wire.start({
      opened: () => {
        late?.();
        flow.opened();
      },
      admits: () => {
        const admitted = inbound.admits?.(flow.remote) ?? true;
        if (!admitted) wire.destroy();
        return admitted;
      },
      received: ({ message, fault, raw, lost }) => {
        inbound.seen?.("in", raw, flow);
        if (message && fault === undefined) {
          spoken = true;
          inbound.message(message, flow);
          if (inbound.proven?.(flow.remote)) shown();
        } else inbound.malformed(fault ?? "not SIP", flow, message);
        if (lost) wire.end();
      },
      alive,
      ended: (error) => {
        late?.();
        idle();
        stopPings();
        flow.end(error);
        // The sentence names a certificate, or what to change; a call keeps only that there was no way.
        if (error) inbound.trouble?.(error);
        inbound.closed?.(flow);
        this.#wires.delete(wire);
        if (this.#flows.get(key) === flow) this.#flows.delete(key);
        ended();
      },
    });
    return flow;
  }
}
