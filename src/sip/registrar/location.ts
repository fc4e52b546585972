// Where each extension can be reached: the location service of RFC 3261 §10. Contacts expire on the injected clock.
import { EventEmitter } from "node:events";
import type { Cancel, Clock } from "../../clock.ts";
import type { Flow } from "../transport/flow.ts";

/** One device registered for an extension. */
export interface Contact {
  readonly extension: string;
  /** As the device gave it. */
  readonly uri: string;
  /** The way back to the device. */
  readonly flow: Flow;
  readonly callId: string;
  readonly cseq: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly userAgent: string;
}

export type Gone = "expired" | "removed" | "replaced";

export interface LocationEvents {
  registered: [contact: Contact];
  refreshed: [contact: Contact];
  unregistered: [contact: Contact, why: Gone];
}

export class Location extends EventEmitter<LocationEvents> {
  readonly #clock: Clock;
  readonly #contacts = new Map<string, Map<string, { contact: Contact; expiry: Cancel }>>();

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  /** The contacts of one extension, the one refreshed longest ago first; of all extensions when none is named. */
  contacts(extension?: string): Contact[] {
    const of = extension === undefined ? [...this.#contacts.values()] : [this.#contacts.get(extension) ?? new Map()];
    return of.flatMap((bindings: Map<string, { contact: Contact }>) => [...bindings.values()].map((b) => b.contact));
  }

  /**
   * Keeps a contact. Where that makes more than `most`, the oldest go: a bell that restarted without de-registering must
   * not be locked out by its own former self (H2).
   */
  put(contact: Contact, most: number): void {
    const bindings = this.#contacts.get(contact.extension) ?? new Map<string, { contact: Contact; expiry: Cancel }>();
    this.#contacts.set(contact.extension, bindings);
    const before = bindings.get(contact.uri);
    before?.expiry();
    // Behind the others again: the oldest is the one that was silent longest.
    bindings.delete(contact.uri);
    const expiry = this.#clock.after(contact.expiresAt - this.#clock.now(), () => this.#drop(contact, "expired"));
    bindings.set(contact.uri, { contact, expiry });
    for (const { contact: oldest } of [...bindings.values()].slice(0, Math.max(0, bindings.size - most)))
      this.#drop(oldest, "replaced");
    this.emit(before ? "refreshed" : "registered", contact);
  }

  /** Takes away one contact, or all of an extension; says how many there were. */
  remove(extension: string, uri?: string): number {
    const gone = this.contacts(extension).filter((contact) => uri === undefined || contact.uri === uri);
    for (const contact of gone) this.#drop(contact, "removed");
    return gone.length;
  }

  close(): void {
    for (const bindings of this.#contacts.values()) for (const { expiry } of bindings.values()) expiry();
    this.#contacts.clear();
  }

  #drop(contact: Contact, why: Gone): void {
    const bindings = this.#contacts.get(contact.extension);
    bindings?.get(contact.uri)?.expiry();
    if (!bindings?.delete(contact.uri)) return;
    if (bindings.size === 0) this.#contacts.delete(contact.extension);
    this.emit("unregistered", contact, why);
  }
}
