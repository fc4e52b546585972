// Asks registered devices whether they are there: OPTIONS outside a dialog (RFC 3261 §11), each device at a time of its
// own. The answer goes through the device's NAT and so keeps its way to us open (RFC 5626 §4.4.2 gives the time for UDP).
import { EventEmitter } from "node:events";
import { isIP } from "node:net";
import type { Cancel, Clock } from "../../clock.ts";
import { parseUri } from "../message/uri.ts";
import { requestOutside } from "../request/outside.ts";
import type { ClientTransaction } from "../transaction/client.ts";
import type { TransactionLayer } from "../transaction/layer.ts";
import type { Flow } from "../transport/flow.ts";
import type { Contact } from "./contact.ts";
import type { Location } from "./location.ts";

export interface Qualify {
  /** Between two questions; 0 = none are asked. Absent: `natSeconds` where a device behind NAT is reached by UDP, else none. */
  readonly seconds?: number;
  /** The contact goes after so many unanswered questions in a row; 0 = it stays until it expires. */
  readonly dropAfter?: number;
}

const natSeconds = 29;

/** What is known of a device that was asked. */
export interface Reach {
  readonly reachable: boolean;
  /** Of its last answer, milliseconds. */
  readonly rttMs?: number;
}

export interface QualifyHost {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly transactions: TransactionLayer;
  readonly location: Location;
  /** Rejects where there is none. */
  wayTo(contact: Contact): Promise<Flow>;
  /** How the devices of an extension are asked. */
  qualify(extension: string): Qualify;
  /** From 0 up to, not including, 1. */
  random(): number;
}

interface Asked {
  contact: Contact;
  timer: Cancel;
  open?: ClientTransaction;
  misses: number;
  reach?: Reach;
}

export class Qualifier extends EventEmitter<{ changed: [contact: Contact, reach: Reach] }> {
  readonly #host: QualifyHost;
  readonly #asked = new Map<string, Asked>();

  constructor(host: QualifyHost) {
    super();
    this.#host = host;
    const { location } = host;
    location.on("registered", (contact) => {
      const asked = { contact, timer: () => {}, misses: 0 };
      this.#asked.set(contact.id, asked);
      // Anywhere in its time: devices that come back together after a power cut are not asked together.
      this.#later(asked, host.random());
    });
    location.on("refreshed", (contact) => {
      const asked = this.#asked.get(contact.id);
      if (!asked) return;
      asked.contact = contact;
      if (asked.reach?.reachable === false && !asked.open) this.#later(asked, 0);
    });
    location.on("unregistered", ({ id }) => this.#forget(id));
  }

  /** What is known of a contact; nothing before its first answer or silence. */
  of({ id }: Contact): Reach | undefined {
    return this.#asked.get(id)?.reach;
  }

  close(): void {
    for (const id of [...this.#asked.keys()]) this.#forget(id);
  }

  #forget(id: string): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked?.timer();
    asked?.open?.terminate();
  }

  #secondsFor({ extension, uri, flow, path }: Contact): number {
    const { seconds } = this.#host.qualify(extension);
    if (seconds !== undefined) return seconds;
    const host = parseUri(uri)?.host ?? "";
    return flow.transport === "UDP" && path.length === 0 && isIP(host) && host !== flow.remote.host ? natSeconds : 0;
  }

  #later(asked: Asked, share: number): void {
    asked.timer();
    // Also where none is asked: the setting may change, and this timer is what notices.
    const seconds = this.#secondsFor(asked.contact) || natSeconds;
    asked.timer = this.#host.clock.after(seconds * 1000 * share, () => {
      if (this.#secondsFor(asked.contact) > 0) this.#ask(asked).catch(() => this.#missed(asked));
      else this.#again(asked);
    });
  }

  // RFC 5626 §4.4: between 80 % and 100 % of the time, so that devices do not fall into step.
  #again(asked: Asked): void {
    delete asked.open;
    if (this.#asked.get(asked.contact.id) === asked) this.#later(asked, 0.8 + 0.2 * this.#host.random());
  }

  async #ask(asked: Asked): Promise<void> {
    const { clock, transactions, userAgent } = this.#host;
    const { contact } = asked;
    const flow = await this.#host.wayTo(contact);
    if (this.#asked.get(contact.id) !== asked) return;
    const request = requestOutside("OPTIONS", contact, flow, userAgent).add("Accept", "application/sdp");
    const at = clock.now();
    asked.open = transactions.send(request, flow, {
      response: ({ status }) => {
        // Whatever it answers, it is there.
        if (status >= 200) this.#answered(asked, clock.now() - at);
      },
      failed: () => this.#missed(asked),
    });
  }

  #answered(asked: Asked, rttMs: number): void {
    asked.misses = 0;
    this.#know(asked, { reachable: true, rttMs }, asked.reach?.reachable === false);
    this.#again(asked);
  }

  #missed(asked: Asked): void {
    if (this.#asked.get(asked.contact.id) !== asked) return;
    asked.misses++;
    this.#know(asked, { reachable: false }, asked.reach?.reachable !== false);
    const { dropAfter = 0 } = this.#host.qualify(asked.contact.extension);
    if (dropAfter > 0 && asked.misses >= dropAfter) this.#host.location.drop(asked.contact, "unreachable");
    else this.#again(asked);
  }

  #know(asked: Asked, reach: Reach, news: boolean): void {
    asked.reach = reach;
    if (news) this.emit("changed", asked.contact, reach);
  }
}
