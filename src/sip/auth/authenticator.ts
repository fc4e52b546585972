// Digest on the server side: RFC 3261 §22, RFC 7616, RFC 8760. Nonces are stateless (time and host under an HMAC), so that
// a flood of unauthenticated requests costs no memory; only nonces that were answered rightly are remembered, for their
// count. A nonce is good for the host that it was given to: whoever answers one has received our challenge there, so that
// neither a ban nor a proof can be brought upon an address by forging it.
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { parseCredentials, verifyDigest, type DigestAlgorithm, type DigestCredentials } from "../../digest.ts";
import type { Secret } from "../../secret.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { Recent } from "../guard/recent.ts";
import { keyOf } from "../key.ts";
import { Seal } from "./seal.ts";

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
  | { readonly kind: "wrong"; readonly login: string; readonly why: "password" | "login"; readonly response: string };

export interface AuthenticatorOptions {
  readonly realm: string;
  readonly algorithms: readonly DigestAlgorithm[];
  /** Key of the nonces' HMAC: 32 random bytes. */
  readonly key: Buffer;
  readonly clock: Clock;
  find(login: string): Identity | undefined;
}

const nonceLife = 300_000;
/** Counts kept at once; with more, nonces older than what had to go are asked anew. */
const mostCounts = 20_000;
const mostGiven = 200;

interface Count {
  count: number;
  readonly issued: number;
  readonly until: number;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #seal: Seal;
  /** To whom the last nonces were given: most are answered at once, and need not be signed again to be known. */
  readonly #given = new Recent<string>(mostGiven);
  /** Highest count seen for each rightly answered nonce, oldest first. */
  readonly #counts = new Map<string, Count>();
  // It goes on where it is: one that begins anew would pass by all that was deleted before what is left.
  readonly #byAge = this.#counts.entries();
  #oldest: [string, Count] | undefined;
  /** Nonces from before this moment may have had a count that was forgotten. */
  #floor = 0;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#seal = new Seal(options.key);
  }

  /** The login that a request names, if it answers a challenge of this realm. */
  loginOf(request: SipRequest): string | undefined {
    return this.#credentials(request)?.username;
  }

  /** Judges a request that came from `host`. */
  check(request: SipRequest, host: string): Verdict {
    const credentials = this.#credentials(request);
    const issued = credentials && this.#issued(credentials.nonce, host);
    if (!credentials || issued === undefined) return { kind: "ask", stale: false };
    const identity = this.#options.find(credentials.username);
    // An unknown login takes as long as a wrong password.
    const password = identity?.password.reveal() ?? "";
    const right = verifyDigest(credentials, password, request.method, request.body) && identity;
    const { username: login, response } = credentials;
    if (!right) return { kind: "wrong", login, why: identity ? "password" : "login", response };
    if (this.#options.clock.now() - issued > nonceLife || issued < this.#floor) return { kind: "ask", stale: true };
    if (!this.#counted(credentials, identity, issued)) return { kind: "ask", stale: true };
    return { kind: "known", identity };
  }

  /** Puts the challenges for `host` into a 401; MD5 last, since some clients take the last one they know. */
  challenge(response: SipResponse, stale: boolean, host: string): void {
    const time = this.#options.clock.now().toString(36);
    const nonce = [time, this.#sign(time, host)].join(".");
    this.#given.set(nonce, host);
    for (const algorithm of this.#options.algorithms) {
      const value = `Digest realm="${this.#options.realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"`;
      response.add("WWW-Authenticate", value + (stale ? ", stale=true" : ""));
    }
  }

  #credentials(request: SipRequest): DigestCredentials | undefined {
    const all = request.all("authorization").map(parseCredentials);
    return all.find((found) => found?.realm === this.#options.realm);
  }

  #sign(time: string, host: string): string {
    // 96 bits: a shorter challenge fits into an answer that may not be longer than its request.
    return this.#seal.of(`${time}|${this.#options.realm}|${host}`).slice(0, 16);
  }

  /** When a nonce was given out; undefined where it is none of ours, or was another host's. */
  #issued(nonce: string, host: string): number | undefined {
    const [time = "", signature = ""] = nonce.split(".");
    if (this.#given.get(nonce) === host) return parseInt(time, 36);
    const expected = Buffer.from(this.#sign(time, host));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected) ? parseInt(time, 36) : undefined;
  }

  // RFC 7616 §3.4.5: the count must rise, or the request is a replay. A client of RFC 2069 sends none.
  #counted({ nonce, nc, cnonce }: DigestCredentials, identity: Identity, issued: number): boolean {
    const count = nc === undefined ? undefined : parseInt(nc, 16);
    if (count === undefined || identity.nonceReuse) return true;
    const now = this.#options.clock.now();
    for (let old = this.#eldest(); old && old[1].until <= now; old = this.#eldest()) this.#forget(old);
    // Two devices that were challenged in the same millisecond share a nonce: the client's own mark tells them apart.
    const key = keyOf(identity.login, nonce, cnonce);
    const seen = this.#counts.get(key);
    if (!Number.isInteger(count) || (seen && count <= seen.count)) return false;
    if (seen) seen.count = count;
    else this.#counts.set(key, { count, issued, until: now + nonceLife });
    const old = this.#eldest();
    if (old && this.#counts.size > mostCounts) {
      this.#forget(old);
      this.#floor = Math.max(this.#floor, old[1].issued + 1);
    }
    return true;
  }

  #eldest(): [string, Count] | undefined {
    // An iterator that has once reached the end stays there.
    return (this.#oldest ??= this.#counts.size > 0 ? this.#byAge.next().value : undefined);
  }

  #forget([key]: [string, Count]): void {
    this.#counts.delete(key);
    this.#oldest = undefined;
  }
}
