// All transactions of an endpoint, found by the keys of RFC 3261 §17.1.3 and §17.2.3. It hands new requests upward with
// their server transaction; dialogs are somebody else's.
import type { Clock } from "../../clock.ts";
import { keyOf } from "../key.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { newBranch, newTag } from "../message/reply.ts";
import type { Via } from "../message/headers.ts";
import { writeHost } from "../../ip.ts";
import { defaultPort, type Flow } from "../transport/flow.ts";
import { ClientTransaction, type ClientHandlers } from "./client.ts";
import { ServerTransaction, type ServerOwner } from "./server.ts";

export interface Upper {
  request(request: SipRequest, transaction: ServerTransaction): void;
  /** A CANCEL of nothing that waits here. */
  stray(cancel: SipRequest, transaction: ServerTransaction): void;
  /** An ACK that belongs to no transaction: it acknowledges a 2xx (RFC 3261 §13.3.1.4). */
  ack(request: SipRequest, flow: Flow): void;
  /** Over UDP: whether answers go where the request came from; undefined = as it asks. */
  answersToSource?(request: SipRequest): boolean | undefined;
  /** The flow to an address, for responses that must not go back where the request came from. */
  flowTo(flow: Flow, host: string, port: number): Flow;
}

const cookie = "z9hG4bK";

export class TransactionLayer {
  readonly #clock: Clock;
  readonly #upper: Upper;
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();
  /** Requests without a To tag, as long as their transactions last, to find merged ones (RFC 3261 §8.2.2.2). */
  readonly #open = new Map<string, ServerTransaction>();
  // One for all transactions: what each would have of its own lives on for half a minute after its call.
  readonly #owner: ServerOwner;
  readonly #ended = ({ key }: ClientTransaction) => void this.#clients.delete(key);

  constructor(clock: Clock, upper: Upper) {
    this.#clock = clock;
    this.#upper = upper;
    this.#owner = {
      // A broken connection is replaced by a new one to the address in Via (RFC 3261 §18.2.2).
      anotherFlow: ({ flow, viaPort }) => upper.flowTo(flow, flow.remote.host, viaPort ?? defaultPort(flow.transport)),
      ended: (transaction) => {
        this.#servers.delete(transaction.key);
        if (this.#open.get(transaction.mergeKey) === transaction) this.#open.delete(transaction.mergeKey);
      },
    };
  }

  /** Transactions that are alive: 0 when all has ended. */
  get size(): number {
    return this.#servers.size + this.#clients.size;
  }

  /** Sends a request with a new branch. Via is written here, since only the flow knows our address. */
  send(request: SipRequest, flow: Flow, handlers: ClientHandlers, branch = newBranch()): ClientTransaction {
    addVia(request, flow, branch);
    const key = keyOf(branch, request.method);
    const transaction = new ClientTransaction(key, request, flow, this.#clock, handlers, this.#ended);
    this.#clients.set(key, transaction);
    return transaction;
  }

  /** Says whether it was waited for: then who sent it has got what we sent to him. */
  receiveResponse(response: SipResponse): boolean {
    // A response that does not carry our Via is not ours (RFC 3261 §18.1.2); one that fits no transaction is late.
    const key = keyOf(response.via?.params.get("branch") ?? "", response.cseq?.method ?? "");
    // More than one Via: it was meant to be passed on by somebody else (§8.1.3.3).
    const transaction = response.several("via") ? undefined : this.#clients.get(key);
    transaction?.receive(response);
    return transaction !== undefined;
  }

  receiveRequest(request: SipRequest, flow: Flow): void {
    const via = request.via;
    if (!via) return;
    const back = this.#markVia(request, via, flow);
    const key = serverKey(request, via, request.method === "ACK" ? "INVITE" : request.method);
    const known = this.#servers.get(key);
    const isElsewhere = request.method === "ACK" && known?.flow.remote.host !== flow.remote.host;
    if (known && !isElsewhere) return known.again(request);
    if (request.method === "ACK") return this.#upper.ack(request, flow);
    if (request.method === "CANCEL") return this.#cancel(request, via, key, back);
    const mergeKey = mergeKeyOf(request);
    const twin = this.#open.get(mergeKey);
    const transaction = this.#serve(key, request, back, mergeKey);
    if (twin && !twin.challenged) return transaction.respond(transaction.reply(482, newTag()));
    if (mergeKey) this.#open.set(mergeKey, transaction);
    this.#upper.request(request, transaction);
  }

  /** What was sent on a connection that is no more and not heard of since, fails (RFC 3261 §18.4). */
  flowClosed(flow: Flow): void {
    for (const transaction of [...this.#clients.values()]) if (transaction.flow === flow) transaction.flowClosed();
  }

  /** Ends everything at once, without a word to anybody. */
  close(): void {
    for (const transaction of [...this.#servers.values(), ...this.#clients.values()]) transaction.terminate();
  }

  #serve(key: string, request: SipRequest, flow: Flow, mergeKey: string): ServerTransaction {
    const transaction = new ServerTransaction(key, mergeKey, request, flow, this.#clock, this.#owner);
    this.#servers.set(key, transaction);
    return transaction;
  }

  #cancel(request: SipRequest, via: Via, key: string, flow: Flow): void {
    const invite = this.#servers.get(serverKey(request, via, "INVITE"));
    const transaction = this.#serve(key, request, flow, "");
    // Whoever has read an INVITE on its way could end the call: a CANCEL must come from where its INVITE came from.
    if (invite?.flow.remote.host !== flow.remote.host) return this.#upper.stray(request, transaction);
    transaction.respond(transaction.reply(200, newTag()));
    if (!invite.answered) invite.cancelled?.(request);
  }

  // RFC 3261 §18.2.1 and RFC 3581 §4: note where the request really came from; the answer goes there, or, for a UDP
  // client that did not ask for rport, to the port it named.
  #markVia(request: SipRequest, via: Via, flow: Flow): Flow {
    const { host, port } = flow.remote;
    const rport = via.params.has("rport");
    const params = new Map(via.params);
    if (rport) params.set("rport", String(port));
    if (rport || via.host !== host) params.set("received", host);
    request.replaceVia({ ...via, params });
    const named = via.port ?? 5060;
    if (flow.reliable || named === port) return flow;
    return (this.#upper.answersToSource?.(request) ?? rport) ? flow : this.#upper.flowTo(flow, host, named);
  }
}

/** Puts our own Via on top. */
export function addVia(request: SipRequest, flow: Flow, branch: string): void {
  const { host, port } = flow.sentBy;
  const rport = flow.reliable ? "" : ";rport";
  request.prepend("Via", `SIP/2.0/${flow.transport} ${writeHost(host)}:${port};branch=${branch}${rport}`);
}

/**
 * What a request has in common with its copies that a proxy has forked (RFC 3261 §8.2.2.2); empty inside of a dialog. From
 * and To stay whole when it forks: two devices that were switched on in the same second, and draw their tags and Call-IDs
 * by the clock, are no copies of each other.
 */
function mergeKeyOf(request: SipRequest): string {
  if (request.toTag) return "";
  return keyOf(request.fromTag, request.callId, request.get("cseq"), request.from?.uri, request.to?.uri);
}

function serverKey(request: SipRequest, via: Via, method: string): string {
  const branch = via.params.get("branch") ?? "";
  if (branch.startsWith(cookie) && branch !== cookie) return keyOf(branch, via.host, via.port, method);
  // A client of RFC 2543: no unique branch, so the message's own marks are the key.
  const tag = method === "INVITE" ? "" : request.toTag;
  const cseq = request.cseq?.number ?? 0;
  return keyOf("2543", request.fromTag, tag, request.callId, cseq, via.host, via.port, method);
}
