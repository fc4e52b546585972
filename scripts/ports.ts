// Free ports. A port is free for us when nobody holds it, neither over TCP nor over UDP, on any address: SIP listens on
// both with one number.
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

function freeTcp(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}

function freeUdp(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ port, address: host, exclusive: true }, () => {
      const found = socket.address().port;
      socket.close(() => resolve(found));
    });
  });
}

/** Whether `port` can be bound over TCP and UDP. */
export async function isFree(port: number, host = "0.0.0.0"): Promise<boolean> {
  return (await freeTcp(port, host)) !== undefined && (await freeUdp(port, host)) !== undefined;
}

/**
 * The first free port from `from` on, not one of `taken`; 0 = one that the system chooses.
 * @throws Error when a hundred in a row are taken.
 */
export async function freePort(from = 0, taken: readonly number[] = [], host = "0.0.0.0"): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = from === 0 ? await freeTcp(0, host) : from + attempt;
    if (port === undefined || port > 65535) break;
    if (!taken.includes(port) && (await isFree(port, host))) return port;
  }
  throw new Error(`No free port was found${from === 0 ? "" : ` from ${from} on`}: end a program that holds one.`);
}
