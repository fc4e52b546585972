// Port ranges for tests, found free just before.
import { PortPool } from "../../src/media/worker/ports.ts";

/** The first port of a run of `pairs` free even/odd pairs on loopback. */
export async function freeRange(pairs: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const seed = await new PortPool({ bind: "127.0.0.1", ports: [0, 0], drainMs: 0, now: () => 0 }).open();
    const first = seed.port;
    await seed.close();
    if (first + 2 * pairs > 65_000) continue;
    const ports = [first, first + 2 * pairs - 1] as const;
    const pool = new PortPool({ bind: "127.0.0.1", ports, drainMs: 0, now: () => 0 });
    const found = await Promise.allSettled(Array.from({ length: pairs }, () => pool.open()));
    const open = found.flatMap((f) => (f.status === "fulfilled" ? [f.value] : []));
    await Promise.all(open.map((pair) => pair.close()));
    await pool.end();
    if (open.length === pairs) return first;
  }
  throw new Error(`No run of ${pairs} free port pairs on loopback`);
}
