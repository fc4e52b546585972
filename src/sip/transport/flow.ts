// A flow: the way by which one peer is reached, a connection or a pair of UDP addresses (RFC 5626 §3). Requests,
// transactions, contacts and dialogs hold the flow they came by; behind NAT there is no other way to a device.
import type { SipRequest, SipResponse } from "../message/message.ts";
import type { PorteroError } from "../../errors.ts";

export type TransportName = "UDP" | "TCP" | "TLS" | "WS" | "WSS";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Flow {
  readonly transport: TransportName;
  /** Whether the transport repeats lost data by itself: then SIP's own repetitions are off. */
  readonly reliable: boolean;
  readonly remote: Address;
  /** How we name ourselves to this peer in Via and Contact. */
  readonly sentBy: Address;
  readonly closed: boolean;
  /** Sends one message; `failed` is called later, at most once, where it could not leave. */
  send(data: Buffer, failed?: (error: PorteroError) => void): void;
}

/** What comes out of a transport. */
export interface Inbound {
  /** Asked before anything is read: false = nothing of this source is looked at, and it gets no answer. */
  admits?(remote: Address): boolean;
  /** Every message as it came or left, also one that cannot be read. */
  seen?(direction: "in" | "out", data: Buffer, flow: Flow): void;
  message(message: SipRequest | SipResponse, flow: Flow): void;
  /** Something that is no SIP, or SIP with a fault; `message` is what could be read of it. */
  malformed(fault: string, flow: Flow, message?: SipRequest | SipResponse): void;
  /** A connection is no more: nothing that was sent on it will be answered on it. */
  closed?(flow: Flow): void;
}

export interface Transport {
  readonly name: TransportName;
  /** Where it listens; the port is the real one where 0 was asked for. */
  readonly address: Address;
  /** The flow to `remote`: an open connection where there is one, else a new one. */
  to(remote: Address): Flow;
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly transport: Lowercase<TransportName>;
  /** The local address to bind; `0.0.0.0` for all of IPv4, `::` for all. */
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  /** The address that devices shall use, where it differs from the local one (NAT, containers). */
  readonly advertise?: string;
}

export const showAddress = ({ host, port }: Address): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
