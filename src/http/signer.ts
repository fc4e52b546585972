// Signs requests with what a server last asked for: Digest (RFC 7616) with its nonce kept, so that the next request is
// signed at once, or Basic (RFC 7617). Kept by origin and user.
import { randomBytes } from "node:crypto";
import { authorize, type Challenge } from "../digest.ts";

export interface Login {
  readonly origin: string;
  readonly username: string;
  readonly password: string;
}

interface Kept {
  readonly challenge: Challenge;
  readonly cnonce: string;
  count: number;
  /** Refused: remembered only to know that Digest was offered here. */
  spent: boolean;
}

// Far above the number of doors; addresses that change must not fill the memory.
const mostKept = 200;

export class Signer {
  readonly #kept = new Map<string, Kept>();

  /** What this server asked for last. */
  asked(login: Login): Challenge | undefined {
    return this.#kept.get(keyOf(login))?.challenge;
  }

  learn(login: Login, challenge: Challenge): void {
    const key = keyOf(login);
    this.#kept.delete(key);
    this.#kept.set(key, { challenge, cnonce: randomBytes(16).toString("hex"), count: 0, spent: false });
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** The password was refused: the next request asks for a new challenge before it tries again. */
  refused(login: Login): void {
    const kept = this.#kept.get(keyOf(login));
    if (kept) kept.spent = true;
  }

  /** The Authorization header for a request whose request target is `uri`; undefined while nothing was asked for. */
  sign(login: Login, method: string, uri: string): string | undefined {
    const kept = this.#kept.get(keyOf(login));
    if (!kept || kept.spent) return undefined;
    kept.count += 1;
    const { username, password } = login;
    const value = authorize(kept.challenge, {
      username,
      password,
      method,
      uri,
      count: kept.count,
      cnonce: kept.cnonce,
    });
    // Node writes headers as Latin-1; names and realms are UTF-8 on the wire (RFC 7616 §4).
    return Buffer.from(value, "utf8").toString("latin1");
  }
}

const keyOf = ({ origin, username }: Login): string => `${origin} ${username}`;
