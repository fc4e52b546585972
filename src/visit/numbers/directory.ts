// Which numbers the house has, with their names and the options of their devices; who is registered for them (H3), who
// wants no calls (A5), and what of it outlives the process.
import { giveUp, sentence } from "../../errors.ts";
import type { Endpoint } from "../../sip/endpoint.ts";
import type { Contact } from "../../sip/registrar/contact.ts";
import type { AddressEntry } from "./address-list.ts";
import { Codes, type CodesHost } from "./codes.ts";
import type { DeviceOptions } from "./devices.ts";
import { membersOf, type GroupHost } from "../ringing/aim.ts";
import { DoNotDisturb, type DndChange } from "./do-not-disturb.ts";
import { Memory } from "./memory.ts";
import type { Switches } from "./switches.ts";
import type { SwitchboardOptions } from "../settings.ts";
import { viewOf, type RegistrationView } from "../views.ts";

export interface DirectoryEvents {
  registered: [registration: RegistrationView];
  unregistered: [registration: RegistrationView & { reason: string }];
  /** A registered device that was silent answers again, or answers no more. */
  reachable: [registration: RegistrationView];
  unreachable: [registration: RegistrationView];
  dnd: [change: DndChange];
}

export interface DirectoryHost extends CodesHost, GroupHost {
  readonly switches: Switches;
  readonly endpoint: Endpoint;
  tell<E extends keyof DirectoryEvents>(event: E, ...payload: DirectoryEvents[E]): void;
}

interface Entry {
  readonly name: string;
  readonly kind: AddressEntry["kind"];
  readonly options: DeviceOptions;
}

export class Directory {
  readonly #host: DirectoryHost;
  readonly #options: SwitchboardOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #dnd = new DoNotDisturb((number) => this.optionsOf(number).dndStatus);
  #memory: Memory | undefined;

  constructor(host: DirectoryHost, options: SwitchboardOptions) {
    this.#host = host;
    this.#options = options;
    const { location, qualifier } = host.endpoint;
    location.on("registered", (contact) => host.tell("registered", this.#view(contact)));
    location.on("unregistered", (contact, reason) => host.tell("unregistered", { ...this.#view(contact), reason }));
    qualifier.on("changed", (contact, { reachable }) =>
      host.tell(reachable ? "reachable" : "unreachable", this.#view(contact)),
    );
    this.#dnd.on("changed", (change) => host.tell("dnd", change));
    const codes = new Codes(host, this.optionsOf);
    const { on, off } = options.dndCodes ?? {};
    const owner = (what: string) => `the code that switches "do not disturb" ${what}`;
    if (on !== undefined) codes.add(on, owner("on"), (number) => this.#dnd.switchOn(number, { by: number }));
    if (off !== undefined) codes.add(off, owner("off"), (number) => this.#dnd.switchOff(number, number));
  }

  enter(number: string, entry: Entry): () => void {
    this.#entries.set(number, entry);
    return () => {
      if (this.#entries.get(number) === entry) this.#entries.delete(number);
    };
  }

  readonly optionsOf = (number: string): DeviceOptions => ({
    ...this.#options.devices,
    ...this.#entries.get(number)?.options,
  });

  registrations(): RegistrationView[] {
    return this.#host.endpoint.location.contacts().map((contact) => this.#view(contact));
  }

  /** Every number with its name, for an address list (N4). */
  addresses(): AddressEntry[] {
    return [...this.#entries]
      .map(([number, { name, kind }]) => {
        const { location } = this.#host.endpoint;
        const members = membersOf(this.#host, number);
        const numbers = typeof members === "object" ? members : [number];
        const contacts = numbers.reduce((sum, one) => sum + location.devices(one).length, 0);
        return { number, name, kind, registered: contacts > 0, contacts };
      })
      .sort((a, b) => a.number.localeCompare(b.number, "en", { numeric: true }));
  }

  /** What callers of a number get that wants no calls just now; undefined while it may be called. */
  doNotDisturb(number: string): number | undefined {
    return this.#dnd.statusFor(number);
  }

  /**
   * While it is on, calls to the number are refused: with `status`, else with that of its settings (A5).
   * @throws PorteroError `no-extension`, `invalid`
   */
  setDnd(number: string, on: boolean, status?: number): void {
    if (!this.#entries.has(number))
      throw giveUp("no-extension", `there is no extension ${number} here that could be left in peace`);
    if (on) this.#dnd.switchOn(number, { by: "message", ...(status === undefined ? {} : { status }) });
    else this.#dnd.switchOff(number, "message");
  }

  /** Brings back what outlived the process; to be called when the endpoint listens. A folder that fails is only told. */
  async remember(): Promise<void> {
    const { folder } = this.#options;
    if (folder === undefined || this.#memory) return;
    const { endpoint, switches, clock, log } = this.#host;
    const has = (number: string) => this.#entries.has(number);
    try {
      this.#memory = await Memory.open(folder, { endpoint, dnd: this.#dnd, switches, clock, log, has });
    } catch (error) {
      log.error(`registrations will not outlive a restart: ${sentence(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.#memory?.close();
    this.#memory = undefined;
  }

  #view(contact: Contact): RegistrationView {
    return viewOf(contact, this.#host.endpoint.qualifier.of(contact));
  }
}
