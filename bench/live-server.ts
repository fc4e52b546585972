// The program under test of bench/camera.ts: shows one camera to browsers by WebSocket, as Portero does or as
// node-rtsp-stream does. Arguments: which of them, the camera's address, the file of `<portero-camera>`.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { LiveCamera } from "../src/camera/live/live-camera.ts";
import { kinds } from "../src/camera/live/sender.ts";
import { LiveSockets } from "../src/camera/live/sockets.ts";
import { systemClock } from "../src/clock.ts";
import { silent } from "../src/log.ts";
import { Secret } from "../src/secret.ts";
import { freePorts } from "../test/support/ports.ts";

const [which, url = "", script = ""] = process.argv.slice(2);
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (pathname.endsWith("/ticket")) {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ ticket: "any", kinds }));
  } else if (pathname === "/portero/camera.js") response.end(readFileSync(script));
  else if (pathname === "/") {
    response.setHeader("Content-Type", "text/html");
    response.end(
      '<portero-camera door="front" poster="none"></portero-camera><script src="portero/camera.js"></script>',
    );
  } else response.writeHead(404).end();
});

if (which === "portero") {
  const settings = () => ({ videoUrl: new Secret(url) });
  const options = { settings, warmMs: 60_000, always: true, keepMs: 0 };
  const camera = new LiveCamera(options, { clock: systemClock, log: silent });
  const sockets = new LiveSockets(systemClock);
  server.on("upgrade", (request, socket, head) => {
    const asked = new URL(request.url ?? "/", "http://localhost").searchParams.get("kind");
    sockets.admit(request, socket, head, () => ({ camera, kind: kinds.find((kind) => kind === asked) ?? "mse" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  console.log(`READY ${(server.address() as AddressInfo).port}`);
} else {
  const Stream = createRequire(import.meta.url)("node-rtsp-stream") as new (options: object) => unknown;
  const [wsPort = 0] = await freePorts(1);
  new Stream({ name: "bench", streamUrl: url, wsPort, width: 1280, height: 704, ffmpegOptions: { "-r": 25 } });
  console.log(`READY ${wsPort}`);
}
