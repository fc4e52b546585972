// WebSockets of a door's pages, below Node-RED's root for nodes. They pass by the login that is set for that
// (httpNodeAuth): browsers send it along with no WebSocket, so that a page fetches a ticket by HTTP and shows it here.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { isOwnOrigin } from "../origin.ts";
import type { Red } from "../red.d.ts";

export interface Upgrade {
  readonly door: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Takes those at portero/door/<short name>/`name` that come from pages of ours. */
export function onUpgrade(RED: Red, name: string, take: (upgrade: Upgrade) => void): void {
  RED.server?.on("upgrade", (request, socket, head) => {
    const wanted = wantedIn(RED, request.url ?? "", name);
    // Anybody else's: Node-RED's own, or a websocket node's.
    if (!wanted) return;
    // Node took its own away: a connection that is reset now would end Node-RED.
    socket.on("error", () => {});
    if (isOwnOrigin(request.headers)) take({ ...wanted, request, socket, head });
    else forbid(socket);
  });
}

/** A browser tells its page nothing of why. */
export function forbid(socket: Duplex): void {
  socket.once("finish", () => socket.destroy());
  socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

function wantedIn(RED: Red, url: string, name: string): Pick<Upgrade, "door" | "query"> | undefined {
  const host = "http://localhost";
  if (!URL.canParse(url, host)) return undefined;
  const { pathname, searchParams } = new URL(url, host);
  const root = `/${RED.settings.httpNodeRoot || ""}/`.replace(/\/+/g, "/");
  if (!pathname.startsWith(root)) return undefined;
  const [, door, place] = /^portero\/door\/([^/]+)\/([^/]+)$/.exec(pathname.slice(root.length)) ?? [];
  return door === undefined || place !== name ? undefined : { door, query: searchParams };
}
