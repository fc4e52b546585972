// The embedded MQTT broker of `npm start`: loopback only, nothing is kept after the end.
import { Aedes } from "aedes";
import { once } from "node:events";
import { createServer } from "node:net";

export interface Broker {
  url: string;
  close(): Promise<void>;
}

/** @throws Error when the port is taken. */
export async function startBroker(port: number): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const server = createServer((socket) => aedes.handle(socket));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `mqtt://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      await new Promise<void>((done) => aedes.close(() => done()));
      await closed;
    },
  };
}
