// A small HTTP client for devices in the house (cameras, door relays): RFC 9110 and 9112, Basic (RFC 7617) and Digest
// (RFC 7616), limits of time and size, pinned certificates. Requests of one client share connections and nonces.
import type { IncomingHttpHeaders } from "node:http";
import type { LookupFunction } from "node:net";
import { systemClock, type Cancel, type Clock } from "./clock.ts";
import { parseChallenges, strongest, type Challenge } from "./digest.ts";
import { giveUp, tryAgain } from "./errors.ts";
import { Agents } from "./http/connect.ts";
import { splitCredentials } from "./http/credentials.ts";
import { exchange, type Answer, type Each, type Enough } from "./http/exchange.ts";
import { faultOf, timedOut, tooLarge, type Progress } from "./http/faults.ts";
import { Signer, type Login } from "./http/signer.ts";
import { showUrl, type Secret } from "./secret.ts";
import { fingerprintOf, type Trust } from "./trust.ts";

export { splitCredentials };

export interface HttpRequest {
  /** `http:` or `https:`. User and password in it are used unless they are given below. */
  url: string;
  /** GET by default. Only a GET follows redirects and shares connections; the others are sent once, on their own. */
  method?: "GET" | "POST" | "PUT";
  /** The request does something, such as opening a door: a GET too is sent once, on a connection of its own. */
  once?: boolean;
  headers?: Readonly<Record<string, string>>;
  body?: Buffer | string;
  username?: string;
  password?: Secret;
  /** From the start to the last byte, authentication and redirects included. */
  timeoutMs: number;
  maxBytes: number;
  /** False accepts any certificate. True by default. */
  verifyTls?: boolean;
  /** SHA-256 fingerprint of the only certificate to accept, whoever signed it. */
  pin?: string;
  signal?: AbortSignal;
  /** How sentences call the other side: "The camera". */
  what?: string;
  /** Ends a successful answer that has no end of its own, such as a film. */
  enough?: Enough;
  /**
   * Takes a successful answer piece by piece, for as long as it goes on: it has no limit of size then, and `timeoutMs` ends
   * with its first piece. It must not throw.
   */
  each?: Each;
}

export interface HttpResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Where the answer came from, without credentials. */
  url: string;
}

/** A request on its way: what stays the same over authentication and redirects. */
interface Run {
  readonly request: HttpRequest;
  readonly what: string;
  readonly login: { readonly username: string; readonly password: string } | undefined;
  readonly trust: Trust;
  readonly ended: AbortSignal;
  readonly progress: Progress;
}

const mostRedirects = 3;
// The question, a stale nonce or two, the answer: more is a server that will never be content.
const mostSignings = 4;

export class HttpClient {
  readonly #clock: Clock;
  readonly #lookup: LookupFunction | undefined;
  readonly #agents = new Agents();
  readonly #signer = new Signer();
  readonly #running = new Set<AbortController>();
  #closed = false;

  /** `lookup` replaces the system's name resolution. */
  constructor(deps: { clock?: Clock; lookup?: LookupFunction } = {}) {
    this.#clock = deps.clock ?? systemClock;
    this.#lookup = deps.lookup;
  }

  /**
   * Sends a request and resolves with the whole response, of whatever status, but not with a 401 that a password could
   * answer. Rejects with a PorteroError: to try again `timeout unresolved refused unreachable cut-short not-http network
   * auth-loop aborted closed`, to give up `bad-url bad-request bad-pin too-large no-password wrong-password auth-unknown
   * auth-weakened redirect-refused tls-untrusted tls-expired tls-name tls-failed pin-mismatch`.
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const what = request.what ?? "The device";
    const split = splitCredentials(request.url);
    const username = request.username ?? split.username;
    const password = request.password ?? split.password;
    const url = checkedUrl(split.url, what);
    const ended = new AbortController();
    let cancel: Cancel = () => {};
    const { timeoutMs, each } = request;
    const eachOf = (take: Each): Each => {
      return (piece, headers) => {
        cancel();
        take(piece, headers);
      };
    };
    const run: Run = {
      ...{ what, ended: ended.signal },
      request: each ? { ...request, each: eachOf(each) } : request,
      login: username === undefined ? undefined : { username, password: password?.reveal() ?? "" },
      trust: trustOf(request, what),
      progress: { answered: false, received: 0 },
    };
    const place = placeOf(run, url);
    const end = (code: string, why: string) => ended.abort(tryAgain(code, `${place} was not asked to the end: ${why}`));
    const onAbort = () => end("aborted", "the request was cancelled");
    if (this.#closed) end("closed", "this client is closed");
    if (request.signal?.aborted) onAbort();
    ended.signal.throwIfAborted();
    cancel = this.#clock.after(timeoutMs, () => ended.abort(timedOut(place, timeoutMs, run.progress)));
    request.signal?.addEventListener("abort", onAbort);
    this.#running.add(ended);
    try {
      return await this.#follow(run, url);
    } finally {
      cancel();
      request.signal?.removeEventListener("abort", onAbort);
      this.#running.delete(ended);
    }
  }

  /** Ends running requests and kept connections. */
  close(): void {
    this.#closed = true;
    for (const running of this.#running) running.abort(tryAgain("closed", "The request was ended: its client closed"));
    this.#agents.close();
  }

  async #follow(run: Run, first: URL): Promise<HttpResponse> {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#authenticate(run, url);
      const next = redirectOf(run, answer, url);
      if (!next) return { ...answer, url: showUrl(url.href, run.request.password) };
      if (redirects === mostRedirects) {
        throw giveUp("redirect-refused", `${placeOf(run, first)} redirects more than ${mostRedirects} times`);
      }
      url = next;
    }
  }

  async #authenticate(run: Run, url: URL): Promise<Answer> {
    const login: Login | undefined = run.login && { ...run.login, origin: url.origin };
    const place = placeOf(run, url);
    let answersTheQuestion = false;
    for (let signings = 0; signings < mostSignings; signings++) {
      const signature = login && this.#signer.sign(login, run.request.method ?? "GET", url.pathname + url.search);
      const answer = await this.#send(run, url, signature);
      const values = answer.headers["www-authenticate"];
      if (answer.status !== 401) return answer;
      const offered = strongest(parseChallenges(values === undefined ? [] : [values]));
      if (!offered && signature === undefined)
        throw giveUp("auth-unknown", `${place} wants a kind of login that is neither Basic nor Digest`);
      if (!login) throw giveUp("no-password", `${place} wants a user name and password: enter them for this device`);
      const asked = this.#signer.asked(login);
      if (asked?.scheme === "digest" && offered?.scheme === "basic") {
        throw giveUp(
          "auth-weakened",
          `${place} asked for a Digest login before and wants the password in the clear now: it was not sent`,
        );
      }
      if (signature !== undefined && isWrong(offered, answersTheQuestion)) {
        this.#signer.refused(login);
        throw giveUp("wrong-password", `${place} does not accept the user name or password: correct them`);
      }
      if (offered) this.#signer.learn(login, offered);
      else this.#signer.refused(login);
      answersTheQuestion = offered !== undefined;
    }
    throw tryAgain("auth-loop", `${place} finds every signature of ours too old: restart it if this lasts`);
  }

  async #send(run: Run, url: URL, signature: string | undefined): Promise<Answer> {
    const { request, trust, ended, progress } = run;
    const { method = "GET", body, maxBytes, enough, each } = request;
    const place = placeOf(run, url);
    const headers = {
      ...{ "User-Agent": "Portero", ...request.headers },
      ...(signature === undefined ? {} : { Authorization: signature }),
    };
    Object.assign(progress, { answered: false, received: 0 });
    try {
      return await exchange({
        ...{ url, method, headers, body, ended, maxBytes, enough, each, progress },
        agent: this.#agents.for(url.protocol, trust, method === "GET" && !request.once),
        lookup: this.#lookup,
        tooLarge: () => tooLarge(place, maxBytes),
      });
    } catch (error) {
      throw faultOf(ended.aborted ? ended.reason : error, place, url);
    }
  }
}

const placeOf = ({ what, request }: Pick<Run, "what" | "request">, url: URL): string =>
  `${what} at ${showUrl(url.href, request.password)}`;

// A nonce kept from an earlier request may have ended without the server saying `stale`: it gets a second chance, with the
// new nonce. An answer to the question just asked gets one only if the server says so. Basic has nothing to grow old.
// Some say nothing at all to a nonce that they know no longer, nor to a wrong password: they are asked anew.
const isWrong = (offered: Challenge | undefined, answersTheQuestion: boolean): boolean =>
  offered?.scheme === "basic" || (answersTheQuestion && !offered?.stale);

function checkedUrl(text: string, what: string): URL {
  if (!URL.canParse(text)) throw giveUp("bad-url", `${what}'s address is not a URL such as http://192.0.2.1/image.jpg`);
  const url = new URL(text);
  if (["http:", "https:"].includes(url.protocol)) return url;
  throw giveUp("bad-url", `${what}'s address must begin with http:// or https:// (it begins with ${url.protocol})`);
}

/** What makes the device's certificate acceptable. @throws PorteroError `bad-pin` */
export function trustOf({ pin, verifyTls }: Pick<HttpRequest, "pin" | "verifyTls">, what: string): Trust {
  if (pin === undefined || pin.trim() === "") return verifyTls === false ? "anything" : "chain";
  const fingerprint = fingerprintOf(pin);
  if (fingerprint !== undefined) return { pin: fingerprint };
  throw giveUp("bad-pin", `${what}'s pin must be a SHA-256 fingerprint: 64 hexadecimal digits, colons allowed`);
}

function redirectOf(run: Run, answer: Answer, from: URL): URL | undefined {
  const { location } = answer.headers;
  const { method = "GET", once } = run.request;
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined || method !== "GET" || once)
    return undefined;
  const refuse = (why: string) => giveUp("redirect-refused", `${placeOf(run, from)} redirects ${why}`);
  if (!URL.canParse(location, from)) throw refuse("to an address that is none");
  const to = new URL(location, from);
  if (!["http:", "https:"].includes(to.protocol)) throw refuse(`to ${to.protocol}, which is not the web`);
  if (to.hostname !== from.hostname) {
    throw refuse(`to another host, ${to.hostname}, which is not followed: enter that address if it is right`);
  }
  if (from.protocol === "https:" && to.protocol === "http:")
    throw refuse("from https: to http:, which is not followed");
  [to.username, to.password] = ["", ""];
  return to;
}
