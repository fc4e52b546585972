// Free ports for programs that must be told theirs (sipp, mosquitto, Chromium). Our own sockets take port 0 instead.
import { isFree } from "../../scripts/ports.ts";

// Below those that systems give to who asks for any (Linux: 32768 on), and below those of media (baresip: 20000 on, ours: 30000 on): a program that
// is ended and started again would else find its port taken by a stranger.
const range = { first: 12_000, last: 20_000 };

/** `count` different ports, free on loopback over TCP and UDP at the time of the call; nobody else is given one by chance. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1000) throw new Error("No free port was found: end a program that holds them.");
    // Not one after the other: tests that run at the same time look too.
    const port = range.first + Math.floor(Math.random() * (range.last - range.first));
    if (await isFree(port, "127.0.0.1")) ports.add(port);
  }
  return [...ports];
}
