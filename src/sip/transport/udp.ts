// SIP over UDP: one socket for all peers. RFC 3261 §18.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { tryAgain, type PorteroError } from "../../errors.ts";
import { parseMessage } from "../message/parse.ts";
import { portTaken } from "./busy.ts";
import { showAddress, type Address, type Flow, type Inbound, type ListenerOptions, type Transport } from "./flow.ts";
import { isWildcard, plainHost } from "./local.ts";

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
    return { host: this.#owner.hostFor(this.remote.host), port: this.#owner.address.port };
  }

  send(data: Buffer, failed?: (error: PorteroError) => void): void {
    this.#owner.send(data, this, failed);
  }
}

export class UdpTransport implements Transport {
  readonly name = "UDP";
  readonly address: Address;
  readonly hostFor: (remote: string) => string;
  readonly #inbound: Inbound;
  readonly #socket: Socket;
  readonly #mapped: boolean;
  #open = true;

  static async listen(options: ListenerOptions, inbound: Inbound, local: (remote: string) => string) {
    const socket = createSocket({
      type: isIPv6(options.address) ? "udp6" : "udp4",
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
    this.hostFor = options.advertise ? () => options.advertise ?? address : isWildcard(address) ? local : () => address;
    try {
      socket.setRecvBufferSize(4 * 1024 * 1024);
    } catch {
      // A system may refuse a larger buffer: the usual one serves too.
    }
    socket.removeAllListeners("error");
    // Errors of earlier sends (ICMP) arrive here; each sender has learnt of its own by its callback.
    socket.on("error", () => {});
    socket.on("message", (data, from) => this.#receive(data, from));
  }

  to(remote: Address): Flow {
    return new UdpFlow(this, remote);
  }

  send(data: Buffer, flow: Flow, failed?: (error: PorteroError) => void): void {
    const { remote } = flow;
    const unreachable = (cause: unknown) =>
      failed?.(tryAgain("unreachable", `${showAddress(remote)} cannot be reached by UDP`, { cause }));
    if (!this.#open) {
      // Later, so that who has just made a call can listen for its end.
      setImmediate(() => unreachable(undefined));
      return;
    }
    this.#inbound.seen?.("out", data, flow);
    const host = this.#mapped && !remote.host.includes(":") ? `::ffff:${remote.host}` : remote.host;
    try {
      this.#socket.send(data, remote.port, host, (error) => {
        if (error) unreachable(error);
      });
    } catch (error) {
      setImmediate(() => unreachable(error));
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
    const flow = new UdpFlow(this, remote);
    inbound.seen?.("in", data, flow);
    const { message, fault } = parseMessage(data);
    if (message && fault === undefined) inbound.message(message, flow);
    else inbound.malformed(fault ?? "not SIP", flow, message);
  }
}
