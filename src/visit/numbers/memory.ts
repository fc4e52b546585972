// What the house still knows after a restart or a kill: who is registered where, and who wants no calls. A bell can call
// and its phones ring before any of them has registered anew (docs/decisions/016-registrations-outlive-the-process.md).
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { checker } from "../../schema.ts";
import { goneAfterMs, type Endpoint } from "../../sip/endpoint.ts";
import { namesItself, type Contact } from "../../sip/registrar/contact.ts";
import { pushOf } from "../../sip/registrar/registrar.ts";
import { Journal } from "../../store/journal.ts";
import type { DoNotDisturb } from "./do-not-disturb.ts";
import type { Switches } from "./switches.ts";

export interface MemoryDeps {
  readonly endpoint: Endpoint;
  readonly dnd: DoNotDisturb;
  readonly switches: Switches;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the flow has a number. */
  has(number: string): boolean;
}

const contacts = "contact/";
const dnds = "dnd/";
const switched = "switch/";

const checkContact = checker("contact", {
  type: "object",
  required: ["extension", "uri", "transport", "host", "port", "callId", "cseq", "registeredAt", "expiresAt"],
  properties: {
    extension: { type: "string" },
    uri: { type: "string" },
    transport: { enum: ["UDP", "TCP", "TLS", "WS", "WSS"] },
    host: { type: "string" },
    port: { type: "integer", minimum: 1, maximum: 65535 },
    path: { type: "array", items: { type: "string" }, default: [] },
    instance: { type: "string" },
    mark: { type: "string" },
    regId: { type: "integer" },
    callId: { type: "string" },
    cseq: { type: "integer" },
    registeredAt: { type: "number" },
    expiresAt: { type: "number" },
    userAgent: { type: "string", default: "" },
  },
} as const);

export class Memory {
  readonly #journal: Journal;
  readonly #deps: MemoryDeps;
  readonly #stop: (() => void)[] = [];

  /** Opens the folder, brings back what it holds, and keeps what changes from now on. */
  static async open(folder: string, deps: MemoryDeps): Promise<Memory> {
    return new Memory(await Journal.open(folder, { log: deps.log }), deps);
  }

  private constructor(journal: Journal, deps: MemoryDeps) {
    this.#journal = journal;
    this.#deps = deps;
    const { location } = deps.endpoint;
    // Who a page is was made sure of for its connection only.
    const keep = (contact: Contact) =>
      this.#journal.set(contacts + contact.id, contact.flow.as === undefined ? plain(contact) : undefined);
    const forget = ({ id }: Contact) => this.#journal.set(contacts + id, undefined);
    const dnd = ({ extension }: { extension: string }) => this.#journal.set(dnds + extension, deps.dnd.of(extension));
    location.on("registered", keep).on("refreshed", keep).on("unregistered", forget);
    const switches = (name: string, on: boolean) => this.#journal.set(switched + name, on ? true : undefined);
    deps.dnd.on("changed", dnd);
    deps.switches.on("changed", switches);
    this.#stop.push(
      () => location.off("registered", keep).off("refreshed", keep).off("unregistered", forget),
      () => deps.dnd.off("changed", dnd),
      () => deps.switches.off("changed", switches),
    );
    this.#restore();
    // The nodes with the extensions may come later than the endpoint; those that do not come at all have no devices.
    this.#stop.push(
      deps.clock.after(goneAfterMs, () => {
        for (const { extension } of location.contacts()) if (!deps.has(extension)) location.remove(extension);
      }),
    );
    // Who registered while the folder was being opened.
    for (const contact of location.contacts()) keep(contact);
    for (const [extension] of deps.dnd.kept) dnd({ extension });
    for (const name of deps.switches.kept) switches(name, true);
  }

  /** Resolves when all is on its way to the disk. */
  written(): Promise<void> {
    return this.#journal.written();
  }

  close(): Promise<void> {
    for (const stop of this.#stop) stop();
    return this.#journal.close();
  }

  #restore(): void {
    for (const [key, value] of this.#journal.find(dnds)) this.#deps.dnd.restore(key.slice(dnds.length), value);
    for (const [key] of this.#journal.find(switched)) this.#deps.switches.restore(key.slice(switched.length));
    for (const [key, value] of this.#journal.find(contacts))
      if (!this.#bringBack(key.slice(contacts.length), value)) this.#journal.set(key, undefined);
  }

  #bringBack(id: string, value: unknown): boolean {
    const { endpoint, clock } = this.#deps;
    const kept = read(value);
    if (!kept || kept.expiresAt <= clock.now()) return false;
    if (!endpoint.mayStay(kept)) return false;
    const { transport, host, port, ...rest } = kept;
    const flow = endpoint.flowBack(transport, { host, port });
    // A connection did not outlive the process; who could be reached by it only registers again by itself.
    if (!flow || (flow.closed && !namesItself({ ...rest, flow }))) return false;
    // It has registered meanwhile.
    if (endpoint.location.known(rest)) return false;
    endpoint.location.put({ ...rest, id, flow, ...pushOf(rest.uri) }, Infinity);
    return true;
  }
}

function plain(contact: Contact): Record<string, unknown> {
  const { flow, id: _, push: __, ...rest } = contact;
  return { ...rest, transport: flow.transport, ...flow.remote };
}

function read(value: unknown): ReturnType<typeof checkContact> | undefined {
  try {
    return checkContact(value);
  } catch {
    return undefined;
  }
}
