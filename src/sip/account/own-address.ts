// Where a server sees us, which behind a router is not where we are: the `received` and `rport` that it adds to our Via
// (RFC 3581 §4). Our Contact follows it, or nobody could call us.
import { contactOn } from "../dialog/incoming.ts";
import type { Via } from "../message/headers.ts";
import { showAddress } from "../../ip.ts";
import type { Address, Flow } from "../transport/flow.ts";

export class OwnAddress {
  /** By transport and server. */
  #seen: { readonly by: string; readonly at: Address } | undefined;
  #old: string | undefined;

  contact(flow: Flow, user: string): string {
    const at = this.#seen?.by === wayOf(flow) ? this.#seen.at : undefined;
    return contactOn(at ? { transport: flow.transport, sentBy: at } : flow, user);
  }

  /** Whether the server sees us elsewhere than where we are: a router is between. */
  isElsewhere(flow: Flow): boolean {
    return this.#seen?.by === wayOf(flow);
  }

  /** Takes notice of the Via of an answer; says whether `contact`, which was registered, leads elsewhere than it says. */
  seen(flow: Flow, via: Via | undefined, contact: string): boolean {
    const host = via?.params.get("received") ?? via?.host;
    const port = Number(via?.params.get("rport")) || via?.port;
    if (host === undefined || port === undefined) return false;
    // A connection comes from a port of its own; without a router we are still reached where we listen.
    if (flow.reliable && host === flow.sentBy.host) return false;
    const known = this.#seen?.by === wayOf(flow) ? this.#seen.at : flow.sentBy;
    if (host === known.host && port === known.port) return false;
    this.#seen = { by: wayOf(flow), at: { host, port } };
    this.#old = contact;
    return true;
  }

  /** We have another address than the one in `contact`, which was registered. */
  moved(contact: string): void {
    this.#old = contact;
  }

  /** The Contact that was registered before and is wrong now; given once. */
  takeOld(): string | undefined {
    const old = this.#old;
    this.#old = undefined;
    return old;
  }
}

const wayOf = ({ transport, remote }: Flow): string => `${transport} ${showAddress(remote)}`;
