// A network in memory on a clock that tests move: UDP with seeded loss, duplication, delay and so reordering; TCP in
// order and without loss, with connections that can be cut. Messages cross it as bytes and are parsed on arrival.
import { tryAgain, type PorteroError } from "../../src/errors.ts";
import { parseMessage } from "../../src/sip/message/parse.ts";
import type { SipRequest, SipResponse } from "../../src/sip/message/message.ts";
import { showAddress } from "../../src/ip.ts";
import {
  type Address,
  type Flow,
  type Inbound,
  type Transport,
  type TransportName,
} from "../../src/sip/transport/flow.ts";
import type { Listen } from "../../src/sip/transport/listen.ts";
import type { FakeClock } from "../support/clock.ts";
import { Random } from "./random.ts";

export interface Weather {
  /** Share of datagrams that never arrive. */
  loss?: number;
  /** Share of datagrams that arrive twice. */
  duplication?: number;
  /** Shortest and longest way, milliseconds; what is sent later may arrive earlier. */
  delay?: readonly [number, number];
  seed?: number;
}

/** What was sent, lost datagrams included. */
export interface Sent {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly message: SipRequest | SipResponse | undefined;
}

export class Network {
  readonly clock: FakeClock;
  /** Everything sent, in order. */
  readonly sent: Sent[] = [];
  weather: Weather;
  /** Keep-alives by datagram so far. */
  pings = 0;
  /** Messages on their way. */
  underway = 0;
  /** Decides over single messages where it is given: true = this one is lost. */
  loses: (sent: Sent) => boolean = () => false;
  /** Cuts a connection at a message where it is given: before it arrives, or once it has. */
  cuts: (sent: Sent) => "before" | "after" | undefined = () => undefined;
  /** Listening places that no new connection reaches, `TCP 10.0.0.2:5060`: behind NAT. */
  readonly unreachable = new Set<string>();
  readonly #random: Random;
  readonly #places = new Map<string, Place>();
  #ephemeral = 49152;

  constructor(clock: FakeClock, weather: Weather = {}) {
    this.clock = clock;
    this.weather = weather;
    this.#random = new Random(weather.seed ?? 1);
  }

  /** For an endpoint's option `listen`. */
  readonly listen: Listen = ({ transport, address, port }, inbound) =>
    Promise.resolve(
      this.open(transport.toUpperCase() as TransportName, { host: address, port: port || 5060 }, inbound),
    );

  open(name: TransportName, address: Address, inbound: Inbound): Place {
    const place = new Place(this, name, address, inbound);
    const key = `${name} ${showAddress(address)}`;
    if (this.#places.has(key)) throw new Error(`${key} is taken`);
    this.#places.set(key, place);
    return place;
  }

  shut(place: Place): void {
    this.#places.delete(`${place.name} ${showAddress(place.address)}`);
  }

  place(name: TransportName, address: Address): Place | undefined {
    return this.#places.get(`${name} ${showAddress(address)}`);
  }

  freePort(): number {
    return this.#ephemeral++;
  }

  note(from: Address, to: Address, data: Buffer): Sent {
    const { message } = parseMessage(data);
    const sent = { at: this.clock.now(), from: showAddress(from), to: showAddress(to), message };
    this.sent.push(sent);
    return sent;
  }

  datagram(from: Address, to: Address, data: Buffer): void {
    const { loss = 0, duplication = 0, delay: [least, most] = [1, 1] } = this.weather;
    const sent = this.note(from, to, data);
    if (this.loses(sent) || this.#random.chance(loss)) return;
    for (let copies = this.#random.chance(duplication) ? 2 : 1; copies > 0; copies--)
      this.carry(least + this.#random.below(most - least + 1), () => {
        const place = this.place("UDP", to);
        if (place) deliver(place.inbound, data, new DatagramFlow(this, place, from));
      });
  }

  /** A message arrives after so many milliseconds. */
  carry(ms: number, arrive: () => void): void {
    this.underway++;
    this.clock.after(ms, () => {
      this.underway--;
      arrive();
    });
  }
}

function deliver(inbound: Inbound, data: Buffer, flow: Flow): void {
  if (inbound.admits?.(flow.remote) === false) return;
  inbound.seen?.("in", data, flow);
  const { message, fault } = parseMessage(data);
  if (message && fault === undefined) inbound.message(message, flow);
  else inbound.malformed(fault ?? "not SIP", flow, message);
}

/** One listening address. */
export class Place implements Transport {
  readonly name: TransportName;
  readonly address: Address;
  readonly inbound: Inbound;
  readonly #network: Network;
  readonly #connections = new Map<string, Connection>();

  constructor(network: Network, name: TransportName, address: Address, inbound: Inbound) {
    this.#network = network;
    this.name = name;
    this.address = address;
    this.inbound = inbound;
  }

  to(remote: Address): Flow {
    if (this.name === "UDP") return new DatagramFlow(this.#network, this, remote);
    const known = this.#connections.get(showAddress(remote));
    if (known) return known;
    const hidden = this.#network.unreachable.has(`${this.name} ${showAddress(remote)}`);
    const theirs = hidden ? undefined : this.#network.place(this.name, remote);
    const from = { host: this.address.host, port: this.#network.freePort() };
    const ours = new Connection(this.#network, this, from, remote);
    if (!theirs) return ours;
    const other = new Connection(this.#network, theirs, remote, from);
    ours.other = other;
    other.other = ours;
    this.keep(ours);
    theirs.keep(other);
    return ours;
  }

  keep(connection: Connection): void {
    this.#connections.set(showAddress(connection.remote), connection);
  }

  forget(connection: Connection): void {
    this.#connections.delete(showAddress(connection.remote));
  }

  close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.cut();
    this.#network.shut(this);
    return Promise.resolve();
  }
}

class DatagramFlow implements Flow {
  readonly transport = "UDP";
  readonly reliable = false;
  readonly closed = false;
  readonly remote: Address;
  readonly #network: Network;
  readonly #place: Place;

  constructor(network: Network, place: Place, remote: Address) {
    this.#network = network;
    this.#place = place;
    this.remote = remote;
  }

  get sentBy(): Address {
    return this.#place.address;
  }

  send(data: Buffer): void {
    this.#place.inbound.seen?.("out", data, this);
    this.#network.datagram(this.#place.address, this.remote, data);
  }

  // What a keep-alive looks like on the wire is tested with sockets; here it only arrives or does not.
  ping(answered: (seenAt?: Address) => void): void {
    this.#network.pings++;
    if (this.#network.place("UDP", this.remote)) this.#network.clock.after(2, () => answered(this.sentBy));
  }

  drop(): void {}

  reach(remote: Address): Flow {
    return this.#place.to(remote);
  }
}

/** One side of a connection. */
export class Connection implements Flow {
  readonly transport: TransportName;
  readonly reliable = true;
  readonly remote: Address;
  other: Connection | undefined;
  closed = false;
  readonly #network: Network;
  readonly #place: Place;
  readonly #local: Address;

  constructor(network: Network, place: Place, local: Address, remote: Address) {
    this.#network = network;
    this.#place = place;
    this.transport = place.name;
    this.#local = local;
    this.remote = remote;
  }

  get sentBy(): Address {
    return this.#place.address;
  }

  send(data: Buffer, failed?: (error: PorteroError) => void): void {
    const unreachable = tryAgain("unreachable", `${showAddress(this.remote)} cannot be reached by ${this.transport}`);
    this.#place.inbound.seen?.("out", data, this);
    const cut = this.#network.cuts(this.#network.note(this.#local, this.remote, data));
    if (cut === "before") this.cut();
    this.#network.carry(1, () => {
      const { other } = this;
      if (this.closed || !other || other.closed) return failed?.(unreachable);
      deliver(other.#place.inbound, data, other);
      if (cut === "after") this.cut();
    });
  }

  ping(answered: () => void): void {
    this.#network.clock.after(2, () => {
      if (!this.closed && this.other && !this.other.closed) answered();
    });
  }

  drop(): void {
    this.cut();
  }

  reach(remote: Address): Flow {
    return this.#place.to(remote);
  }

  /** Ends the connection for both sides. */
  cut(): void {
    if (this.closed) return;
    this.closed = true;
    this.#place.forget(this);
    this.#place.inbound.closed?.(this);
    this.other?.cut();
  }
}
