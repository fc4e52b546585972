// A listener that could not be opened, in words: which port, why, and what to do.
import { giveUp, tryAgain, type PorteroError } from "../../errors.ts";
import type { ListenerOptions } from "./flow.ts";

export function portTaken(transport: string, { address, port }: ListenerOptions, cause: Error): PorteroError {
  const code = (cause as NodeJS.ErrnoException).code;
  const data = { transport, address, port };
  const place = `${transport} port ${port} on ${address}`;
  if (code === "EADDRINUSE")
    return tryAgain("port-busy", `${place} is taken by another program: end that one or choose another port`, {
      cause,
      data,
    });
  if (code === "EACCES")
    return giveUp("port-forbidden", `${place} needs administrator rights: choose a port above 1023`, { cause, data });
  // It may come later: a radio network, an address that is still asked for.
  if (code === "EADDRNOTAVAIL" || code === "EINVAL" || code === "ENOTFOUND")
    return tryAgain(
      "no-such-address",
      `${address} is not an address of this machine: leave it empty to listen on all`,
      {
        cause,
        data,
      },
    );
  return tryAgain("cannot-listen", `${place} cannot be opened: ${cause.message}`, { cause, data });
}
