// Answers REGISTER: RFC 3261 §10.3, with Path (RFC 3327), several ways to one device (RFC 5626 §6) and push parameters
// (RFC 8599). Who may register was settled before.
import { isNear, type Clock } from "../../clock.ts";
import { Secret } from "../../secret.ts";
import { names } from "../extensions.ts";
import { parseNameAddr, type NameAddr } from "../message/headers.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { newTag } from "../message/reply.ts";
import { GIVE_UP } from "../transaction/timers.ts";
import { parseUri, unescaped } from "../message/uri.ts";
import type { Contact, Push } from "./contact.ts";
import type { Location } from "./location.ts";

export interface Expiry {
  /** Seconds; shorter wishes are answered with 423. */
  readonly least: number;
  /** Seconds; longer wishes are cut. */
  readonly most: number;
  /** Seconds, where the device names none. */
  readonly usual: number;
}

export const usualExpiry: Expiry = { least: 60, most: 7200, usual: 3600 };

/** What a device may require of us when it registers (RFC 3261 §20.32). */
export const understood: readonly string[] = ["path", "outbound"];

export interface Registering {
  readonly extension: string;
  readonly maxContacts: number;
  /** Of the password that the device has shown. */
  readonly mark?: string | undefined;
}

interface Wish extends Pick<Contact, "uri" | "instance" | "regId" | "push"> {
  readonly expires: number;
}

/** Beyond this a way is no way any more, and one registration would keep too much. */
const mostProxies = 10;

export class Registrar {
  readonly #location: Location;
  readonly #clock: Clock;
  readonly #expiry: Expiry;

  constructor(location: Location, clock: Clock, expiry: Expiry) {
    this.#location = location;
    this.#clock = clock;
    this.#expiry = expiry;
  }

  handle(request: SipRequest, transaction: ServerTransaction, who: Registering): void {
    transaction.respond(this.#answer(request, transaction, who));
  }

  #answer(request: SipRequest, transaction: ServerTransaction, who: Registering): SipResponse {
    const { extension, maxContacts, mark } = who;
    const reply = (status: number, phrase?: string) => transaction.reply(status, newTag(), phrase);
    const { callId } = request;
    const cseq = request.cseq?.number ?? 0;
    const header = request.number("expires") ?? this.#expiry.usual;
    const now = this.#clock.now();
    // A request of the same call that was overtaken by a later one must not undo it (§10.3 steps 6 and 7). Nothing is
    // under way longer than a transaction lasts: later it is a device that counts anew after a restart, with the Call-ID
    // that it always has (H2).
    const overtook = (c: Contact | undefined) =>
      c?.callId === callId && c.cseq >= cseq && isNear(c.registeredAt, now, GIVE_UP);
    const values = request.list("contact");
    if (values.includes("*")) {
      if (values.length > 1 || header !== 0) return reply(400, "Contact * wants Expires 0");
      if (this.#location.contacts(extension).some(overtook)) return reply(500, "CSeq Out Of Order");
      this.#location.remove(extension);
      return reply(200);
    }
    // A page is at the end of its connection and nowhere else.
    const path = transaction.flow.as === undefined ? request.list("path") : [];
    if (path.length > mostProxies || !path.every((value) => parseUri(parseNameAddr(value)?.uri ?? "")?.host))
      return reply(400, "Path is no list of SIP addresses");
    const wishes: Wish[] = [];
    const outbound = firstHopIsKnown(request, path);
    if (!outbound && names(request, "require", "outbound") && values.some(hasWay)) return reply(439);
    for (const value of values) {
      const wish = this.#wish(value, header, outbound);
      if (!wish) return reply(400, "Contact is no SIP address");
      const { least } = this.#expiry;
      if (wish.expires > 0 && wish.expires < least)
        return reply(423, "Interval Too Brief").add("Min-Expires", String(least));
      if (overtook(this.#location.known({ extension, ...wish }))) return reply(500, "CSeq Out Of Order");
      wishes.push(wish);
    }
    for (const { expires, ...wish } of wishes) {
      const known = this.#location.known({ extension, ...wish });
      if (expires > 0)
        this.#location.put(
          {
            ...{ extension, ...wish, path, flow: transaction.flow, callId, cseq },
            registeredAt: now,
            expiresAt: now + Math.min(expires, this.#expiry.most) * 1000,
            userAgent: request.get("user-agent") ?? "",
            ...(mark !== undefined && { mark }),
          },
          maxContacts,
        );
      else if (known) this.#location.drop(known, "removed");
    }
    const response = reply(200);
    const supported = request.list("supported").map((option) => option.toLowerCase());
    // RFC 3327 §5.3: the device learns its way. One that does not know the header is not bothered with it.
    if (supported.includes("path")) for (const value of path) response.add("Path", value);
    // RFC 5626 §6: the device learns that its ways are told apart.
    if (supported.includes("outbound") && wishes.some(({ regId }) => regId !== undefined))
      response.add("Require", "outbound");
    for (const contact of this.#location.contacts(extension)) response.add("Contact", this.#told(contact));
    return response.add("Date", new Date(now).toUTCString());
  }

  #wish(value: string, header: number, outbound: boolean): Wish | undefined {
    const contact = parseNameAddr(value);
    if (!contact || /\s/.test(contact.uri) || !parseUri(contact.uri)?.host) return undefined;
    const own = contact.params.get("expires");
    return {
      ...{ uri: contact.uri, expires: own !== undefined && /^\d{1,10}$/.test(own) ? Number(own) : header },
      ...waysOf(contact, outbound),
      ...pushOf(contact.uri),
    };
  }

  #told({ uri, instance, regId, expiresAt }: Contact): string {
    const left = Math.max(0, Math.round((expiresAt - this.#clock.now()) / 1000));
    const way = regId === undefined ? "" : `;reg-id=${regId}`;
    return `<${uri}>;expires=${left}${instance === undefined ? "" : `;+sip.instance="${instance}"${way}`}`;
  }
}

// RFC 5626 §6 wants 439 where a proxy that does not keep flows stands between us and the device. Most devices in the field
// (PJSIP before August 2026, JsSIP) stay unregistered for ever after a 439: it is for those that require what they do not
// get. Others are taken as devices without several ways, and see so by an answer without Require (§4.2.1).
const firstHopIsKnown = (request: SipRequest, path: readonly string[]): boolean =>
  request.list("via").length === 1 || parseUri(parseNameAddr(path[0] ?? "")?.uri ?? "")?.params.has("ob") === true;

const hasWay = (contact: string): boolean => parseNameAddr(contact)?.params.has("reg-id") === true;

function waysOf({ params }: NameAddr, outbound: boolean): Pick<Wish, "instance" | "regId"> {
  const instance = params.get("+sip.instance");
  const regId = params.get("reg-id");
  // What stands between the quotes is written into our answers again.
  if (!instance || instance.length > 200 || /["\\\r\n]/.test(instance)) return {};
  return { instance, ...(outbound && regId && /^[1-9]\d{0,8}$/.test(regId) ? { regId: Number(regId) } : {}) };
}

/** RFC 8599 §4.1: they stand in the Contact's URI. */
export function pushOf(uri: string): { push?: Push } {
  const params = parseUri(uri)?.params;
  const provider = params?.get("pn-provider");
  if (!provider) return {};
  const param = params?.get("pn-param");
  const prid = params?.get("pn-prid");
  return {
    push: {
      provider: unescaped(provider),
      ...(param ? { param: unescaped(param) } : {}),
      ...(prid ? { prid: new Secret(unescaped(prid)) } : {}),
    },
  };
}
