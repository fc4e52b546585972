// The thread of handshakes: loads werift, and does what it is told.
import { parentPort } from "node:worker_threads";
import { loadDtls, type Dtls } from "./dtls.ts";
import type { FromHandshakes, ToHandshakes } from "./handshakes.ts";

const open = new Map<number, Dtls>();
const tell = (message: FromHandshakes) => parentPort?.postMessage(message);

// What comes meanwhile waits in the port.
const make = await loadDtls();

parentPort?.on("message", (message: ToHandshakes) => {
  const { id } = message;
  switch (message.type) {
    case "start":
      open.set(
        id,
        make(message.options, {
          send: (datagram) => tell({ type: "send", id, datagram: new Uint8Array(datagram) }),
          keys: (keys) => tell({ type: "keys", id, keys }),
          failed: (why) => tell({ type: "failed", id, why }),
        }),
      );
      break;
    case "datagram":
      open.get(id)?.receive(Buffer.from(message.datagram));
      break;
    case "close":
      open.get(id)?.close();
      open.delete(id);
      break;
  }
});
