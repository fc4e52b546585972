// A message as the rules of a diagnosis look at it: read, with the peer and whom it is about.
import type { SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { parseMessage } from "../message/parse.ts";
import { parseUri, unescaped } from "../message/uri.ts";
import { showAddress } from "../../ip.ts";
import type { Address } from "../transport/flow.ts";
import type { Tell } from "./findings.ts";
import type { Traced } from "./trace.ts";

export interface Seen {
  readonly at: number;
  readonly incoming: boolean;
  /** Whether the transport loses nothing. */
  readonly reliable: boolean;
  readonly transport: string;
  readonly local: Address;
  readonly remote: Address;
  /** The peer with its port. */
  readonly peer: string;
  readonly bytes: number;
  readonly message: SipRequest | SipResponse;
  /** What could not be read. */
  readonly fault: string | undefined;
  /** `INVITE`; of a response what it answers. */
  readonly method: string;
  /** 0 for a request. */
  readonly status: number;
  /** The transaction: the same for a request, its repetitions and its responses. */
  readonly transaction: string;
}

/** One thing that a diagnosis looks for. It is shown every message once, in order. */
export type Rule = (seen: Seen, tell: Tell) => void;

/** Undefined where nothing of it can be read. */
export function seenOf({ at, direction, transport, local, remote, data, length }: Traced): Seen | undefined {
  const { message, fault } = parseMessage(data);
  if (!message) return undefined;
  const method = message.cseq?.method ?? "";
  return {
    at,
    incoming: direction === "in",
    reliable: transport !== "UDP",
    transport,
    local,
    remote,
    peer: showAddress(remote),
    bytes: length,
    message,
    method,
    fault: data.length < length ? undefined : fault,
    status: "status" in message ? message.status : 0,
    transaction: `${message.via?.params.get("branch") ?? message.callId}|${message.get("cseq") ?? ""}`,
  };
}

/** The number in To or From. */
export const userIn = (message: SipMessage, header: "to" | "from"): string =>
  unescaped(parseUri(message[header]?.uri ?? "")?.user ?? "");

/** The other party of a message: who sent the request to us, or whom ours is for; its host where it has no number. */
export function partyOf({ incoming, message, status, remote }: Seen): string {
  const fromThem = incoming === (status === 0);
  return userIn(message, fromThem ? "from" : "to") || remote.host;
}
