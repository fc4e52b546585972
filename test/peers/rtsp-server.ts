// gst-rtsp-server as a camera of another make: see rtsp-server.py.
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { start, type Child } from "../support/processes.ts";

export interface ServerOptions {
  /** `bell` with the password `p@ss:w/rd`, by this scheme. */
  readonly users?: "basic" | "digest";
  /** A file with certificate and key: rtsps. */
  readonly tls?: string;
  readonly protocols?: "tcp" | "udp";
  /** How long a session lives without a sign of its client. */
  readonly sessionSeconds?: number;
}

// Debian's Python, which has Debian's modules; another one may come first in the PATH.
const python = "/usr/bin/python3";

export interface RtspServer {
  readonly child: Child;
  /** `rtsp://127.0.0.1:1234`. */
  readonly url: string;
}

export async function rtspServer(t: Pick<TestContext, "after">, options: ServerOptions = {}): Promise<RtspServer> {
  const script = fileURLToPath(new URL("rtsp-server.py", import.meta.url));
  const child = start(python, [script, JSON.stringify(options)]);
  t.after(() => child.end("SIGKILL"));
  const [, port = ""] = await child.line(/^READY (\d+)$/);
  return { child, url: `${options.tls === undefined ? "rtsp" : "rtsps"}://127.0.0.1:${port}` };
}
