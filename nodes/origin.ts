// Whether a browser asks on behalf of a page of ours: a page of somebody else's may make it ask, too, and it then sends the
// login that it keeps for us along.
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { giveUp } from "../src/errors.ts";
import type { Red } from "./red.d.ts";

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

/** Refuses what a page of somebody else's asks. @throws PorteroError `foreign` */
export function checkOrigin(headers: IncomingHttpHeaders): void {
  if (!isOwnOrigin(headers)) throw giveUp("foreign", "This was asked by a page that is not Node-RED's");
}

const homes = /\.(local|lan|home|home\.arpa|internal|fritz\.box|localhost|ts\.net)$/;

/**
 * Refuses names that are not known to lead to us, where nothing has a login: anybody's page can have its own name lead here, too
 * (DNS rebinding), and is then a page of ours. An address, or a name that only this network knows, cannot be had for that.
 * `X-Forwarded-Host` says nothing: such a page may write it. Who names no host is no browser.
 * @throws PorteroError `strange-host`
 */
export function checkHost(RED: Red, { host }: IncomingHttpHeaders): void {
  const { httpNodeAuth, uiHost, portero } = RED.settings;
  if (httpNodeAuth || host === undefined) return;
  const name = hostIn(host);
  if (name !== undefined && (isIP(name.replace(/^\[|\]$/g, "")) || !name.includes(".") || homes.test(name))) return;
  const known: unknown[] = [uiHost, portero?.hosts].flat();
  RED.nodes.eachNode((node) => {
    if (node.type === "doorbell-in") known.push((node as { linkUrl?: unknown }).linkUrl);
  });
  if (name !== undefined && known.some((own) => typeof own === "string" && hostIn(own) === name)) return;
  throw giveUp(
    "strange-host",
    `${name ?? "This name"} is not known as a name of this Node-RED, which asks for no login here: set httpNodeAuth in its ` +
      "settings.js, or add the name to portero.hosts there, or use its IP address",
  );
}

/** The name in a `Host` or an address. */
function hostIn(text: string): string | undefined {
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, "") : undefined;
}
