// Node-RED's web server and doors as a test says, for what their routes and WebSockets give to browsers.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { DoorNode } from "../../nodes/door/node.ts";
import type { Red } from "../../nodes/red.d.ts";

type App = RequestListener & { use(path: string, below: RequestListener): void };
const express = createRequire(import.meta.url)("express") as () => App;

/** What routes look at; `more` may take its place. */
export const doorNode = (slug: string, switchboard: object, more: Partial<DoorNode> = {}) => ({
  ...{ type: "door", id: slug, slug, label: slug, access: "see", settings: { make: {} }, endpoint: { switchboard } },
  ...more,
});

interface WebOptions {
  /** Where the pages of flows are; settings.js says so as `httpNodeRoot`. */
  readonly root?: string;
  /** What is deployed, where that is more, or less, than the nodes. */
  readonly flow?: readonly object[];
}

/** A server, until the test is over, and what `serve` has made of it. */
export async function webServer<T>(
  t: TestContext,
  nodes: readonly { readonly id: string }[],
  serve: (RED: Red) => T,
  { root = "/", flow = nodes }: WebOptions = {},
): Promise<{ readonly server: Server; readonly host: string; readonly served: T }> {
  const app = express();
  const httpNode = root === "/" ? app : express();
  if (httpNode !== app) app.use(root, httpNode);
  const server = createServer(app);
  const RED = {
    ...{ httpNode, server, settings: { httpNodeRoot: root } },
    nodes: {
      eachNode: (visit: (config: object) => void) => flow.forEach(visit),
      getNode: (id: string) => nodes.find((node) => node.id === id),
    },
  };
  const served = serve(RED as unknown as Red);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}`, served };
}
