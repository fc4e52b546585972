// Free ports for programs that must be told theirs (sipp, mosquitto, Chromium). Our own sockets take port 0 instead.
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFree } from "../../scripts/ports.ts";

// Below those that systems give to who asks for any (Linux: 32768 on), and below those of media (baresip: 20000 on, ours: 30000 on): a program that
// is ended and started again would else find its port taken by a stranger.
const range = { first: 12_000, last: 20_000 };

// What was given away: whoever was given a port takes it only later, and tests of other processes look meanwhile.
const given = join(tmpdir(), "portero-test-ports");
const keptMs = 120_000;

/** Whether nobody was given the port in the last minutes; it is given now then. */
function take(port: number): boolean {
  const file = join(given, `${port}`);
  mkdirSync(given, { recursive: true });
  const since = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (since !== undefined && Date.now() - since > keptMs) rmSync(file, { force: true });
  try {
    writeFileSync(file, "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

/** A port whose next one is free and given, too: of programs that take both. */
export async function freePair(): Promise<number> {
  for (;;) {
    const [port = 0] = await freePorts(1);
    if ((await isFree(port + 1, "127.0.0.1")) && take(port + 1)) return port;
  }
}

/** `count` different ports, free on loopback over TCP and UDP at the time of the call; no test is given another's. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1000) throw new Error("No free port was found: end a program that holds them.");
    // Not one after the other: tests that run at the same time look too.
    const port = range.first + Math.floor(Math.random() * (range.last - range.first));
    if ((await isFree(port, "127.0.0.1")) && take(port)) ports.add(port);
  }
  return [...ports];
}
