// What an INVITE tells of its caller beside From: who a server says it is, whose call was diverted here, and headers that
// the user has asked for. RFC 3325, RFC 5806, RFC 7044 and the older Remote-Party-ID.
import { parseNameAddr, type NameAddr } from "../message/headers.ts";
import { headerKey, type SipMessage } from "../message/message.ts";
import { parseUri, unescaped } from "../message/uri.ts";

export interface Named {
  /** The user part of a SIP address, the number of a `tel:` one. */
  readonly number: string;
  readonly name: string;
}

export interface Told {
  /** P-Asserted-Identity, else Remote-Party-ID: worth as much as who sent it. */
  readonly asserted?: Named;
  /** Whom the caller wanted in the first place: the oldest Diversion, else the first entry of History-Info. */
  readonly diversion?: Named & { readonly reason?: string };
  /** Subject, Alert-Info and those asked for, as they are written there. */
  readonly headers: Readonly<Record<string, string>>;
}

const always = ["Subject", "Alert-Info"];
/** A header is shown up to here. */
const mostLetters = 512;

export function toldBy(invite: SipMessage, wanted: readonly string[]): Told {
  const asserted = named(invite.list("p-asserted-identity")[0] ?? invite.list("remote-party-id")[0]);
  // RFC 5806 §4: the last diversion stands on top; RFC 7044 §9.3: the first of several entries is where it began.
  const [first, second] = invite.list("history-info");
  const diverting = invite.list("diversion").at(-1) ?? (second === undefined ? undefined : first);
  const diverted = diverting === undefined ? undefined : parseNameAddr(diverting);
  const diversion = diverted && nameOf(diverted);
  const reason = diverted?.params.get("reason");
  const headers: Record<string, string> = {};
  for (const name of [...always, ...wanted]) {
    const value = invite.all(headerKey(name)).join(", ");
    if (value) headers[name] = value.slice(0, mostLetters);
  }
  return {
    ...(asserted && { asserted }),
    ...(diversion && { diversion: { ...diversion, ...(reason === undefined ? {} : { reason }) } }),
    headers,
  };
}

const named = (value: string | undefined): Named | undefined => {
  const address = value === undefined ? undefined : parseNameAddr(value);
  return address && nameOf(address);
};

function nameOf({ uri, name }: NameAddr): Named | undefined {
  const parsed = parseUri(uri);
  return parsed && { number: unescaped(parsed.user || parsed.host), name: name.slice(0, mostLetters) };
}
