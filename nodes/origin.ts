// Whether a browser asks on behalf of a page of ours: a page of somebody else's may make it ask, too, and it then sends the
// login that it keeps for us along.
import type { IncomingHttpHeaders } from "node:http";

/**
 * By what only browsers write: `Sec-Fetch-Site`, else `Origin`. A page of ours has the host that was asked for, or the one
 * that a proxy before us was. Who sends neither is no browser, and keeps no logins for us.
 */
export function isOwnOrigin(headers: IncomingHttpHeaders): boolean {
  const { "sec-fetch-site": site, origin, host, "x-forwarded-host": forwarded } = headers;
  if (typeof site === "string") return site === "same-origin" || site === "none";
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  return [host, ...(forwarded === undefined ? [] : [forwarded].flat())].includes(new URL(origin).host);
}
