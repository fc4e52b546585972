// One request on its way: target after target until one answers (RFC 3263 §4.3), and once more with an answer to a
// challenge (RFC 3261 §22.2). Each try is a transaction of its own with a new branch. A target that says nothing is not
// waited for to the end where there is another one (docs/decisions/026).
import { randomBytes } from "node:crypto";
import type { Cancel, Clock } from "../../clock.ts";
import { authorize, parseChallenges, strongest } from "../../digest.ts";
import { sentence, tryAgain, PorteroError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import { SipRequest, type SipResponse } from "../message/message.ts";
import type { ClientHandlers, ClientTransaction } from "../transaction/client.ts";
import type { TransactionLayer } from "../transaction/layer.ts";
import { showAddress } from "../../ip.ts";
import type { Flow } from "../transport/flow.ts";

export interface ClientCredentials {
  readonly username: string;
  readonly password: Secret;
}

/** Where a request goes: a flow that stands, or a URI to be resolved into flows. */
export type Way = Flow | string;

export interface Sender {
  readonly clock: Clock;
  readonly transactions: TransactionLayer;
  /** What we call ourselves in our requests. */
  readonly userAgent: string;
  flowsTo(uri: string): Promise<Flow[]>;
  /** Nothing came back by this flow: others are tried before it for a while. */
  unreached(flow: Flow): void;
}

export interface SendOptions {
  readonly credentials?: ClientCredentials;
  /** The CSeq number for the next try; RFC 3261 §8.1.3.5 wants a higher one after a challenge. */
  nextSeq(): number;
  /** Writes what depends on the way (Contact, Route, SDP), before each try. */
  dress?(request: SipRequest, flow: Flow): void;
  /** The last target is left after so long in silence, too; it has its whole time where it is absent. */
  readonly lastMs?: number | undefined;
  /** Others are tried once this fails, beyond the ways that are known here. */
  readonly further?: boolean;
  /** What comes for an INVITE from a target that was given up meanwhile. */
  late?(response: SipResponse, transaction: ClientTransaction): void;
  /** Changes a refused request into one that may be taken; false where it stays refused. */
  readonly change?: (request: SipRequest, refusal: SipResponse) => boolean;
}

/** A target that has said nothing for so long is left where there is another one: four INVITEs by UDP. */
const silentMs = 4_000;
/** Somebody waits for these. Others may be worked on in silence for longer (RFC 4320 §4.1). */
const urgent: readonly string[] = ["INVITE", "REGISTER"];

/** So often a refused request is changed and sent again. */
const mostChanges = 3;

const none: ReadonlyMap<number, number> = new Map();

export class Sending {
  /** The transaction of the running try. */
  transaction: ClientTransaction | undefined;
  readonly #sender: Sender;
  readonly #handlers: ClientHandlers;
  readonly #options: SendOptions;
  #request: SipRequest;
  #flows: Flow[] = [];
  /** Challenges answered: those of a proxy and of the server behind it are told apart by their status. */
  #answered = none;
  #changes = 0;
  #last = false;
  #silent: Cancel = () => {};
  #stopped = false;

  constructor(
    sender: Sender,
    request: SipRequest,
    way: Way | readonly Flow[],
    handlers: ClientHandlers,
    options: SendOptions,
  ) {
    this.#sender = sender;
    this.#request = request;
    this.#handlers = handlers;
    this.#options = options;
    if (typeof way !== "string") this.#start("send" in way ? [way] : [...way]);
    else
      sender.flowsTo(way).then(
        (flows) => this.#start(flows),
        (error: unknown) =>
          this.#give(
            error instanceof PorteroError ? error : tryAgain("unreachable", sentence(error), { cause: error }),
          ),
      );
  }

  /** No further try, and no further word from this one. */
  stop(): void {
    this.#stopped = true;
    this.#silent();
    this.transaction?.terminate();
  }

  /** No further try: what comes for the running one is passed on as it is. */
  lastTry(): void {
    this.#last = true;
    this.#silent();
    this.#flows = [];
  }

  #start(flows: Flow[]): void {
    this.#flows = flows;
    // An error is dear to make, and hardly ever wanted here.
    this.#next(() => tryAgain("unreachable", `there is no way to ${this.#request.uri}`));
  }

  #next(failure: () => PorteroError): void {
    const flow = this.#flows.shift();
    if (flow) this.#try(flow);
    else this.#give(failure());
  }

  #try(flow: Flow): void {
    if (this.#stopped) return;
    this.#options.dress?.(this.#request, flow);
    const transaction = (this.transaction = this.#sender.transactions.send(copyOf(this.#request), flow, {
      response: (response) => {
        if (transaction === this.transaction) this.#response(response, flow);
        else this.#options.late?.(response, transaction);
      },
      failed: (error) => {
        if (transaction === this.transaction) this.#failed(flow, () => error);
      },
    }));
    this.#silent();
    const { further, lastMs } = this.#options;
    const ms = this.#flows.length > 0 || further ? silentMs : lastMs;
    if (ms !== undefined && urgent.includes(this.#request.method))
      this.#silent = this.#sender.clock.after(ms, () => this.#leave(transaction, flow, ms));
  }

  #leave(transaction: ClientTransaction, flow: Flow, ms: number): void {
    if (transaction.heard) return;
    this.transaction = undefined;
    // An INVITE may still ring somewhere, which somebody has to take back.
    if (!this.#options.late) transaction.terminate();
    const { method } = this.#request;
    this.#failed(flow, () =>
      tryAgain("no-answer", `${showAddress(flow.remote)} did not answer ${method} within ${ms / 1000} s`),
    );
  }

  #failed(flow: Flow, failure: () => PorteroError): void {
    this.#silent();
    this.#sender.unreached(flow);
    this.#next(failure);
  }

  #response(response: SipResponse, flow: Flow): void {
    this.#silent();
    if (response.status === 503 && this.#flows.length > 0)
      return this.#failed(flow, () => tryAgain("unavailable", `503 ${response.reason}`));
    const again = this.#withAnswer(response) ?? this.#changed(response);
    if (!again) return this.#handlers.response(response);
    this.#request = again;
    this.#try(flow);
  }

  #changed(response: SipResponse): SipRequest | undefined {
    const { change } = this.#options;
    if (!change || this.#last || response.status < 400 || this.#changes >= mostChanges) return undefined;
    // An answer to a challenge is good for one request only (RFC 7616 §3.4): the changed one is challenged anew.
    const again = copyOf(this.#request, "authorization", "proxy-authorization");
    if (!change(again, response)) return undefined;
    this.#changes++;
    this.#answered = none;
    return again.set("CSeq", `${this.#options.nextSeq()} ${again.method}`);
  }

  #withAnswer(response: SipResponse): SipRequest | undefined {
    const { credentials } = this.#options;
    const { status } = response;
    if (!credentials || this.#last || (status !== 401 && status !== 407)) return undefined;
    const proxy = status === 407;
    const offered = parseChallenges(response.all(proxy ? "proxy-authenticate" : "www-authenticate"));
    // Basic would send the password in the clear: RFC 3261 §22 forbids it.
    const challenge = strongest(offered.filter(({ scheme }) => scheme === "digest"));
    if (!challenge) return undefined;
    // A second challenge means that the answer was wrong, unless it says that only the nonce was old; three is enough.
    const stale = challenge.scheme === "digest" && challenge.stale;
    const answered = this.#answered.get(status) ?? 0;
    if (answered >= (stale ? 3 : 1)) return undefined;
    this.#answered = new Map([...this.#answered, [status, answered + 1]]);
    const { method, uri } = this.#request;
    const again = copyOf(this.#request);
    again.set("CSeq", `${this.#options.nextSeq()} ${method}`);
    const cnonce = randomBytes(8).toString("hex");
    const password = credentials.password.reveal();
    const value = authorize(challenge, { username: credentials.username, password, method, uri, count: 1, cnonce });
    return again.set(proxy ? "Proxy-Authorization" : "Authorization", value);
  }

  #give(error: PorteroError): void {
    if (!this.#stopped) this.#handlers.failed(error);
  }
}

/** The request without the Via of an earlier try, and without what else is named. */
function copyOf(request: SipRequest, ...without: string[]): SipRequest {
  const copy = new SipRequest(request.method, request.uri);
  for (const header of request.headers) if (header.key !== "via" && !without.includes(header.key)) copy.share(header);
  copy.body = request.body;
  return copy;
}
