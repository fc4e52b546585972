// Kamailio as the peer beside ours: one UDP worker on the core of the program under test, location in memory.
import { join } from "node:path";
import { findProgram } from "../scripts/peers.ts";
import { start } from "../test/support/processes.ts";
import { Agent } from "./agent.ts";
import { cpuMsOfTree, onItsCore } from "./machine.ts";
import type { Address } from "./server.ts";
import { phonePort } from "./sipp.ts";

/** A peer that serves the same load. */
export interface Theirs extends AsyncDisposable {
  readonly address: Address;
  /** Milliseconds of processor time so far. */
  cpu(): number;
}

/** Where it is installed; said on the way where it is not. */
export function findKamailio(progress: (text: string) => void): string | undefined {
  const path = findProgram("kamailio");
  if (path === undefined) progress("Kamailio is not installed (Debian package kamailio): no figures beside ours");
  return path;
}

/** Starts it with bench/kamailio.cfg. @throws Error with what it said */
export async function startKamailio(path: string, folder: string): Promise<Theirs> {
  const address = { host: "127.0.0.1", port: await phonePort(24_060) };
  const config = join(import.meta.dirname, "kamailio.cfg");
  const child = start(
    ...onItsCore(path, ["-f", config, "-l", `udp:127.0.0.1:${address.port}`, "-Y", folder, "-DD", "-E"]),
  );
  try {
    await using agent = await Agent.open(address);
    await agent.challenged("REGISTER", "2000");
  } catch (error) {
    await child.end();
    throw new Error(`Kamailio did not start. It said:\n${child.output}`, { cause: error });
  }
  return {
    address,
    cpu: () => cpuMsOfTree(child.pid ?? 0),
    [Symbol.asyncDispose]: async () => {
      await child.end();
    },
  };
}
