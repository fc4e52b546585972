// Opens the listeners that an endpoint was given: sockets of this machine.
import { isIPv4, isIPv6 } from "node:net";
import type { Clock } from "../../clock.ts";
import { PorteroError } from "../../errors.ts";
import type { Inbound, ListenerOptions, Transport } from "./flow.ts";
import { ConnectionTransport } from "./listener.ts";
import { rememberLocal } from "./local.ts";
import { UdpTransport } from "./udp.ts";

/** Opens one listener. @throws PorteroError with a sentence that says why it could not */
export type Listen = (options: ListenerOptions, inbound: Inbound) => Promise<Transport>;

export function listenOnSockets(clock: Clock): Listen {
  const local = rememberLocal(() => clock.now());
  return (options, inbound) =>
    options.transport === "udp"
      ? UdpTransport.listen(options, inbound, local)
      : ConnectionTransport.listen(options, inbound, local, clock);
}

/**
 * Opens several listeners, all or none.
 * @throws PorteroError what the one that failed says
 */
export async function listenOnAll(
  listeners: readonly ListenerOptions[],
  listen: (options: ListenerOptions) => Promise<Transport>,
): Promise<Transport[]> {
  // The port that UDP is given for 0 may be in use for TCP: then both try another one.
  for (let tries = listeners.some(({ port }) => port === 0) ? 10 : 1; ; tries--) {
    const opened: Transport[] = [];
    try {
      let shared = 0;
      for (const options of listeners) {
        // UDP and TCP share a port where the first was given any free one, as devices expect of SIP.
        const shares = options.transport === "udp" || options.transport === "tcp";
        const port = options.port || (shares ? shared : 0);
        const transport = await listen({ ...options, port, ipv6Only: leavesIPv4(options, listeners) });
        opened.push(transport);
        if (shares && options.port === 0) shared = transport.address?.port ?? 0;
      }
      return opened;
    } catch (error) {
      await Promise.all(opened.map((transport) => transport.close()));
      if (tries <= 1 || !(error instanceof PorteroError) || error.code !== "port-busy") throw error;
    }
  }
}

// `::` takes IPv4 too, unless another listener of the same transport and port has it.
const leavesIPv4 = (options: ListenerOptions, listeners: readonly ListenerOptions[]): boolean =>
  isIPv6(options.address) &&
  listeners.some(
    ({ transport, port, address }) => transport === options.transport && port === options.port && isIPv4(address),
  );
