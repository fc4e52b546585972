// Messages of a trace in words: one line each for a list, whole for a file.
import { parseMessage } from "../message/parse.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { showAddress } from "../../ip.ts";
import { redact } from "./redact.ts";
import { mostOfOne, type Traced } from "./trace.ts";

/** A message in a list: plain JSON. */
export interface Summary {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  readonly direction: "in" | "out";
  readonly transport: string;
  readonly local: string;
  readonly remote: string;
  /** `INVITE`, `180 Ringing`; `malformed` for what is no SIP. */
  readonly label: string;
  /** Of a response: what it answers. */
  readonly method: string;
  readonly callId: string;
  /** Users of From and To, as they stand there. */
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/** What can be read of a message, also of one with a fault. */
export const readTraced = ({ data }: Traced): SipRequest | SipResponse | undefined => parseMessage(data).message;

export const labelOf = (message: SipRequest | SipResponse | undefined): string =>
  message === undefined ? "malformed" : "method" in message ? message.method : `${message.status} ${message.reason}`;

export function summaryOf(entry: Traced): Summary {
  const { seq, at, direction, transport, local, remote, length } = entry;
  // Read from what may be shown, or a secret in a URI or in a Call-ID would come along.
  const message = parseMessage(redact(entry.data)).message;
  return {
    ...{ seq, at: new Date(at).toISOString(), direction, transport },
    ...{ local: showAddress(local), remote: showAddress(remote) },
    ...{ label: labelOf(message), method: message?.cseq?.method ?? "", callId: message?.callId ?? "" },
    ...{ from: message?.from?.uri ?? "", to: message?.to?.uri ?? "", bytes: length },
  };
}

/** One message whole, under a line that says when and where, secrets blacked out. */
export function textOf(entry: Traced): string {
  const { at, direction, transport, local, remote, data, length } = entry;
  const way = `${showAddress(local)} ${direction === "in" ? "<-" : "->"} ${showAddress(remote)}`;
  const cut = length > data.length ? `, the first ${mostOfOne} of them` : "";
  const head = `--- ${new Date(at).toISOString()} ${transport} ${way}, ${length} bytes${cut}`;
  return `${head}\n${redact(data).toString("utf8").replaceAll("\r\n", "\n")}`;
}
