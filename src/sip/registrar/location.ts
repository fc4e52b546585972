// Where each extension can be reached: the location service of RFC 3261 §10. Contacts expire on the injected clock.
import { EventEmitter } from "node:events";
import type { Cancel, Clock } from "../../clock.ts";
import { sameUri } from "../message/compare.ts";
import { newTag } from "../message/reply.ts";
import type { Flow } from "../transport/flow.ts";
import { namesItself, type Contact, type Registered } from "./contact.ts";

export type { Contact } from "./contact.ts";

export type Gone = "expired" | "removed" | "replaced" | "connection closed" | "unreachable";

export interface LocationEvents {
  registered: [contact: Contact];
  refreshed: [contact: Contact];
  unregistered: [contact: Contact, why: Gone];
}

interface Binding {
  readonly contact: Contact;
  readonly expiry: Cancel;
}

export class Location extends EventEmitter<LocationEvents> {
  readonly #clock: Clock;
  readonly #contacts = new Map<string, Binding[]>();

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  /** The contacts of one extension, the one refreshed longest ago first; of all extensions when none is named. */
  contacts(extension?: string): Contact[] {
    const of = extension === undefined ? [...this.#contacts.values()] : [this.#contacts.get(extension) ?? []];
    return of.flatMap((bindings) => bindings.map(({ contact }) => contact));
  }

  /**
   * Whom a call to the extension rings: a device that has several ways to us is rung by one of them, the newest that is
   * open (RFC 5626 §7).
   */
  devices(extension: string): Contact[] {
    const all = this.contacts(extension);
    const ways = (instance: string) => all.filter((contact) => contact.instance === instance && contact.regId);
    const best = (contacts: Contact[]) => contacts.findLast(({ flow }) => !flow.closed) ?? contacts.at(-1);
    return all.filter(
      (contact) =>
        contact.instance === undefined || contact.regId === undefined || best(ways(contact.instance)) === contact,
    );
  }

  /** The contact that a registration of this device renews. */
  known(of: Pick<Registered, "extension" | "uri" | "instance" | "regId">): Contact | undefined {
    return this.contacts(of.extension).find((contact) => sameBinding(contact, of));
  }

  /**
   * Keeps a contact. Where that makes more than `most`, the oldest go: a bell that restarted without de-registering must
   * not be locked out by its own former self (H2).
   */
  put(registered: Registered & { readonly id?: string }, most: number): Contact {
    const bindings = this.#contacts.get(registered.extension) ?? [];
    this.#contacts.set(registered.extension, bindings);
    const at = bindings.findIndex(({ contact }) => sameBinding(contact, registered));
    // Behind the others again: the oldest is the one that was silent longest.
    const [before] = at < 0 ? [] : bindings.splice(at, 1);
    before?.expiry();
    const contact = { ...registered, id: before?.contact.id ?? registered.id ?? newTag() };
    const expiry = this.#clock.after(contact.expiresAt - this.#clock.now(), () => this.drop(contact, "expired"));
    bindings.push({ contact, expiry });
    for (const { contact: oldest } of bindings.slice(0, Math.max(0, bindings.length - most)))
      this.drop(oldest, "replaced");
    this.emit(before ? "refreshed" : "registered", contact);
    return contact;
  }

  /** Takes away all contacts of an extension; says how many there were. */
  remove(extension: string): number {
    const gone = this.contacts(extension);
    for (const contact of gone) this.drop(contact, "removed");
    return gone.length;
  }

  /** Takes away one contact, or what it became since. */
  drop({ extension, id }: Contact, why: Gone): void {
    const bindings = this.#contacts.get(extension) ?? [];
    const at = bindings.findIndex(({ contact }) => contact.id === id);
    const [gone] = at < 0 ? [] : bindings.splice(at, 1);
    if (!gone) return;
    gone.expiry();
    if (bindings.length === 0) this.#contacts.delete(extension);
    this.emit("unregistered", gone.contact, why);
  }

  /** A connection is no more. Who can be reached by no other way goes with it (RFC 5626 §6, RFC 7118 §6). */
  flowClosed(flow: Flow): void {
    for (const contact of this.contacts())
      if (contact.flow === flow && !namesItself(contact)) this.drop(contact, "connection closed");
  }

  close(): void {
    for (const bindings of this.#contacts.values()) for (const { expiry } of bindings) expiry();
    this.#contacts.clear();
  }
}

// RFC 5626 §6: a device that names itself and its way is known by these, whatever its address; others by their address.
function sameBinding(
  a: Pick<Registered, "uri" | "instance" | "regId">,
  b: Pick<Registered, "uri" | "instance" | "regId">,
): boolean {
  if (a.regId !== undefined && b.regId !== undefined && a.instance !== undefined && b.instance !== undefined)
    return a.instance === b.instance && a.regId === b.regId;
  return sameUri(a.uri, b.uri);
}
