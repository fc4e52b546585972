// Where others on the network find this machine.
import { networkInterfaces } from "node:os";

/** The first address that other devices can reach; loopback on a machine without a network. */
export function ownAddress(bind: string): string {
  if (bind !== "0.0.0.0" && bind !== "::") return bind;
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((a) => !a.internal && a.family === "IPv4")?.address ?? "127.0.0.1";
}
