// A flow: the way by which one peer is reached, a connection or a pair of UDP addresses (RFC 5626 §3). Requests,
// transactions, contacts and dialogs hold the flow they came by; behind NAT there is no other way to a device.
import { showAddress } from "../../ip.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { tryAgain, type PorteroError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";

export type TransportName = "UDP" | "TCP" | "TLS" | "WS" | "WSS";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a flow shall lead. */
export interface Destination extends Address {
  /**
   * The host as it stood in the URI: by TLS, the certificate must be for it (RFC 5922 §7.2), and a WebSocket asks for it.
   * The address itself where it is absent.
   */
  readonly name?: string;
}

export interface Flow {
  readonly transport: TransportName;
  /** Whether the transport repeats lost data by itself: then SIP's own repetitions are off. */
  readonly reliable: boolean;
  readonly remote: Address;
  /** How we name ourselves to this peer in Via and Contact. */
  readonly sentBy: Address;
  /** Stands in our Contact where no address leads to us, only this flow: a WebSocket client's (RFC 7118 §5.2). */
  readonly alias?: string;
  /** The extension that everything on this flow comes from: it was proven otherwise, and no password is asked for. */
  readonly as?: string;
  /** The door whose page is there. */
  readonly page?: string;
  /** Whether who is there may open the door of this id by keys; it may what its extension may where it is absent. */
  readonly opens?: (door: string) => boolean;
  readonly closed: boolean;
  /** Sends one message; `failed` is called later, at most once, where it could not leave. */
  send(data: Buffer, failed?: (error: PorteroError) => void): void;
  /** Sends a keep-alive (RFC 5626 §3.5); `answered` is told by STUN where the peer sees us. */
  ping(answered: (seenAt?: Address) => void): void;
  /** Gives a connection up whose peer is gone without a word. */
  drop(): void;
  /** The flow to another address by the same listener: responses leave where their request came in (RFC 3261 §18.2.2). */
  reach(remote: Address): Flow;
}

/** What comes out of a transport. */
export interface Inbound {
  /** Asked before anything is read: false = nothing of this source is looked at, and it gets no answer. */
  admits?(remote: Address): boolean;
  /** Whether a device is known to be there: an unknown one gets no answer larger than its question. */
  knows?(remote: Address): boolean;
  /** Whether who is there has shown a password, or answered us: only a stranger's connection makes way for others. */
  proven?(remote: Address): boolean;
  /** Every message as it came or left, also one that cannot be read. */
  seen?(direction: "in" | "out", data: Buffer, flow: Flow): void;
  message(message: SipRequest | SipResponse, flow: Flow): void;
  /** Something that is no SIP, or SIP with a fault; `message` is what could be read of it. */
  malformed(fault: string, flow: Flow, message?: SipRequest | SipResponse): void;
  /** A connection is no more: nothing that was sent on it will be answered on it. */
  closed?(flow: Flow): void;
  /** Something of the transport's own: a certificate that could not be read again, a device that does not trust ours. */
  trouble?(error: PorteroError): void;
}

export interface Transport {
  readonly name: TransportName;
  /** Where it listens, the port being the real one where 0 was asked for; absent where it only connects to others. */
  readonly address?: Address;
  /** SHA-256 of the certificate it shows, where it shows one. */
  readonly fingerprint?: string | undefined;
  /** The flow to `remote`: an open connection where there is one, else a new one. */
  to(remote: Destination): Flow;
  close(): Promise<void>;
}

interface Place {
  /** The local address to bind; `0.0.0.0` for all of IPv4, `::` for all. */
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  /** The address that devices shall use, where it differs from the local one (NAT, containers). */
  readonly advertise?: string;
  /** The port that devices shall use, where it differs. */
  readonly advertisePort?: number;
  /** Keeps a listener at `::` off IPv4, which another listener has. */
  readonly ipv6Only?: boolean;
}

export interface PlainListener extends Place {
  readonly transport: "udp" | "tcp" | "ws";
}

export interface SecureListener extends Place {
  readonly transport: "tls" | "wss";
  readonly tls: TlsOptions;
}

export type ListenerOptions = PlainListener | SecureListener;

/** Certificates as text, or where to find them; a file is read again when it changes. */
export type Pem = { readonly pem: string } | { readonly file: string };
export type PemKey = { readonly pem: Secret } | { readonly file: string };

export interface TlsOptions {
  /** Our certificate, the chain behind it, and its key. Without one nobody can connect to us; we still can to others. */
  readonly own?: { readonly certificate: Pem; readonly key: PemKey };
  /** Whether who connects must show a certificate of `ca`; "off" where it is absent. */
  readonly clients?: "off" | "optional" | "required";
  /** Authorities: the only ones for clients; for servers beside those that this machine knows. */
  readonly ca?: Pem;
  /** SHA-256 fingerprints of servers' certificates that are accepted whoever signed them. */
  readonly pins?: readonly string[];
}

/** The port where a URI or a Via names none (RFC 3261 §19.1.2, RFC 7118 §5.2). */
export const defaultPort = (transport: string): number =>
  transport === "TLS" ? 5061 : transport === "WS" ? 80 : transport === "WSS" ? 443 : 5060;

/** A connection that is no more, known only by its two ends. */
export class LostFlow implements Flow {
  readonly reliable = true;
  readonly closed = true;
  readonly transport: TransportName;
  readonly remote: Address;
  readonly sentBy: Address;

  constructor(transport: TransportName, remote: Address, sentBy: Address) {
    this.transport = transport;
    this.remote = remote;
    this.sentBy = sentBy;
  }

  send(_data: Buffer, failed?: (error: PorteroError) => void): void {
    const error = tryAgain("unreachable", `the connection to ${showAddress(this.remote)} is no more`);
    setImmediate(() => failed?.(error));
  }

  ping(): void {}

  drop(): void {}

  reach(): Flow {
    return this;
  }
}

/** The host of what `showAddress` gives. */
export const hostOf = (address: string): string => address.replace(/:\d+$/, "");
