// Doors that are known by a name: who calls from where the name leads is the door, though DHCP moves it about (A1, N3).
import { isIP } from "node:net";
import type { Clock } from "../../clock.ts";
import { sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";

/** A visitor does not wait longer for DNS where it was known before that the door is there. */
const patienceMs = 1_000;

export interface DoorNamesHost {
  readonly clock: Clock;
  readonly log: Log;
  /** The addresses of a name, kept as long as DNS says. */
  readonly endpoint: { hostsOf(name: string): Promise<readonly string[]> };
}

export class DoorNames {
  readonly #host: DoorNamesHost;
  /** Where each led last: a DNS that is down does not make a stranger of a door. */
  readonly #last = new Map<string, readonly string[]>();

  constructor(host: DoorNamesHost) {
    this.#host = host;
  }

  /** The first of `doors` whose name leads to that address. Never rejects. */
  async find<D>(doors: Iterable<readonly [name: string, door: D]>, address: string): Promise<D | undefined> {
    const named = [...doors].filter(([name]) => name !== "" && isIP(name) === 0);
    const isThere = await Promise.all(named.map(([name]) => this.#leadsTo(name, address)));
    return named[isThere.indexOf(true)]?.[1];
  }

  async #leadsTo(name: string, address: string): Promise<boolean> {
    const asked = this.#ask(name);
    const before = this.#last.get(name);
    if (!before?.includes(address)) return (await asked).includes(address);
    const early = new AbortController();
    const late = this.#host.clock.sleep(patienceMs, early.signal).then(() => before);
    const hosts = await Promise.race([asked, late]);
    early.abort();
    return hosts.includes(address);
  }

  async #ask(name: string): Promise<readonly string[]> {
    try {
      const hosts = await this.#host.endpoint.hostsOf(name);
      this.#last.set(name, hosts);
      return hosts;
    } catch (error) {
      this.#host.log.warn(`a door's address: ${sentence(error)}`);
      return this.#last.get(name) ?? [];
    }
  }
}
