// An endpoint on the network in memory, with the extensions 6001 and 8000 whose passwords are "pw6001" and "pw8000".
import { Endpoint, type EndpointOptions, type Refusal } from "../../src/sip/endpoint.ts";
import type { IncomingCall } from "../../src/sip/dialog/incoming.ts";
import { Secret } from "../../src/secret.ts";
import { FakeClock } from "../support/clock.ts";
import { Network, type Weather } from "./network.ts";
import { Party } from "./party.ts";

export interface House {
  clock: FakeClock;
  network: Network;
  endpoint: Endpoint;
  /** Calls that came in, oldest first. */
  calls: IncomingCall[];
  refusals: Refusal[];
  party: (options: Partial<ConstructorParameters<typeof Party>[1]>) => Party;
}

export const passwordOf = (extension: string): string => `pw${extension}`;

export async function house(options: Partial<EndpointOptions> & { weather?: Weather } = {}): Promise<House> {
  const clock = new FakeClock();
  const network = new Network(clock, options.weather);
  const endpoint = new Endpoint({
    listeners: [
      { transport: "udp", address: "10.0.0.1", port: 5060 },
      { transport: "tcp", address: "10.0.0.1", port: 5060 },
    ],
    clock,
    listen: network.listen,
    // The real loop is busy whenever a test runs on a clock of its own.
    overload: { busy: () => 0 },
    ...options,
  });
  await endpoint.start();
  for (const extension of ["6001", "8000"])
    endpoint.addExtension({
      ...{ extension, login: extension, maxContacts: 2 },
      password: new Secret(passwordOf(extension)),
    });
  const calls: IncomingCall[] = [];
  const refusals: Refusal[] = [];
  endpoint.on("call", (call) => calls.push(call));
  endpoint.on("refused", (refusal) => refusals.push(refusal));
  let next = 10;
  const party: House["party"] = (wish) => new Party(network, { host: `10.0.0.${next++}`, ...wish });
  return { clock, network, endpoint, calls, refusals, party };
}

/** An array's only or last element. @throws Error where it is empty */
export function last<T>(list: readonly T[]): T {
  const found = list.at(-1);
  if (found === undefined) throw new Error("the list is empty");
  return found;
}
