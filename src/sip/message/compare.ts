// Whether two addresses are the same: RFC 3261 §19.1.4. A device that writes its Contact a little differently each time
// is one device all the same.
import { parseUri, unescaped, type SipUri } from "./uri.ts";

/** What matters though only one of the two has it; any other parameter counts only where both have it. */
const decisive = ["user", "ttl", "method", "maddr", "transport"];

export function sameUri(a: string, b: string): boolean {
  if (a === b) return true;
  const [one, two] = [parseUri(a), parseUri(b)];
  if (!one || !two || one.scheme !== two.scheme || one.scheme === "tel") return false;
  return (
    unescaped(one.user) === unescaped(two.user) &&
    one.host.toLowerCase() === two.host.toLowerCase() &&
    // A port left out is not 5060: the two may be reached in different ways (RFC 3263).
    one.port === two.port &&
    sameParams(one, two) &&
    headersOf(a) === headersOf(b)
  );
}

function sameParams({ params: one }: SipUri, { params: two }: SipUri): boolean {
  const names = new Set([...one.keys(), ...two.keys()]);
  return [...names].every((name) => {
    if (one.has(name) && two.has(name)) return one.get(name)?.toLowerCase() === two.get(name)?.toLowerCase();
    return !decisive.includes(name);
  });
}

const headersOf = (uri: string): string => /\?(.*)$/.exec(uri.slice(uri.indexOf("@") + 1))?.[1] ?? "";
