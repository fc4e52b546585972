// Free ports for programs that must be told theirs (sipp, mosquitto, Chromium). Our own sockets take port 0 instead.
import { freePort } from "../../scripts/ports.ts";

/** `count` different ports, free on loopback over TCP and UDP at the time of the call. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort(0, ports, "127.0.0.1"));
  return ports;
}
