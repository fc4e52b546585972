// Our SIP side: listening sockets, who may register and call, and the calls. It hands authenticated calls upward and
// knows nothing of visits, media or doors.
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { systemClock, type Cancel, type Clock } from "../clock.ts";
import { giveUp, tryAgain, type PorteroError } from "../errors.ts";
import { showAddress, canonicalHost } from "../ip.ts";
import type { DigestAlgorithm } from "../digest.ts";
import { Admission, numberOf, type AdmissionOptions, type Extension, type Refusal } from "./admission.ts";
import { cause, q850 } from "./causes.ts";
import type { Call, CallHost } from "./dialog/call.ts";
import { IncomingCall } from "./dialog/incoming.ts";
import { OutgoingCall, type OutgoingOptions } from "./dialog/outgoing.ts";
import type { Replaces } from "./dialog/replaces.ts";
import { usualCalls, type CallSettings } from "./dialog/settings.ts";
import { Guard } from "./guard/guard.ts";
import { keyOf } from "./key.ts";
import type { SipRequest, SipResponse } from "./message/message.ts";
import { Overload, type OverloadLimits } from "./guard/overload.ts";
import { receiveText, type PagerMessage } from "./pager.ts";
import { placeOf } from "./registrar/contact.ts";
import { Location, type Contact } from "./registrar/location.ts";
import { Qualifier, type Qualify } from "./registrar/qualify.ts";
import { Registrar, usualExpiry, type Expiry } from "./registrar/registrar.ts";
import type { ClientCredentials } from "./request/send.ts";
import { systemDns, type Dns } from "./resolve/dns.ts";
import { Ways } from "./resolve/ways.ts";
import { Trace, type TraceLimits } from "./trace/trace.ts";
import { TransactionLayer } from "./transaction/layer.ts";
import type { ServerTransaction } from "./transaction/server.ts";
import {
  type Address,
  type Flow,
  type Inbound,
  type ListenerOptions,
  type Transport,
  type TransportName,
} from "./transport/flow.ts";
import { Handed, type Handing } from "./transport/handed.ts";
import { localAddressFor, namedAs } from "./transport/local.ts";
import { listenOnAll, listenOnSockets, type Listen } from "./transport/listen.ts";

export type { Extension, Refusal } from "./admission.ts";

export interface EndpointOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly realm?: string;
  /** In the order in which they are offered. */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** Limits, bans, who may call: as `checkGuard` takes them. */
  readonly guard?: unknown;
  readonly expiry?: Expiry;
  readonly userAgent?: string;
  /** How much of what comes and leaves is kept to be looked at. */
  readonly trace?: TraceLimits;
  readonly calls?: Partial<CallSettings>;
  readonly clock?: Clock;
  readonly dns?: Dns;
  /** From 0 up to, not including, 1: for the weights of SRV records and the times of questions. */
  readonly random?: () => number;
  /** How the devices of an extension are asked whether they are there. */
  readonly qualify?: (extension: string) => Qualify;
  /** How listeners are opened; sockets of this machine where it is absent. */
  readonly listen?: Listen;
  /** Whose INVITE by this flow is taken without a challenge: a device trusts the server that it is registered at. */
  readonly trusts?: AdmissionOptions["trusts"];
  /** What answers a challenge to our requests in the call that this INVITE begins. */
  readonly credentialsIn?: (invite: SipRequest, flow: Flow) => ClientCredentials | undefined;
  /** How many calls are taken. */
  readonly overload?: OverloadLimits;
}

/** The contacts of an extension that was taken away are kept this long. */
export const goneAfterMs = 30_000;

export interface EndpointEvents {
  call: [call: IncomingCall];
  /** A text outside a call. */
  message: [message: PagerMessage];
  refused: [refusal: Refusal];
  malformed: [fault: string, from: string];
  /** Calls are turned away because there are too many. */
  overloaded: [text: string];
  /** Something of ours failed over a message; the message is lost, the endpoint goes on. */
  fault: [error: unknown];
  /** A transport says what is wrong beside messages: a certificate that expires, a device that does not trust ours. */
  trouble: [error: PorteroError];
}

export class Endpoint extends EventEmitter<EndpointEvents> implements CallHost {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly callSettings: CallSettings;
  readonly random: () => number;
  readonly location: Location;
  readonly qualifier: Qualifier;
  readonly transactions: TransactionLayer;
  readonly trace: Trace;
  readonly guard: Guard;
  readonly #options: EndpointOptions;
  readonly #ways: Ways;
  readonly #admission: Admission;
  readonly #overload: Overload;
  readonly #calls = new Map<string, Call>();
  readonly #graces = new Set<Cancel>();
  /** The extensions whose answers go another way than they ask for. */
  readonly #rports = new Map<string, boolean>();
  #transports: Transport[] = [];
  #handed: Handed | undefined;
  /** Where it listens. */
  #listening: readonly Address[] = [];
  #running = false;

  constructor(options: EndpointOptions) {
    super();
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.userAgent = options.userAgent ?? "Portero";
    this.callSettings = { ...usualCalls, ...options.calls };
    this.random = options.random ?? Math.random;
    this.#ways = new Ways({
      ...{ clock: this.clock, dns: options.dns ?? systemDns(), random: this.random },
      transports: () => this.#transports,
    });
    this.location = new Location(this.clock);
    this.trace = new Trace(this.clock, options.trace);
    this.#overload = new Overload(this.clock, options.overload ?? {}, (text) => this.emit("overloaded", text));
    const expiry = options.expiry ?? usualExpiry;
    this.guard = new Guard({
      ...{ clock: this.clock, settings: options.guard },
      registeredAt: (host) => this.location.contacts().some(({ flow }) => flow.remote.host === host),
    });
    const { realm = "portero", algorithms = ["MD5"] } = options;
    this.#admission = new Admission({
      ...{ realm, algorithms, clock: this.clock, guard: this.guard, overload: this.#overload },
      listening: () => this.#listening,
      trusts: (invite, flow) => options.trusts?.(invite, flow),
      registrar: new Registrar(this.location, this.clock, expiry),
      refused: (refusal) => this.emit("refused", refusal),
      fault: (error) => this.emit("fault", error),
      call: (request, transaction, caller) => {
        const credentials = options.credentialsIn?.(request, transaction.flow);
        const call = IncomingCall.of(this, request, transaction, caller, credentials);
        if (!call) return;
        this.#overload.takes(call);
        try {
          if (!this.emit("call", call)) call.reject(480);
        } catch (error) {
          call.failed();
          throw error;
        }
        call.trying();
      },
      message: (request, transaction, from) =>
        receiveText(request, transaction, from, (message) => this.emit("message", message)),
    });
    this.transactions = new TransactionLayer(this.clock, {
      request: (request, transaction) => this.#request(request, transaction),
      stray: (cancel, transaction) => this.#admission.turnAway(cancel, transaction, 481),
      ack: (request, flow) => {
        const call = this.#calls.get(keyOf(request.callId, request.toTag));
        if (call) this.#whetherPeer(call, request, flow, (isPeer) => isPeer && call.acknowledge(request));
      },
      answersToSource: (request) => (this.#rports.size === 0 ? undefined : this.#rports.get(numberOf(request))),
      flowTo: (flow, host, port) => flow.reach({ host, port }),
    });
    this.qualifier = new Qualifier(this);
  }

  /** Where it listens, with the ports that were found for 0, and what certificate it shows there (SHA-256). */
  get addresses(): { transport: string; address: string; port: number; fingerprint?: string }[] {
    return this.#transports.flatMap(({ name, address, fingerprint }) => {
      if (!address) return [];
      const place = { transport: name.toLowerCase(), address: address.host, port: address.port };
      return fingerprint === undefined ? [place] : [{ ...place, fingerprint }];
    });
  }

  /** Calls that are not over; 0 transactions and 0 calls mean that nothing is left. */
  get calls(): number {
    return this.#calls.size;
  }

  /**
   * Opens the listeners, all or none.
   * @throws PorteroError `port-busy`, `port-forbidden`, `no-such-address`, `cannot-listen`; with TLS also `tls-file`,
   * `tls-certificate`, `tls-key`, `tls-ca`, `bad-pin`
   */
  async start(): Promise<void> {
    const listen = this.#options.listen ?? listenOnSockets(this.clock);
    const inbound: Inbound = {
      seen: (direction, data, flow) => this.trace.note(direction, data, flow),
      admits: (remote) => this.guard.admits(remote),
      message: (message, flow) =>
        this.#guarded(() => {
          if (!this.#running) return;
          if ("method" in message) this.transactions.receiveRequest(message, flow);
          else if (this.transactions.receiveResponse(message)) this.guard.answered(flow.remote);
        }),
      malformed: (fault, flow, message) => this.#guarded(() => this.#malformed(fault, flow, message)),
      closed: (flow) => {
        this.transactions.flowClosed(flow);
        this.location.flowClosed(flow);
      },
      knows: ({ host, port }) =>
        this.location.contacts().some(({ flow: { remote } }) => remote.port === port && remote.host === host),
      proven: (remote) => this.guard.isProven(remote),
      trouble: (error) => this.emit("trouble", error),
    };
    this.#transports = await listenOnAll(this.#options.listeners, (options) => listen(options, inbound));
    this.#listening = this.#transports.flatMap(({ address }) => address ?? []);
    const [[first = {}], [bound = { host: "", port: 5060 }]] = [this.#options.listeners, this.#listening];
    this.#handed = new Handed(inbound, this.clock, namedAs(first, bound, localAddressFor));
    this.#running = true;
  }

  /** Frees every socket and timer. Calls end without a word; who wants to say BYE does so before. */
  async close(): Promise<void> {
    this.#running = false;
    for (const call of this.#calls.values()) call.abandon();
    this.#calls.clear();
    this.transactions.close();
    this.location.close();
    this.guard.close();
    this.qualifier.close();
    for (const cancel of this.#graces) cancel();
    this.#graces.clear();
    const transports = [...this.#transports, ...(this.#handed ? [this.#handed] : [])];
    this.#transports = [];
    this.#handed = undefined;
    await Promise.all(transports.map((transport) => transport.close()));
  }

  /**
   * Takes a WebSocket from somebody else's HTTP server, which has made sure of who comes; the result ends it.
   * @throws PorteroError `not-started`, `too-many`
   */
  handOver(request: IncomingMessage, socket: Duplex, head: Buffer, handing: Handing): () => void {
    if (!this.#handed) throw tryAgain("not-started", "the endpoint does not listen yet");
    // A connection that has died is known as dead only a while after its page has come back.
    const most = 2 * this.#admission.maxContacts(handing.as);
    return this.#handed.take(request, socket, head, handing, most);
  }

  /** Ends the calls of a door's pages, which are told why. */
  hangUpPages(door: string, why: string): void {
    for (const call of this.#calls.values()) if (call.flow?.page === door) call.hangUp(q850(cause.normal, why));
  }

  /** Lets devices register for a number. The login must be free (see the number plan for numbers). */
  addExtension(extension: Extension): () => void {
    const remove = this.#admission.add(extension);
    // Whoever was given another password, or is somebody else now, has to show that first.
    for (const contact of this.location.contacts(extension.extension))
      if (!this.mayStay(contact)) this.location.drop(contact, "removed");
    if (extension.rport !== undefined) this.#rports.set(extension.extension, extension.rport);
    return () => {
      if (!remove()) return;
      this.#rports.delete(extension.extension);
      // A redeployed flow brings the extension back at once; its devices would not register again for an hour.
      const grace = this.clock.after(goneAfterMs, () => {
        this.#graces.delete(grace);
        if (!this.#admission.knows(extension.extension)) this.location.remove(extension.extension);
      });
      this.#graces.add(grace);
    };
  }

  mayStay(contact: Pick<Contact, "extension" | "mark">): boolean {
    return this.#admission.mayStay(contact);
  }

  /** Calls a registered contact, at once while its flow is open. */
  callContact(
    contact: Contact,
    options: Pick<OutgoingOptions, "from" | "sdp" | "headers">,
  ): OutgoingCall | Promise<OutgoingCall> {
    const { path, uri, flow, extension } = contact;
    const direct = path.length === 0;
    const headers = direct ? options.headers : { ...options.headers, Route: path.join(", ") };
    const all = { ...options, ...(headers && { headers }), uri, direct, extension };
    return flow.closed ? this.#waysTo(contact).then((flows) => this.#call(all, flows)) : this.#call(all, [flow]);
  }

  /** The flow by which a contact is reached: its own while it is open. Rejects with a sentence where there is none. */
  async wayTo(contact: Contact): Promise<Flow> {
    const [flow = contact.flow] = await this.#waysTo(contact);
    return flow;
  }

  async #waysTo(contact: Contact): Promise<readonly Flow[]> {
    const { flow } = contact;
    return flow.closed && flow.as === undefined ? this.flowsTo(placeOf(contact)) : [flow];
  }

  /** The flow that a device had before a restart: over UDP the same again, else one that is closed. */
  flowBack(transport: TransportName, remote: Address): Flow | undefined {
    return this.#ways.back(transport, remote);
  }

  /** Calls an address. Rejects with a sentence where there is no way to it. */
  async callUri(
    uri: string,
    options: Pick<OutgoingOptions, "from" | "sdp" | "headers" | "credentials">,
  ): Promise<OutgoingCall> {
    return this.#call({ ...options, uri, direct: false }, await this.flowsTo(uri));
  }

  #call(options: Omit<OutgoingOptions, "flows">, [first, ...others]: readonly Flow[]): OutgoingCall {
    if (!first) throw giveUp("no-way", `there is no way to ${options.uri}`);
    return new OutgoingCall(this, { ...options, flows: [first, ...others] });
  }

  flowsTo(uri: string): Promise<Flow[]> {
    return this.#ways.to(uri);
  }

  /** The addresses that a name leads to. Rejects with a sentence where there are none. */
  hostsOf(name: string): Promise<string[]> {
    return this.#ways.hosts(`sip:${name}`);
  }

  unreached(flow: Flow): void {
    this.#ways.failed(flow);
  }

  qualify(extension: string): Qualify {
    return this.#options.qualify?.(extension) ?? {};
  }

  /** The call that a Replaces names (RFC 3891 §3). */
  callNamed({ callId, toTag, fromTag }: Replaces): Call | undefined {
    const call = this.#calls.get(keyOf(callId, toTag));
    return call?.isWith(fromTag) ? call : undefined;
  }

  enter(call: Call): void {
    this.#calls.set(call.key, call);
  }

  leave(call: Call): void {
    this.#calls.delete(call.key);
  }

  /** What is thrown over a message would come out of a socket's handler and end the whole process. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.emit("fault", error);
    }
  }

  #malformed(fault: string, flow: Flow, message?: SipRequest | SipResponse): void {
    // Answered only where a Via says that somebody waits; never an ACK (RFC 3261 §16.3).
    if (message && "method" in message && message.method !== "ACK" && message.via)
      this.#admission.turnAwayBroken(message, fault, flow);
    this.emit("malformed", fault, showAddress(flow.remote));
  }

  #request(request: SipRequest, transaction: ServerTransaction): void {
    if (!request.toTag) return this.#admission.handle(request, transaction);
    const call = this.#calls.get(keyOf(request.callId, request.toTag));
    // A page takes calls and begins none, by way of another either, wherever its request seems to come from.
    const begins = request.method === "REFER" && (transaction.flow.as ?? call?.flow?.as) !== undefined;
    if (!call || begins) return this.#admission.turnAway(request, transaction, call ? 403 : 481);
    this.#whetherPeer(call, request, transaction.flow, (isPeer) => {
      if (isPeer || this.#admission.vouches(request, transaction, call)) call.receive(request, transaction);
      // A server may have addresses that nobody told us of, and a call whose end is not heard would stand.
      else if (request.method === "BYE" && call.extension === undefined) call.doubted();
    });
  }

  /** At once where addresses tell it; else when it is known where the names of its Contact and proxies lead. */
  #whetherPeer(call: Call, request: SipRequest, flow: Flow, then: (isPeer: boolean) => void): void {
    // A page's calls are its own: the machine that it comes from may be a proxy of all pages, and of phones.
    if (flow.as !== undefined && flow.as !== call.extension) return then(false);
    if (call.comesFrom(request, flow)) return then(true);
    const places = call.namesBehind(request);
    if (places.length === 0) return then(false);
    const from = canonicalHost(flow.remote.host);
    void Promise.all(places.map((uri) => this.#ways.hosts(uri).catch(() => []))).then((found) =>
      this.#guarded(() => {
        if (!this.#running) return;
        const isPeer = found.flat().includes(from);
        if (isPeer) call.moved(request, flow);
        then(isPeer);
      }),
    );
  }
}
