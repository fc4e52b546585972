// Requests that come with a Route, since their sender uses us as its outbound proxy (P4): RFC 3261 §16.4.
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { parseNameAddr } from "./message/headers.ts";
import type { SipRequest } from "./message/message.ts";
import { parseUri } from "./message/uri.ts";
import type { Address, Flow } from "./transport/flow.ts";

/** Whether a URI means us. */
export type IsUs = (uri: string) => boolean;

/**
 * Puts a request right that reached us by our name in its Route, and takes that away. The result is the first route that
 * leads elsewhere, where there is one: such a request is not for us.
 */
export function takeRoute(request: SipRequest, isUs: IsUs): string | undefined {
  const values = request.list("route");
  if (values.length === 0) return undefined;
  const routes = values.map((value) => parseNameAddr(value)?.uri ?? value);
  // A strict router has put us where the destination stood, and the destination last (§16.4, §16.12.1.1).
  const own = parseUri(request.uri);
  if (own?.params.has("lr") && own.user === "" && isUs(request.uri)) request.uri = routes.pop() ?? request.uri;
  const name = nameIn(routes[0]);
  return routes.find((route) => !isUs(route) && (name === undefined || nameIn(route) !== name));
}

// Whoever sends to the first of its routes (RFC 3261 §8.1.2) has found us by the name there, of which nobody may have told us.
function nameIn(route = ""): string | undefined {
  const host = parseUri(route)?.host.toLowerCase() ?? "";
  return host === "" || isIP(host) !== 0 ? undefined : host;
}

/** Knows us by where the request came in, where we listen, and the names of this machine; the port must be one of ours. */
export function isUsOn(flow: Flow, listening: readonly Address[], realm: string): IsUs {
  return (uri) => {
    const parsed = parseUri(uri);
    if (!parsed) return false;
    const port = parsed.port ?? 5060;
    const ports = [flow.sentBy.port, ...listening.map((place) => place.port)];
    if (parsed.port !== undefined && !ports.includes(port)) return false;
    const host = parsed.host.toLowerCase();
    const machine = hostname().toLowerCase();
    const names = [
      flow.sentBy.host,
      ...listening.map((place) => place.host),
      realm,
      machine,
      `${machine}.local`,
      "localhost",
    ];
    return names.some((name) => name.toLowerCase() === host) || ownAddresses().includes(host);
  };
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address.toLowerCase()));
