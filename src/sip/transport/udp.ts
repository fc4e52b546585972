// SIP over UDP: one socket for all peers. RFC 3261 §18.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { tryAgain, type PorteroError } from "../../errors.ts";
import { isStun } from "../../stun.ts";
import { parseMessage } from "../message/parse.ts";
import { portTaken } from "./busy.ts";
import { showAddress } from "../../ip.ts";
import type { Address, Flow, Inbound, ListenerOptions, Transport } from "./flow.ts";
import { namedAs, plainHost } from "./local.ts";
import { answerTo, readAnswer, stunRequest } from "./stun.ts";

/** STUN requests of ours that may wait for an answer; the oldest is forgotten for a further one. */
const mostAsked = 2000;

class UdpFlow implements Flow {
  readonly transport = "UDP";
  readonly reliable = false;
  readonly closed = false;
  readonly remote: Address;
  readonly #owner: UdpTransport;

  constructor(owner: UdpTransport, remote: Address) {
    this.#owner = owner;
    this.remote = remote;
  }

  get sentBy(): Address {
    return this.#owner.namedTo(this.remote.host);
  }

  send(data: Buffer, failed?: (error: PorteroError) => void): void {
    this.#owner.send(data, this, failed);
  }

  ping(answered: (seenAt?: Address) => void): void {
    this.#owner.ping(this.remote, answered);
  }

  drop(): void {}

  reach(remote: Address): Flow {
    return this.#owner.to(remote);
  }
}

export class UdpTransport implements Transport {
  readonly name = "UDP";
  readonly address: Address;
  readonly namedTo: (remote: string) => Address;
  readonly #inbound: Inbound;
  readonly #socket: Socket;
  readonly #mapped: boolean;
  readonly #asked = new Map<string, { remote: Address; answered: (seenAt?: Address) => void }>();
  #open = true;

  static async listen(options: ListenerOptions, inbound: Inbound, local: (remote: string) => string) {
    const socket = createSocket({
      type: isIPv6(options.address) ? "udp6" : "udp4",
      ipv6Only: options.ipv6Only ?? false,
      // Targets are IP addresses already; the default look-up would cost each send a turn of the event loop.
      lookup: (host, _options, callback) => callback(null, host, host.includes(":") ? 6 : 4),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (error) => reject(portTaken("UDP", options, error)));
      socket.bind({ address: options.address, port: options.port }, resolve);
    });
    return new UdpTransport(socket, options, inbound, local);
  }

  private constructor(socket: Socket, options: ListenerOptions, inbound: Inbound, local: (remote: string) => string) {
    this.#inbound = inbound;
    this.#socket = socket;
    this.#mapped = isIPv6(options.address);
    const { address, port } = socket.address();
    this.address = { host: address, port };
    this.namedTo = namedAs(options, this.address, local);
    try {
      socket.setRecvBufferSize(4 * 1024 * 1024);
    } catch {
      // A system may refuse a larger buffer: the usual one serves too.
    }
    socket.removeAllListeners("error");
    // Errors of earlier sends (ICMP) arrive here, and those that nobody wants to know of; who does has learnt by its callback.
    socket.on("error", () => {});
    socket.on("message", (data, from) => this.#receive(data, from));
  }

  to(remote: Address): Flow {
    return new UdpFlow(this, remote);
  }

  send(data: Buffer, flow: Flow, failed?: (error: PorteroError) => void): void {
    const { remote } = flow;
    const unreachable =
      failed &&
      ((cause: unknown) =>
        failed(tryAgain("unreachable", `${showAddress(remote)} cannot be reached by UDP`, { cause })));
    if (!this.#open) {
      // Later, so that who has just made a call can listen for its end.
      if (unreachable) setImmediate(() => unreachable(undefined));
      return;
    }
    this.#inbound.seen?.("out", data, flow);
    this.#write(data, remote, unreachable);
  }

  /** Asks by STUN where `remote` sees us (RFC 5626 §4.4.2). */
  ping(remote: Address, answered: (seenAt?: Address) => void): void {
    if (!this.#open) return;
    const { id, data } = stunRequest();
    const [oldest] = this.#asked.keys();
    if (oldest !== undefined && this.#asked.size >= mostAsked) this.#asked.delete(oldest);
    this.#asked.set(id, { remote, answered });
    this.#write(data, remote);
  }

  #write(data: Buffer, remote: Address, failed?: (cause: unknown) => void): void {
    const host = this.#mapped && !remote.host.includes(":") ? `::ffff:${remote.host}` : remote.host;
    try {
      // Where nobody wants to know, a callback would be a turn of its own for each message.
      if (!failed) this.#socket.send(data, remote.port, host);
      else
        this.#socket.send(data, remote.port, host, (error) => {
          if (error) failed(error);
        });
    } catch (error) {
      if (failed) setImmediate(() => failed(error));
    }
  }

  close(): Promise<void> {
    if (!this.#open) return Promise.resolve();
    this.#open = false;
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  #receive(data: Buffer, from: RemoteInfo): void {
    const inbound = this.#inbound;
    // Keep-alives: empty lines or zero bytes, never answered (RFC 5626 §3.5.1 leaves them to streams).
    if (data.length <= 4 && data.every((byte) => byte === 13 || byte === 10 || byte === 0 || byte === 32)) return;
    if (from.port === 0) return;
    const remote = { host: plainHost(from.address), port: from.port };
    if (inbound.admits && !inbound.admits(remote)) return;
    if (isStun(data)) return this.#stun(data, remote);
    const flow = new UdpFlow(this, remote);
    inbound.seen?.("in", data, flow);
    const { message, fault } = parseMessage(data);
    if (message && fault === undefined) inbound.message(message, flow);
    else inbound.malformed(fault ?? "not SIP", flow, message);
  }

  // Keep-alives of devices (RFC 5626 §3.5.2). Who is not known gets no answer larger than the request: it may come from
  // somebody who wrote another's address on it.
  #stun(data: Buffer, remote: Address): void {
    const answer = answerTo(data, remote);
    if (answer && (answer.length <= data.length || this.#inbound.knows?.(remote))) this.#write(answer, remote);
    const read = answer ? undefined : readAnswer(data);
    const asked = read && this.#asked.get(read.id);
    if (!asked || showAddress(asked.remote) !== showAddress(remote)) return;
    this.#asked.delete(read.id);
    asked.answered(read.seenAt);
  }
}
