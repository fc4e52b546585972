// Who may do what: requests outside a dialog are checked here before anything happens on their behalf. RFC 3261 §8.2, §22.
import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { DigestAlgorithm } from "../digest.ts";
import { giveUp } from "../errors.ts";
import { Authenticator, type Identity, type Verdict } from "./auth/authenticator.ts";
import { Seal } from "./auth/seal.ts";
import { sdpType } from "./dialog/body.ts";
import type { Call } from "./dialog/call.ts";
import type { Caller } from "./dialog/caller.ts";
import { allow, outside, unknownDemands } from "./extensions.ts";
import type { Guard } from "./guard/guard.ts";
import { retryAfter, type Overload } from "./guard/overload.ts";
import type { SipRequest } from "./message/message.ts";
import { newTag, phraseOf, replyTo } from "./message/reply.ts";
import { parseUri, unescaped } from "./message/uri.ts";
import type { Contact } from "./registrar/contact.ts";
import { isMarkOf, markOf } from "./registrar/mark.ts";
import { understood, type Registrar } from "./registrar/registrar.ts";
import type { ServerTransaction } from "./transaction/server.ts";
import { isUsOn, takeRoute } from "./route.ts";
import { showAddress } from "../ip.ts";
import type { Address, Flow } from "./transport/flow.ts";

/** A number that devices register for and call as. */
export interface Extension extends Identity {
  /** How many devices at once; a further one takes the place of the oldest (H1, H2). */
  readonly maxContacts: number;
  /** Over UDP answers go where its requests come from (true) or to the port in Via (false), whatever it asks for (H1). */
  readonly rport?: boolean;
}

/** Somebody was turned away, in a sentence that says why (X10). */
export interface Refusal {
  readonly extension: string;
  readonly from: string;
  readonly text: string;
}

/** Who calls without a password; undefined where that is nobody. */
export type Trusted = Caller | undefined;

export interface AdmissionOptions {
  readonly realm: string;
  readonly algorithms: readonly DigestAlgorithm[];
  readonly clock: Clock;
  readonly registrar: Registrar;
  readonly guard: Guard;
  readonly overload: Overload;
  /** Where we listen. */
  listening(): readonly Address[];
  /** Who calls without a password; later where DNS has to tell. Never rejects. */
  trusts(invite: SipRequest, flow: Flow): Trusted | Promise<Trusted>;
  /** Something of ours failed over a request that had to wait. */
  fault(error: unknown): void;
  refused(refusal: Refusal): void;
  /** A call that may come in. */
  call(request: SipRequest, transaction: ServerTransaction, caller: Caller): void;
  /** A text of somebody who may call (RFC 3428). */
  message(request: SipRequest, transaction: ServerTransaction, caller: Caller): void;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #authenticator: Authenticator;
  readonly #extensions = new Map<string, Extension>();
  readonly #tags = new Seal(randomBytes(32));
  readonly #salt = randomBytes(8).toString("hex");
  /** By login. */
  readonly #marks = new Map<string, string>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { realm, algorithms, clock } = options;
    const find = (login: string) => this.#extensions.get(login);
    this.#authenticator = new Authenticator({ realm, algorithms, clock, key: randomBytes(32), find });
  }

  /** Lets devices register and call as `extension`; the result ends that, and says whether it was still so. */
  add(extension: Extension): () => boolean {
    const { login } = extension;
    if (this.#extensions.has(login))
      throw giveUp("login-taken", `the login "${login}" is used twice: give one of the two another login`);
    this.#extensions.set(login, extension);
    // Not at each registration: a right password shall cost no more than a wrong one.
    this.#marks.set(login, markOf(this.#salt, extension));
    return () =>
      this.#extensions.get(login) === extension && this.#marks.delete(login) && this.#extensions.delete(login);
  }

  knows(number: string): boolean {
    return this.#numbered(number) !== undefined;
  }

  /** Whether a device that registered before may still be that number: not since its password is another one. */
  mayStay({ extension, mark }: Pick<Contact, "extension" | "mark">): boolean {
    const known = this.#numbered(extension);
    return !known || isMarkOf(mark, known);
  }

  /** How many devices may register for a number. */
  maxContacts(number: string): number {
    return this.#numbered(number)?.maxContacts ?? 0;
  }

  #numbered(number: string): Extension | undefined {
    return [...this.#extensions.values()].find(({ extension }) => extension === number);
  }

  /** Answers somebody who is not known yet, without keeping anything; not at all where the answer would be too long. */
  turnAway(
    request: SipRequest,
    transaction: ServerTransaction,
    status: number,
    headers: readonly (readonly [name: string, value: string])[] = [],
  ): void {
    const response = replyTo(request, status, this.#tagFor(request));
    for (const [name, value] of headers) response.add(name, value);
    transaction.dismiss(this.#options.guard.fit(response, request, transaction.flow));
  }

  /** A 400 for what could be read of a broken message. */
  turnAwayBroken(request: SipRequest, fault: string, flow: Flow): void {
    for (const phrase of [fault, phraseOf(400)]) {
      const response = this.#options.guard.fit(replyTo(request, 400, this.#tagFor(request), phrase), request, flow);
      if (response) return flow.send(response);
    }
  }

  /** Deals with a request outside a dialog. */
  handle(request: SipRequest, transaction: ServerTransaction): void {
    const { guard } = this.#options;
    const refuse = (status: number, ...headers: [string, string][]) =>
      this.turnAway(request, transaction, status, headers);
    if (guard.drops(request)) return transaction.dismiss(undefined);
    if (request.version !== "2.0") return refuse(505);
    const unsupported = unknownDemands(request, request.method === "REGISTER" ? understood : []);
    if (!outside.includes(request.method))
      return refuse(methods.includes(request.method) ? 405 : 501, ["Allow", allow]);
    const elsewhere = takeRoute(request, isUsOn(transaction.flow, this.#options.listening(), this.#options.realm));
    if (elsewhere !== undefined)
      return this.#refuse(
        ...([request, transaction, numberOf(request)] as const),
        `its Route leads to ${elsewhere.slice(0, 100)}, and we are no proxy for others: enter us as the only outbound proxy`,
      );
    if (/^(?!sips?:)[a-z][a-z0-9+.-]*:/i.test(request.uri)) return refuse(416);
    if (!parseUri(request.uri)) return refuse(400);
    if (unsupported.length > 0) return refuse(420, ["Unsupported", unsupported.join(", ")]);
    if (request.method === "OPTIONS") return refuse(200, ["Allow", allow], ["Accept", sdpType]);
    // A transfer belongs to a call: outside of one we place calls for nobody.
    if (request.method === "REFER") return refuse(403);
    if (request.method === "REGISTER") {
      const identity = this.#identify(request, transaction);
      return identity && this.#register(request, transaction, identity);
    }
    const { flow } = transaction;
    const trusted = flow.as === undefined ? this.#options.trusts(request, flow) : undefined;
    if (!(trusted instanceof Promise)) return this.#calls(request, transaction, trusted);
    transaction.cancelled = () => transaction.respond(transaction.reply(487, newTag()));
    trusted
      .then((found) => transaction.silent && this.#calls(request, transaction, found))
      .catch((error: unknown) => this.#options.fault(error));
  }

  #calls(request: SipRequest, transaction: ServerTransaction, trusted: Trusted): void {
    const { guard, overload } = this.#options;
    // Who is trusted was named by address or as our server elsewhere; all others must call from where callers may (A8).
    if (!trusted) {
      const may = guard.mayCallFrom(transaction.flow.remote.host);
      if (may !== true) return this.#notOnTheList(request, transaction, may, "its address");
    }
    const refuse = (status: number, ...headers: [string, string][]) =>
      this.turnAway(request, transaction, status, headers);
    // Before the password is worked out, but after all that hides us from strangers.
    const later = ["Retry-After", String(retryAfter)] as [string, string];
    if (request.method === "INVITE" && overload.turnsAway(request)) return refuse(503, later);
    const identity = trusted ? undefined : this.#identify(request, transaction);
    const caller = trusted ?? (identity && { kind: "extension", number: identity.extension });
    if (!caller) return;
    const may = guard.mayCallAs(caller.number);
    if (may !== true) return this.#notOnTheList(request, transaction, may, caller.number);
    if (request.method === "MESSAGE") return this.#options.message(request, transaction, caller);
    if (request.body.length > 0 && request.contentType !== sdpType) return refuse(415, ["Accept", sdpType]);
    if (!accepts(request, sdpType)) return refuse(406);
    if (overload.turnsAway(request, caller.number)) return refuse(503, later);
    this.#options.call(request, transaction, caller);
  }

  /**
   * Whether a request inside a call is of who talks in it, though it comes from another machine: a device that has changed its
   * network shows its password, and a server of ours is known. Answers it where not.
   */
  vouches(request: SipRequest, transaction: ServerTransaction, call: Call): boolean {
    const { extension } = call;
    const identity = extension === undefined ? undefined : this.#identify(request, transaction);
    const asks = extension === undefined && transaction.flow.as === undefined;
    const trusted = asks ? this.#options.trusts(request, transaction.flow) : undefined;
    const isServer = trusted !== undefined && !(trusted instanceof Promise) && trusted.kind === "account";
    const isPeer = isServer || (identity !== undefined && identity.extension === extension);
    if (isPeer) call.moved(request, transaction.flow);
    else if (identity || extension === undefined)
      this.#refuse(request, transaction, numberOf(request), "the call is with another machine");
    return isPeer;
  }

  #identify(request: SipRequest, transaction: ServerTransaction): Identity | undefined {
    const { guard } = this.#options;
    const { flow } = transaction;
    if (flow.as !== undefined) return this.#proven(request, transaction, flow.as);
    const { host } = flow.remote;
    const verdict = this.#authenticator.check(request, host);
    if (verdict.kind === "ask") {
      const response = replyTo(request, 401, this.#tagFor(request));
      this.#authenticator.challenge(response, verdict.stale, host);
      transaction.dismiss(guard.fit(response, request, flow));
      return undefined;
    }
    const { login } = verdict.kind === "known" ? verdict.identity : verdict;
    if (guard.isBannedAs(flow.remote, login)) {
      transaction.dismiss(undefined);
      return undefined;
    }
    if (verdict.kind === "known") {
      guard.right(flow.remote);
      return verdict.identity;
    }
    const silent = guard.silences(flow.remote);
    guard.wrong(flow.remote, login, verdict.why, verdict.response);
    if (silent) transaction.dismiss(undefined);
    else this.#wrong(request, transaction, verdict);
    return undefined;
  }

  /** Who was proven before the first message is that extension and no other, and answers calls: it begins none. */
  #proven(request: SipRequest, transaction: ServerTransaction, as: string): Identity | undefined {
    const identity = this.#numbered(as);
    if (identity && request.method === "REGISTER") return identity;
    const why = identity ? "a page answers calls and begins none" : `there is no extension ${as} to answer as`;
    this.#refuse(request, transaction, as, why);
    return undefined;
  }

  #wrong(request: SipRequest, transaction: ServerTransaction, verdict: Verdict & { kind: "wrong" }): void {
    const number = numberOf(request);
    const what =
      verdict.why === "login"
        ? `no extension here has the login "${verdict.login}"`
        : `wrong password for "${verdict.login}"`;
    const hint =
      verdict.why === "login" && this.knows(number) ? `: ${number} exists, but its login is another one` : "";
    this.#refuse(request, transaction, number, what + hint);
  }

  #register(request: SipRequest, transaction: ServerTransaction, identity: Identity): void {
    const address = parseUri(request.to?.uri ?? "");
    // RFC 3261 §10.3: what is registered is a SIP or SIPS URI.
    if (!address || address.scheme === "tel") return this.turnAway(request, transaction, 400);
    const number = unescaped(address.user);
    if (number !== identity.extension && number !== identity.login)
      return this.#refuse(
        request,
        transaction,
        number,
        `${number} authenticates as "${identity.login}", which is ${identity.extension}`,
      );
    const { maxContacts } = identity as Extension;
    const { extension } = identity;
    const mark = transaction.flow.as === undefined ? this.#marks.get(identity.login) : undefined;
    this.#options.registrar.handle(request, transaction, { extension, maxContacts, mark });
  }

  #refuse(request: SipRequest, transaction: ServerTransaction, extension: string, why: string): void {
    this.turnAway(request, transaction, 403);
    this.#tellRefused(request, transaction.flow, extension, why);
  }

  #notOnTheList(request: SipRequest, transaction: ServerTransaction, how: "silent" | "forbidden", what: string): void {
    if (how === "forbidden") this.turnAway(request, transaction, 403);
    else transaction.dismiss(undefined);
    const why = `${what} is not in the list of those who may call`;
    this.#tellRefused(request, transaction.flow, numberOf(request), why);
  }

  #tellRefused(request: SipRequest, flow: Flow, extension: string, why: string): void {
    const from = showAddress(flow.remote);
    this.#options.refused({ extension, from, text: `${request.method} from ${from} refused: ${why}` });
  }

  // Without a transaction the same request must get the same tag each time (RFC 3261 §8.2.7).
  #tagFor(request: SipRequest): string {
    const marks = [request.via?.params.get("branch") ?? "", request.callId, request.fromTag, request.get("cseq") ?? ""];
    return this.#tags.of(marks.join("|")).slice(0, 10);
  }
}

// The methods that exist (RFC 3261 §21.4.6: known, but not offered) beside those of which nobody has heard (§21.5.2).
const methods = "ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE".split(
  " ",
);

/** Whether an answer of that type may be given (RFC 3261 §20.1); without Accept all that is usual. */
function accepts(request: SipRequest, type: string): boolean {
  const ranges = request.list("accept").map((range) => range.split(";")[0]?.trim().toLowerCase());
  const wide = `${type.split("/")[0] ?? ""}/*`;
  return ranges.length === 0 || ranges.some((range) => range === type || range === wide || range === "*/*");
}

/** Who a request says it comes from. */
export const numberOf = (request: SipRequest): string =>
  unescaped(parseUri((request.method === "REGISTER" ? request.to : request.from)?.uri ?? "")?.user ?? "");
