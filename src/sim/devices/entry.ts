// How a simulated device asks who is there: not by HTTP's own means, by Basic, or by Digest (RFC 7616) with nonces as makes
// have them.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseCredentials, verifyDigest } from "../../digest.ts";
import type { Secret } from "../../secret.ts";

export interface Asking {
  readonly scheme: "none" | "basic" | "MD5" | "SHA-256";
  readonly realm?: string;
  readonly qop?: string;
  /** kept: good as long as it runs. once: for one request, and then a 401 without a question. stale: too old at once, once. */
  readonly nonces?: "kept" | "once" | "stale";
  /** What else its question says. */
  readonly more?: string;
}

export class Entry {
  /** How often a login was wrong, or its nonce. */
  turnedAway = 0;
  readonly #asking: Asking;
  readonly #login: string;
  readonly #password: Secret;
  readonly #nonces = new Map<string, "fresh" | "old">();

  constructor(asking: Asking, login: string, password: Secret) {
    [this.#asking, this.#login, this.#password] = [asking, login, password];
  }

  /** Says whether a request may go on; answers it where it may not. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const { scheme, realm = "device", nonces } = this.#asking;
    const { authorization = "" } = request.headers;
    if (scheme === "none") return true;
    if (scheme === "basic") {
      const right = `Basic ${Buffer.from(`${this.#login}:${this.#password.reveal()}`).toString("base64")}`;
      if (authorization === right) return true;
      response.writeHead(401, { "WWW-Authenticate": `Basic realm="${realm}"` }).end();
      return false;
    }
    const given = parseCredentials(authorization);
    const nonce = given && this.#nonces.get(given.nonce);
    const isRight =
      given?.username === this.#login &&
      given.realm === realm &&
      given.uri === request.url &&
      given.algorithm === scheme &&
      verifyDigest(given, this.#password.reveal(), request.method ?? "");
    if (given && nonces === "once") this.#nonces.delete(given.nonce);
    if (nonce === "fresh" && isRight) return true;
    if (given) this.turnedAway++;
    // It means the nonce or the password, and asks for neither.
    if (given && nonces === "once") response.writeHead(401).end();
    else this.#ask(response, nonce === "old" && isRight);
    return false;
  }

  /** Knows no nonce any more, as after a restart. */
  forget(): void {
    this.#nonces.clear();
  }

  #ask(response: ServerResponse, isStale: boolean): void {
    const { scheme, realm = "device", qop, nonces, more } = this.#asking;
    const nonce = randomBytes(16).toString("base64");
    this.#nonces.set(nonce, nonces === "stale" && !isStale ? "old" : "fresh");
    const offer = [`realm="${realm}"`, `nonce="${nonce}"`, `algorithm=${scheme}`];
    if (qop !== undefined) offer.push(`qop="${qop}"`);
    if (isStale) offer.push("stale=true");
    if (more !== undefined) offer.push(more);
    response.writeHead(401, { "WWW-Authenticate": `Digest ${offer.join(", ")}` }).end();
  }
}
