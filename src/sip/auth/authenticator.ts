// Digest on the server side: RFC 3261 §22, RFC 7616, RFC 8760. Nonces are stateless (their time under an HMAC), so that
// a flood of unauthenticated requests costs no memory; only nonces that were answered rightly are remembered, for their
// count.
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { parseCredentials, verifyDigest, type DigestAlgorithm, type DigestCredentials } from "../../digest.ts";
import type { Secret } from "../../secret.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";

/** Who may register and call. */
export interface Identity {
  readonly extension: string;
  readonly login: string;
  readonly password: Secret;
  /** Accepts a nonce used again with an odd count, as a known door station does. */
  readonly nonceReuse?: boolean;
}

export type Verdict =
  | { readonly kind: "known"; readonly identity: Identity }
  /** No answer to a challenge of ours yet, or an answer whose nonce has grown old: ask. */
  | { readonly kind: "ask"; readonly stale: boolean }
  | { readonly kind: "wrong"; readonly login: string; readonly why: "password" | "login" | "nonce" };

export interface AuthenticatorOptions {
  readonly realm: string;
  readonly algorithms: readonly DigestAlgorithm[];
  /** Key of the nonces' HMAC: 32 random bytes. */
  readonly key: Buffer;
  readonly clock: Clock;
  find(login: string): Identity | undefined;
}

const nonceLife = 300_000;

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  /** Wrapped once: a raw key would be wrapped anew for each nonce. */
  readonly #key: KeyObject;
  /** Highest count seen for each rightly answered nonce, oldest first. */
  readonly #counts = new Map<string, { count: number; until: number }>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#key = createSecretKey(options.key);
  }

  check(request: SipRequest): Verdict {
    const credentials = request
      .all("authorization")
      .map(parseCredentials)
      .find((found) => found?.realm === this.#options.realm);
    if (!credentials) return { kind: "ask", stale: false };
    const age = this.#ageOf(credentials.nonce);
    if (age === undefined) return { kind: "ask", stale: false };
    const identity = this.#options.find(credentials.username);
    // An unknown login takes as long as a wrong password.
    const password = identity?.password.reveal() ?? "";
    const right = verifyDigest(credentials, password, request.method, request.body) && identity;
    if (!right) return { kind: "wrong", login: credentials.username, why: identity ? "password" : "login" };
    if (age > nonceLife) return { kind: "ask", stale: true };
    if (!this.#counted(credentials, identity)) return { kind: "ask", stale: true };
    return { kind: "known", identity };
  }

  /** Puts the challenges into a 401; MD5 last, since some clients take the last one they know. */
  challenge(response: SipResponse, stale: boolean): void {
    const nonce = this.#nonce();
    for (const algorithm of this.#options.algorithms) {
      const value = `Digest realm="${this.#options.realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"`;
      response.add("WWW-Authenticate", value + (stale ? ", stale=true" : ""));
    }
  }

  #nonce(): string {
    const time = this.#options.clock.now().toString(36);
    return `${time}.${this.#sign(time)}`;
  }

  #sign(time: string): string {
    return createHmac("sha256", this.#key).update(`${time}|${this.#options.realm}`).digest("hex").slice(0, 32);
  }

  #ageOf(nonce: string): number | undefined {
    const [time = "", signature = ""] = nonce.split(".");
    const expected = Buffer.from(this.#sign(time));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return this.#options.clock.now() - parseInt(time, 36);
  }

  // RFC 7616 §3.4.5: the count must rise, or the request is a replay. A client of RFC 2069 sends none.
  #counted({ nonce, nc, cnonce }: DigestCredentials, identity: Identity): boolean {
    const count = nc === undefined ? undefined : parseInt(nc, 16);
    if (count === undefined || identity.nonceReuse) return true;
    const now = this.#options.clock.now();
    for (const [old, { until }] of this.#counts) {
      if (until > now) break;
      this.#counts.delete(old);
    }
    // Two devices that were challenged in the same millisecond share a nonce: the client's own mark tells them apart.
    const key = `${identity.login}|${nonce}|${cnonce ?? ""}`;
    const seen = this.#counts.get(key);
    if (!Number.isInteger(count) || (seen && count <= seen.count)) return false;
    if (seen) seen.count = count;
    else this.#counts.set(key, { count, until: now + nonceLife });
    return true;
  }
}
