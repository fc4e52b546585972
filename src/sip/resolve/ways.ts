// The ways that an endpoint has to an address: where it resolves to, over which of our transports. Who failed lately is
// tried last, so that not every request waits for it anew (RFC 3263 §4.3).
import type { Clock } from "../../clock.ts";
import { chooseTransport, familiesOf } from "../transport/choose.ts";
import { showAddress } from "../../ip.ts";
import { LostFlow, type Address, type Flow, type Transport, type TransportName } from "../transport/flow.ts";
import { rememberLocal } from "../transport/local.ts";
import { DnsCache } from "./cache.ts";
import type { Dns } from "./dns.ts";
import { resolve, type Offer, type Target } from "./resolve.ts";

/** For so long a target that failed comes after the others. */
const avoidMs = 60_000;
const mostFailures = 1000;

export interface WaysOptions {
  readonly clock: Clock;
  readonly dns: Dns;
  readonly random: () => number;
  /** Those that are open now. */
  readonly transports: () => readonly Transport[];
}

const keyOf = ({ host, port, transport }: Omit<Target, "name">): string =>
  `${transport} ${showAddress({ host, port })}`;

export class Ways {
  readonly #options: WaysOptions;
  readonly #dns: DnsCache;
  readonly #local: (remote: string) => string;
  /** Until when each is avoided, the one that failed longest ago first. */
  readonly #failed = new Map<string, number>();

  constructor(options: WaysOptions) {
    this.#options = options;
    this.#dns = new DnsCache(options.dns, options.clock);
    this.#local = rememberLocal(() => options.clock.now());
  }

  /**
   * The flows to an address, in the order in which they are tried; at least one.
   * @throws PorteroError what `resolve` says
   */
  async to(uri: string): Promise<Flow[]> {
    const targets = await this.#targets(uri);
    const open = this.#options.transports();
    return this.#inOrder(targets).flatMap((target) => chooseTransport(open, target, this.#local)?.to(target) ?? []);
  }

  /**
   * The addresses that a URI leads to, by ways that we have.
   * @throws PorteroError what `resolve` says
   */
  async hosts(uri: string): Promise<string[]> {
    const targets = await this.#targets(uri);
    return [...new Set(targets.map(({ host }) => host))];
  }

  #targets(uri: string): Promise<Target[]> {
    const { random, transports } = this.#options;
    return resolve(uri, { dns: this.#dns, offers: transports().map(offerOf), random });
  }

  /** The flow that a device had before a restart: over UDP the same two addresses again, else one that is closed. */
  back(transport: TransportName, remote: Address): Flow | undefined {
    const found = chooseTransport(this.#options.transports(), { ...remote, transport }, this.#local);
    if (transport === "UDP") return found?.to(remote);
    return found && new LostFlow(transport, remote, found.address ?? remote);
  }

  /** Nothing came back from there. */
  failed({ remote, transport }: Flow): void {
    const key = keyOf({ ...remote, transport });
    this.#failed.delete(key);
    this.#failed.set(key, this.#options.clock.now() + avoidMs);
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > mostFailures && oldest !== undefined) this.#failed.delete(oldest);
  }

  #inOrder(targets: readonly Target[]): Target[] {
    const now = this.#options.clock.now();
    const bad = (target: Target) => ((this.#failed.get(keyOf(target)) ?? 0) > now ? 1 : 0);
    return [...targets].sort((a, b) => bad(a) - bad(b));
  }
}

const offerOf = (transport: Transport): Offer => ({ transport: transport.name, families: familiesOf(transport) });
