// One device registered for an extension, and the way to it. RFC 3261 §10, RFC 3327 (Path), RFC 5626 (instance and
// registration id), RFC 8599 (push parameters).
import { isIP } from "node:net";
import type { Secret } from "../../secret.ts";
import { parseNameAddr } from "../message/headers.ts";
import { parseUri, writeUri } from "../message/uri.ts";
import type { Flow } from "../transport/flow.ts";

/** How the maker's push service wakes the device (RFC 8599 §14). */
export interface Push {
  readonly provider: string;
  readonly param?: string;
  /** Whoever has it can send to the device. */
  readonly prid?: Secret;
}

/** What a registration says of a device. */
export interface Registered {
  readonly extension: string;
  /** As the device gave it; may hold the secret of its push service. */
  readonly uri: string;
  /** The way back to the device. */
  readonly flow: Flow;
  /** Proxies on the way to the device, the one next to us first (RFC 3327). */
  readonly path: readonly string[];
  /** The device itself, whatever address it has just now (RFC 5626 §4.1). */
  readonly instance?: string;
  /** Which of the device's ways to us this is (RFC 5626 §4.2); only together with `instance`. */
  readonly regId?: number;
  readonly push?: Push;
  readonly callId: string;
  readonly cseq: number;
  /** When the device said so, milliseconds since 1970. */
  readonly registeredAt: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly userAgent: string;
  /** As mark.ts; absent where it was proven otherwise, or is not known. */
  readonly mark?: string;
}

export interface Contact extends Registered {
  /** The same from the first registration of a device to its end, restarts included. */
  readonly id: string;
}

/** The URI without the push service's parameters: fit to be shown. */
export function shownUri(uri: string): string {
  if (!/;pn-/i.test(uri)) return uri;
  const parsed = parseUri(uri);
  if (!parsed) return "";
  return writeUri({ ...parsed, params: new Map([...parsed.params].filter(([name]) => !name.startsWith("pn-"))) });
}

/** Whether the device said that it is where it really is: then it may be reached without the flow it registered by. */
export function namesItself({ uri, flow, path }: Pick<Registered, "uri" | "flow" | "path">): boolean {
  // Who it is was made sure of for this connection only.
  if (flow.as !== undefined) return false;
  if (path.length > 0) return true;
  if (flow.transport === "WS" || flow.transport === "WSS") return false;
  const parsed = parseUri(uri);
  const host = (parsed?.params.get("maddr") ?? parsed?.host ?? "").toLowerCase();
  // A name may lead to the device; one that ends in .invalid says that it does not (RFC 7118 §5.1).
  return isIP(host) ? host === flow.remote.host.toLowerCase() : !host.endsWith(".invalid");
}

/** Where a contact is looked for when its flow is no more: at the nearest proxy, else at itself. */
export const placeOf = ({ uri, path }: Pick<Registered, "uri" | "path">): string =>
  parseNameAddr(path[0] ?? "")?.uri ?? shownUri(uri);
