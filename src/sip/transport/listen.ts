// Opens the listeners that an endpoint was given: sockets of this machine.
import type { Clock } from "../../clock.ts";
import { PorteroError } from "../../errors.ts";
import type { Inbound, ListenerOptions, Transport } from "./flow.ts";
import { rememberLocal } from "./local.ts";
import { TcpTransport } from "./tcp.ts";
import { UdpTransport } from "./udp.ts";

/** Opens one listener. @throws PorteroError with a sentence that says why it could not */
export type Listen = (options: ListenerOptions, inbound: Inbound) => Promise<Transport>;

export function listenOnSockets(clock: Clock): Listen {
  const local = rememberLocal(() => clock.now());
  return (options, inbound) =>
    options.transport === "udp"
      ? UdpTransport.listen(options, inbound, local)
      : TcpTransport.listen(options, inbound, local, clock);
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
  for (let tries = listeners[0]?.port === 0 ? 10 : 1; ; tries--) {
    const opened: Transport[] = [];
    try {
      for (const options of listeners) {
        // UDP and TCP share a port where the first was given any free one, as devices expect of SIP.
        const port = options.port || (opened[0]?.address.port ?? 0);
        opened.push(await listen({ ...options, port }));
      }
      return opened;
    } catch (error) {
      await Promise.all(opened.map((transport) => transport.close()));
      if (tries <= 1 || !(error instanceof PorteroError) || error.code !== "port-busy") throw error;
    }
  }
}
