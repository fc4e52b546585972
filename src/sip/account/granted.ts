// How long a registrar keeps us, out of its answer: RFC 3261 §10.2.4.
import { parseNameAddr, type NameAddr } from "../message/headers.ts";
import type { SipResponse } from "../message/message.ts";
import { parseUri } from "../message/uri.ts";

// What counts is the expiry beside our own Contact, since others may be registered too. A server may write it in its own
// way, or put the address there that it sees us at: a Contact that is alone is ours.
/** The seconds granted to the Contact `own`; 0 where nothing is said. */
export function grantedTo(own: string, response: SipResponse): number {
  const ours = place(parseNameAddr(own));
  const contacts = response.list("contact").map(parseNameAddr);
  const contact = contacts.find((found) => place(found) === ours) ?? (contacts.length === 1 ? contacts[0] : undefined);
  return Number(contact?.params.get("expires")) || response.number("expires") || 0;
}

/** A Contact's user, host and port: what stays of it however it is written. */
function place(contact: NameAddr | undefined): string {
  const uri = parseUri(contact?.uri ?? "");
  return `${uri?.user ?? ""}@${uri?.host ?? ""}:${uri?.port ?? 5060}`;
}
