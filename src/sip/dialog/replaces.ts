// Naming another call: Replaces (RFC 3891), alone or inside the address of a Refer-To (RFC 3515).
import { parseNameAddr } from "../message/headers.ts";
import { parseParams, parseUri, unescaped, writeUri } from "../message/uri.ts";

/** A dialog as the one who gets the INVITE sees it: `toTag` is its own tag. */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  /** Only while it rings: somebody who has answered meanwhile is not thrown out. */
  readonly earlyOnly: boolean;
}

/** Where somebody is referred to. */
export interface ReferTo {
  /** A SIP address, without headers. */
  readonly uri: string;
  readonly replaces?: Replaces;
}

export function parseReplaces(value: string): Replaces | undefined {
  const semicolon = value.indexOf(";");
  const params = parseParams(semicolon < 0 ? "" : value.slice(semicolon));
  const callId = value.slice(0, Math.max(0, semicolon)).trim();
  const toTag = params.get("to-tag");
  const fromTag = params.get("from-tag");
  if (!callId || !toTag || !fromTag) return undefined;
  return { callId, toTag, fromTag, earlyOnly: params.has("early-only") };
}

const writeReplaces = ({ callId, toTag, fromTag, earlyOnly }: Replaces): string =>
  `${callId};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ";early-only" : ""}`;

/** Reads a Refer-To. Other methods than INVITE, and other schemes than SIP, are nothing we could call. */
export function parseReferTo(value: string): ReferTo | undefined {
  const { uri } = parseNameAddr(value) ?? {};
  const parsed = parseUri(uri ?? "");
  if (uri === undefined || !parsed || parsed.scheme === "tel") return undefined;
  const params = new Map(parsed.params);
  if (!/^invite$/i.test(params.get("method") ?? "INVITE")) return undefined;
  params.delete("method");
  const target = writeUri({ ...parsed, params });
  const query = /\?([^?]*)$/.exec(uri.slice(uri.indexOf("@") + 1))?.[1];
  if (query === undefined) return { uri: target };
  const named = query.split("&").find((part) => /^replaces=/i.test(part));
  if (named === undefined) return { uri: target };
  const replaces = parseReplaces(unescaped(named.slice(named.indexOf("=") + 1)));
  return replaces && { uri: target, replaces };
}

export const writeReferTo = ({ uri, replaces }: ReferTo): string =>
  `<${uri}${replaces ? `?Replaces=${encodeURIComponent(writeReplaces(replaces))}` : ""}>`;
