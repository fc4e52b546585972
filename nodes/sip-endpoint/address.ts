// Where others on the network find this machine.
import { networkInterfaces } from "node:os";
import type { Interfaces } from "../../src/sip/transport/local.ts";

/** The first address that other devices can reach, IPv4 before IPv6; loopback on a machine without a network. */
export function ownAddress(bind: string, interfaces: Interfaces = networkInterfaces): string {
  if (bind !== "0.0.0.0" && bind !== "::") return bind;
  const all = Object.values(interfaces()).flatMap((list) => (list ?? []).filter(({ internal }) => !internal));
  // One of its own link alone leads nowhere without the name of an interface, which others have by other names.
  const wide = all.find(({ family, address }) => family === "IPv6" && !/^fe[89ab]/i.test(address));
  return (
    all.find(({ family }) => family === "IPv4")?.address ?? (bind === "::" ? wide?.address : undefined) ?? "127.0.0.1"
  );
}
