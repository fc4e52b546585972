// Who may do what: requests outside a dialog are checked here before anything happens on their behalf. RFC 3261 §8.2, §22.
import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { DigestAlgorithm } from "../digest.ts";
import { giveUp } from "../errors.ts";
import { Authenticator, type Identity } from "./auth/authenticator.ts";
import { sdpType } from "./dialog/call.ts";
import type { Caller } from "./dialog/caller.ts";
import { allow, supported, unknownDemands } from "./extensions.ts";
import type { SipRequest } from "./message/message.ts";
import { newTag } from "./message/reply.ts";
import { parseUri, plainUser } from "./message/uri.ts";
import { understood, type Registrar } from "./registrar/registrar.ts";
import type { ServerTransaction } from "./transaction/server.ts";
import { showAddress, type Flow } from "./transport/flow.ts";

/** A number that devices register for and call as. */
export interface Extension extends Identity {
  /** How many devices at once; a further one takes the place of the oldest (H1, H2). */
  readonly maxContacts: number;
}

/** Somebody was turned away, in a sentence that says why (X10). */
export interface Refusal {
  readonly extension: string;
  readonly from: string;
  readonly text: string;
}

export interface AdmissionOptions {
  readonly realm: string;
  readonly algorithms: readonly DigestAlgorithm[];
  readonly clock: Clock;
  readonly registrar: Registrar;
  trusts(invite: SipRequest, flow: Flow): Caller | undefined;
  refused(refusal: Refusal): void;
  /** A call that may come in. */
  call(request: SipRequest, transaction: ServerTransaction, caller: Caller): void;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #authenticator: Authenticator;
  readonly #extensions = new Map<string, Extension>();

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
    return () => this.#extensions.get(login) === extension && this.#extensions.delete(login);
  }

  knows(number: string): boolean {
    return [...this.#extensions.values()].some(({ extension }) => extension === number);
  }

  /** Deals with a request outside a dialog. */
  handle(request: SipRequest, transaction: ServerTransaction): void {
    const refuse = (status: number, header?: [string, string]) => {
      const response = transaction.reply(status, newTag());
      if (header) response.add(...header);
      transaction.respond(response);
    };
    const unsupported = unknownDemands(request, request.method === "REGISTER" ? understood : []);
    if (!["INVITE", "REGISTER", "OPTIONS"].includes(request.method)) return refuse(405, ["Allow", allow]);
    if (!/^sips?:/i.test(request.uri)) return refuse(416);
    if (unsupported.length > 0) return refuse(420, ["Unsupported", unsupported.join(", ")]);
    if (request.method === "OPTIONS") {
      const response = transaction.reply(200, newTag()).add("Allow", allow).add("Supported", supported);
      return transaction.respond(response.add("Accept", sdpType));
    }
    const trusted = request.method === "INVITE" ? this.#options.trusts(request, transaction.flow) : undefined;
    const identity = trusted ? undefined : this.#identify(request, transaction);
    if (request.method === "REGISTER") return identity && this.#register(request, transaction, identity);
    const caller = trusted ?? (identity && { kind: "extension", number: identity.extension });
    if (!caller) return;
    if (request.body.length > 0 && request.contentType !== sdpType) return refuse(415, ["Accept", sdpType]);
    this.#options.call(request, transaction, caller);
  }

  #identify(request: SipRequest, transaction: ServerTransaction): Identity | undefined {
    const verdict = this.#authenticator.check(request);
    if (verdict.kind === "known") return verdict.identity;
    if (verdict.kind === "ask") {
      const response = transaction.reply(401, newTag());
      this.#authenticator.challenge(response, verdict.stale);
      transaction.respond(response);
      return undefined;
    }
    const number = numberOf(request);
    const what =
      verdict.why === "login"
        ? `no extension here has the login "${verdict.login}"`
        : `wrong password for "${verdict.login}"`;
    const hint =
      verdict.why === "login" && this.knows(number) ? `: ${number} exists, but its login is another one` : "";
    this.#refuse(request, transaction, number, what + hint);
    return undefined;
  }

  #register(request: SipRequest, transaction: ServerTransaction, identity: Identity): void {
    const number = plainUser(parseUri(request.to?.uri ?? "")?.user ?? "");
    if (number !== identity.extension && number !== identity.login)
      return this.#refuse(
        request,
        transaction,
        number,
        `${number} authenticates as "${identity.login}", which is ${identity.extension}`,
      );
    const { maxContacts } = identity as Extension;
    this.#options.registrar.handle(request, transaction, { extension: identity.extension, maxContacts });
  }

  #refuse(request: SipRequest, transaction: ServerTransaction, extension: string, why: string): void {
    transaction.respond(transaction.reply(403, newTag()));
    const from = showAddress(transaction.flow.remote);
    this.#options.refused({ extension, from, text: `${request.method} from ${from} refused: ${why}` });
  }
}

const numberOf = (request: SipRequest): string =>
  plainUser(parseUri((request.method === "REGISTER" ? request.to : request.from)?.uri ?? "")?.user ?? "");
