// Takes user and password out of a URL (P7). People paste passwords unencoded (`http://user:p@ss:w/rd@host/path`), which
// RFC 3986 §3.2.1 forbids and `new URL` misreads or refuses; what they mean is found here.
import { decoded } from "../quoted.ts";
import { Secret } from "../secret.ts";

export interface SplitUrl {
  /** The URL without user and password. */
  readonly url: string;
  readonly username?: string;
  readonly password?: Secret;
}

// As much as Node takes as the head of a request.
const longest = 16_384;
const mostAts = 50;

/**
 * Splits `scheme://user:password@host/path`. The `@` that ends the password is
 * 1. the last one before `?` or `#` that a host and a path (or an IP address) follow: `p@ss` and `w/rd` are passwords,
 *    and an `@` in a file name (`/pic@2x.jpg`) stays in the path;
 * 2. else the last one of the host part, as RFC 3986 has it;
 * 3. else, where the text is no URL otherwise, the last one with a host behind it: `p?ss` and `p#ss` are passwords.
 *
 * A URL `http://user:password@host/dir@x/y.jpg` is misread by rule 1: write that `@` as `%40`. Percent-encoding is undone
 * where it is one (`p%40ss`), kept where it is not (`100%`). Without credentials the text comes back as it was, and so does
 * what is longer than any address, or has more of `@`: each is tried, and a device may have written it.
 */
export function splitCredentials(url: string): SplitUrl {
  if (url.length > longest) return { url };
  const scheme = /^\s*([a-z][a-z0-9+.-]*:\/\/)/i.exec(url);
  if (!scheme?.[1]) return { url };
  const [start, rest] = [scheme[1], url.slice(scheme[0].length).trimEnd()];
  const standsAt = (at: number) => URL.canParse(start + rest.slice(at + 1));
  const ats = [...rest.matchAll(/@/g)].map((found) => found.index).reverse();
  if (ats.length > mostAts) return { url };
  const query = before(rest, /[?#]/);
  const authority = before(rest, /[/?#]/);
  const plain = URL.canParse(start + rest);
  const end =
    ats.find((at) => at < query && standsAt(at) && followedByHost(rest, at) && looksLikeUser(rest, at, plain)) ??
    (plain ? ats.find((at) => at < authority) : ats.find(standsAt));
  if (end === undefined) return { url };
  const user = rest.slice(0, end);
  const colon = user.indexOf(":");
  return {
    url: start + rest.slice(end + 1),
    username: decoded(colon < 0 ? user : user.slice(0, colon)),
    ...(colon < 0 ? {} : { password: new Secret(decoded(user.slice(colon + 1))) }),
  };
}

const before = (text: string, pattern: RegExp): number => {
  const at = text.search(pattern);
  return at < 0 ? text.length : at;
};

const ipLiteral = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d+)?(?:[/?#]|$)/i;

const followedByHost = (rest: string, at: number): boolean => {
  const after = rest.slice(at + 1);
  return ipLiteral.test(after) || /^[^/?#:@]+(?::\d+)?\//.test(after);
};

// `host:8080/a@b/c.jpg` is a whole URL without credentials: only an IP address behind the @ makes it a user `host`.
const looksLikeUser = (rest: string, at: number, plain: boolean): boolean => {
  const slash = rest.indexOf("/");
  if (slash < 0 || at < slash) return true;
  const first = rest.slice(0, slash);
  return first.includes(":") && (!plain || first.includes("@") || ipLiteral.test(rest.slice(at + 1)));
};
