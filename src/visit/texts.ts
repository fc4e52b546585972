// Texts (RFC 3428): what a phone or a bell says in writing is told to the world, and what a flow says goes to devices.
import { giveUp } from "../errors.ts";
import type { Message } from "../sip/dialog/call.ts";
import type { Endpoint } from "../sip/endpoint.ts";
import type { Text } from "../sip/message/text.ts";
import { sendText } from "../sip/pager.ts";
import type { Contact } from "../sip/registrar/location.ts";

/** A text, as it is told to the outside. */
export interface TextView {
  /** Who sent it and to whom: an extension, an address, or a door's name. */
  readonly from: string;
  readonly to: string;
  /** `text/plain`, `application/json` … */
  readonly contentType: string;
  readonly text: string;
  /** The visit during which it was said. */
  readonly visit?: string;
}

export interface TextHost {
  readonly endpoint: Endpoint;
  /** The devices of an extension; undefined where the number is none. */
  contactsOf(number: string): readonly Contact[] | undefined;
  listenerCount(event: "message"): number;
  tell(event: "message", text: TextView): void;
}

export class Texts {
  readonly #host: TextHost;

  constructor(host: TextHost) {
    this.#host = host;
    host.endpoint.on("message", (message) => this.came(message, message.from.number, message.to));
  }

  /** Tells the world a text that somebody sent, and answers it. */
  came({ contentType, text, reply }: Message, from: string, to: string, visit?: string): void {
    // RFC 3428 §7: who has nobody to hear it says so.
    if (this.#host.listenerCount("message") === 0) return reply(405);
    reply(200);
    this.#host.tell("message", { from, to, contentType, text, ...(visit === undefined ? {} : { visit }) });
  }

  /**
   * Sends a text to every device of a number, and gives how many took it; devices show it as from `from`.
   * @throws PorteroError `no-number`, `too-long`
   */
  async send(to: string, text: Text, from = "portero"): Promise<number> {
    const { endpoint } = this.#host;
    const contacts = this.#host.contactsOf(to);
    if (!contacts) throw giveUp("no-number", `${to} is no number here`);
    const sent = contacts.map(async (contact) =>
      sendText(endpoint, contact, await endpoint.wayTo(contact), from, text),
    );
    return (await Promise.all(sent)).filter((status) => status < 300).length;
  }
}
