// Answers REGISTER: RFC 3261 §10.3. Who may register was settled before.
import type { Clock } from "../../clock.ts";
import { parseNameAddr } from "../message/headers.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { newTag } from "../message/reply.ts";
import { parseUri } from "../message/uri.ts";
import type { Contact, Location } from "./location.ts";

export interface Expiry {
  /** Seconds; shorter wishes are answered with 423. */
  readonly least: number;
  /** Seconds; longer wishes are cut. */
  readonly most: number;
  /** Seconds, where the device names none. */
  readonly usual: number;
}

export interface Registering {
  readonly extension: string;
  readonly maxContacts: number;
}

interface Wish {
  uri: string;
  expires: number;
}

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
    const reply = (status: number, phrase?: string) => transaction.reply(status, newTag(), phrase);
    const { least, most, usual } = this.#expiry;
    const known = this.#location.contacts(who.extension);
    const cseq = request.cseq?.number ?? 0;
    const header = request.number("expires") ?? usual;
    // A request of the same call that was overtaken by a later one must not undo it (§10.3 steps 6 and 7).
    const overtook = (c: Contact) => c.callId === request.callId && c.cseq >= cseq;
    if (request.list("contact").includes("*")) {
      if (request.list("contact").length > 1 || header !== 0) return reply(400, "Contact * wants Expires 0");
      if (known.some(overtook)) return reply(500, "CSeq Out Of Order");
      this.#location.remove(who.extension);
      return reply(200);
    }
    const wishes: Wish[] = [];
    for (const value of request.list("contact")) {
      const contact = parseNameAddr(value);
      if (!contact || /\s/.test(contact.uri) || !parseUri(contact.uri)?.host)
        return reply(400, "Contact is no SIP address");
      const own = contact.params.get("expires");
      const expires = own !== undefined && /^\d{1,10}$/.test(own) ? Number(own) : header;
      if (expires > 0 && expires < least) return reply(423, "Interval Too Brief").add("Min-Expires", String(least));
      if (known.some((c) => c.uri === contact.uri && overtook(c))) return reply(500, "CSeq Out Of Order");
      wishes.push({ uri: contact.uri, expires: Math.min(expires, most) });
    }
    for (const { uri, expires } of wishes) {
      if (expires === 0) this.#location.remove(who.extension, uri);
      else
        this.#location.put(
          {
            ...{ extension: who.extension, uri, flow: transaction.flow, callId: request.callId, cseq },
            expiresAt: this.#clock.now() + expires * 1000,
            userAgent: request.get("user-agent") ?? "",
          },
          who.maxContacts,
        );
    }
    const response = reply(200);
    for (const contact of this.#location.contacts(who.extension)) {
      const left = Math.max(0, Math.round((contact.expiresAt - this.#clock.now()) / 1000));
      response.add("Contact", `<${contact.uri}>;expires=${left}`);
    }
    return response.add("Date", new Date(this.#clock.now()).toUTCString());
  }
}
