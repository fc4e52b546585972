// Opens the listeners that an endpoint was given: sockets of this machine.
import type { Clock } from "../../clock.ts";
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
