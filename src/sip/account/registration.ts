// Our registration at another server, kept alive: RFC 3261 §10.2, by an outbound proxy and its stand-in where they are
// given (A6), with the back-off of RFC 5626 §4.5.
import { EventEmitter } from "node:events";
import type { Cancel } from "../../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../../errors.ts";
import { SipRequest, type SipResponse } from "../message/message.ts";
import { newCallId, newTag } from "../message/reply.ts";
import { showAddress, writeHost } from "../../ip.ts";
import { escapeUser, parseUri } from "../message/uri.ts";
import { Sending, type ClientCredentials, type Sender } from "../request/send.ts";
import type { Flow } from "../transport/flow.ts";
import { keepAlive } from "../transport/keep-alive.ts";
import { grantedTo } from "./granted.ts";
import { OwnAddress } from "./own-address.ts";

export interface RegistrationOptions {
  /** The server, with port and `;transport=tcp` where they are not found by its name: `sip:192.168.1.2:5060`. */
  readonly server: string;
  /** The name to register: an extension. */
  readonly user: string;
  readonly credentials: ClientCredentials;
  /** Outbound proxies as URIs, the main one first; the next is used while the one before it fails (A6). */
  readonly proxies?: readonly string[];
  /** The user part of our Contact; `user` where it is absent. */
  readonly contactUser?: string;
  /** `urn:uuid:…`, the same for ever: what the server knows us by when our address changes (RFC 5626 §4.1). */
  readonly instance?: string;
  /** Seconds to ask for. */
  readonly expires?: number;
  /** Seconds before the second try after a failure, doubled each time up to half an hour. */
  readonly retrySeconds?: number;
  /** Seconds between two looks whether the main proxy is back, while another is used. */
  readonly returnSeconds?: number;
  readonly random?: () => number;
}

export interface RegistrationEvents {
  registered: [seconds: number];
  /** It did not work; the next try is `seconds` away. */
  failed: [error: PorteroError, seconds: number];
}

/** The longest time between two signs of life (RFC 5626 §4.4.1, §4.4.2): for a connection, and for a router's memory of UDP. */
const pingMs = { stream: 120_000, datagram: 29_000 };

const mostHosts = 50;
const mostMoves = 4;
/** So often it is looked whether this machine has another address, or has slept, when that comes so much too late. */
const watchMs = 30_000;
const lateMs = 10_000;

/** 401, 403, 404 …: the server's own word. These are not, and another proxy may know better. */
const lost = (answer: SipResponse | PorteroError): boolean =>
  !("status" in answer) || [408, 480, 500, 502, 503, 504].includes(answer.status);

export class Registration extends EventEmitter<RegistrationEvents> {
  readonly #host: Sender;
  readonly #options: RegistrationOptions;
  readonly #callId = newCallId();
  readonly #tag = newTag();
  readonly #random: () => number;
  readonly #own = new OwnAddress();
  #flow: Flow | undefined;
  /** Which of the proxies is used; 0 also where there is none. */
  #proxy = 0;
  #seq = 0;
  #expires: number;
  #failures = 0;
  #lengthened = false;
  #next: Cancel = () => {};
  #look: Cancel = () => {};
  #alive: Cancel = () => {};
  #watch: Cancel = () => {};
  /** How often in a row the server has seen us elsewhere. */
  #moves = 0;
  #sending: Sending | undefined;
  #running = false;
  /** A REGISTER is under way. */
  #asking = false;
  /** Counts what was begun: an answer to anything but the last of it comes too late. */
  #turn = 0;
  /** A request that bore the password is not answered: the server may have us. */
  #perhaps = false;
  #left: () => void = () => {};
  #registered = false;
  /** Without the extensions of RFC 5626: a proxy before the server does not know them (§11.6). */
  #plain = false;
  /** Where the server and its proxies are: who calls us from elsewhere is somebody else. */
  readonly #hosts = new Set<string>();

  constructor(host: Sender, options: RegistrationOptions) {
    super();
    this.#host = host;
    this.#options = options;
    this.#expires = options.expires ?? 300;
    this.#random = options.random ?? Math.random;
  }

  /** The flow to the server, once there is one: calls go the same way. */
  get flow(): Flow | undefined {
    return this.#flow;
  }

  get registered(): boolean {
    return this.#registered;
  }

  /** The proxies in the order in which they are tried now. */
  get proxies(): readonly string[] {
    const all = this.#options.proxies ?? [];
    return [...all.slice(this.#proxy), ...all.slice(0, this.#proxy)];
  }

  /** Whether a machine of that address is the server or one of its proxies. */
  knows(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** Our Contact as the server reaches us by `flow`: where it says that it sees us, if a router is between. */
  contact(flow: Flow): string {
    const { contactUser, user } = this.#options;
    return this.#own.contact(flow, escapeUser(contactUser ?? user));
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#left();
    this.#register();
  }

  /** Registers anew at once: something has failed by the way that is used. */
  check(): void {
    if (!this.#running || !this.#registered || this.#asking) return;
    this.#next();
    this.#register();
  }

  /** De-registers and resolves when the server has answered or cannot be reached, or when it is started again. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#turn++;
    this.#next();
    this.#look();
    this.#alive();
    this.#watch();
    this.#sending?.stop();
    const flow = this.#flow;
    if (!(this.#registered || this.#perhaps) || !flow) return;
    this.#registered = this.#perhaps = false;
    await new Promise<void>((resolve) => {
      this.#left = resolve;
      this.#send([flow], this.proxies[0], 0, () => resolve());
    });
  }

  /** Says nothing more of a farewell that is not answered. */
  abandon(): void {
    if (this.#running) return;
    this.#sending?.stop();
    this.#left();
  }

  #register([proxy, ...others] = this.proxies): void {
    this.#asking = true;
    const turn = ++this.#turn;
    const answered = (answer: SipResponse | PorteroError) => {
      if (turn === this.#turn) this.#answered(answer, proxy, others);
    };
    this.#flowsTo(proxy).then(
      (flows) => {
        if (turn === this.#turn) this.#send(flows, proxy, this.#expires, answered, others.length > 0);
      },
      (error: unknown) => answered(error instanceof PorteroError ? error : tryAgain("unreachable", sentence(error))),
    );
  }

  // The machine that took us last is asked first: another one of the same name may not know us.
  async #flowsTo(proxy: string | undefined): Promise<Flow[]> {
    const flows = await this.#host.flowsTo(proxy ?? this.#options.server);
    const same = ({ remote, transport }: Flow) =>
      transport === this.#flow?.transport && showAddress(remote) === showAddress(this.#flow.remote);
    // A name whose addresses change all the time must not make everybody our server.
    if (this.#hosts.size > mostHosts) this.#hosts.clear();
    for (const { remote } of flows) this.#hosts.add(remote.host);
    const known = flows.findIndex(same);
    return known > 0 && this.#registered ? [...flows.splice(known, 1), ...flows] : flows;
  }

  #send(
    flows: readonly Flow[],
    proxy: string | undefined,
    expires: number,
    done: (answer: SipResponse | PorteroError) => void,
    further = false,
  ): void {
    const { server, user, credentials } = this.#options;
    const request = this.#request("REGISTER", server, `sip:${escapeUser(user)}@${domainOf(server)}`);
    if (proxy !== undefined) request.add("Route", routeTo(proxy));
    if (this.#outbound) request.add("Supported", "path, outbound");
    request.add("Expires", String(expires));
    const handlers = {
      response: (response: SipResponse) => {
        if (response.status >= 200) done(response);
      },
      failed: done,
    };
    this.#sending?.stop();
    this.#sending = new Sending(this.#host, request, flows, handlers, {
      ...{ credentials, further, nextSeq: () => ++this.#seq },
      dress: (dressed, flow) => {
        this.#flow = flow;
        this.#perhaps = dressed.get("authorization") !== undefined || dressed.get("proxy-authorization") !== undefined;
        dressed.set("Contact", this.#contacts(flow, expires).join(", "));
      },
    });
  }

  #request(method: string, uri: string, aor: string): SipRequest {
    const request = new SipRequest(method, uri);
    request.add("Max-Forwards", "70").add("From", `<${aor}>;tag=${this.#tag}`).add("To", `<${aor}>`);
    request.add("Call-ID", this.#callId).add("CSeq", `${++this.#seq} ${method}`);
    return request.add("User-Agent", this.#host.userAgent);
  }

  get #outbound(): boolean {
    return this.#options.instance !== undefined && !this.#plain;
  }

  #contacts(flow: Flow, expires: number): string[] {
    // RFC 5626 §4.2: the same device by the same way, at whatever address. A registrar that knows nothing of it ignores it.
    const outbound = this.#outbound ? `;+sip.instance="<${this.#options.instance ?? ""}>";reg-id=1` : "";
    const old = expires > 0 ? this.#own.takeOld() : undefined;
    return [this.contact(flow) + outbound, ...(old === undefined ? [] : [`${old};expires=0`])];
  }

  #answered(answer: SipResponse | PorteroError, proxy: string | undefined, others: readonly string[]): void {
    this.#perhaps = false;
    if (lost(answer) && others.length > 0) return this.#register([...others]);
    const flow = this.#flow;
    if (!("status" in answer) || !flow) return this.#failed("status" in answer ? noWay() : answer);
    const { status } = answer;
    const where = showAddress(flow.remote);
    const least = answer.number("min-expires") ?? 0;
    // Once only, or a server that wants more each time would keep us going without a pause.
    if (status === 423 && least > this.#expires && !this.#lengthened) {
      this.#lengthened = true;
      this.#expires = least;
      return this.#register();
    }
    if (status === 439 && this.#outbound) {
      this.#plain = true;
      return this.#register();
    }
    if (status === 401 || status === 403 || status === 407) {
      // Asterisk says 403 to a password that is right, where another device holds the place.
      const or = status === 403 ? ", or it has as many devices there as the server allows" : "";
      const text = `${status} from ${where}: wrong login or password for ${this.#options.user}${or}`;
      return this.#failed(giveUp("wrong-password", text, { data: { status } }));
    }
    if (status >= 300)
      return this.#failed(tryAgain("refused", `${status} ${answer.reason} from ${where}`, { data: { status } }));
    const seen = this.#own.seen(flow, answer.via, this.contact(flow));
    // A router that gives another address to each request would keep us going without a pause.
    if (seen && ++this.#moves < mostMoves) return this.#register([...(proxy ? [proxy] : []), ...others]);
    const granted = grantedTo(this.contact(flow), answer) || this.#expires;
    this.#asking = false;
    this.#failures = this.#moves = 0;
    this.#lengthened = false;
    this.#registered = true;
    this.#proxy = Math.max(0, this.#options.proxies?.indexOf(proxy ?? "") ?? 0);
    // Early enough that a lost answer can be asked for again.
    this.#next = this.#host.clock.after(Math.max(5, granted * 0.8 - 5) * 1000, () => this.#register());
    this.#lookForMain();
    this.#keep(flow);
    this.emit("registered", granted);
  }

  // A server in the same network needs no signs of life by UDP, and may not know STUN; a router on the way needs them.
  #keep(flow: Flow): void {
    this.#alive();
    this.#watch();
    // DHCP may give us another address, which nobody tells us; nor that we have slept while the server forgot us.
    const contact = this.contact(flow);
    const { clock } = this.#host;
    let lookedAt = clock.now();
    this.#watch = clock.every(watchMs, () => {
      const slept = clock.now() - lookedAt > watchMs + lateMs;
      lookedAt = clock.now();
      const isSame = this.contact(flow) === contact;
      if (!isSame) this.#own.moved(contact);
      if (slept || !isSame) this.check();
    });
    if (!flow.reliable && !this.#own.isElsewhere(flow)) return;
    const everyMs = flow.reliable ? pingMs.stream : pingMs.datagram;
    const options = { everyMs, random: this.#random, onDead: () => this.check() };
    this.#alive = keepAlive(flow, clock, options);
  }

  // While another proxy is used, the main one is asked by OPTIONS: that costs the registration nothing while it is silent.
  #lookForMain(): void {
    this.#look();
    const [main] = this.#options.proxies ?? [];
    if (this.#proxy === 0 || main === undefined) return;
    const { returnSeconds = 60, server } = this.#options;
    this.#look = this.#host.clock.after(returnSeconds * 1000, () => {
      const options = this.#request("OPTIONS", server, `sip:${escapeUser(this.#options.user)}@${domainOf(server)}`);
      options.set("Call-ID", newCallId()).add("Route", routeTo(main));
      const back = (answer: SipResponse | PorteroError) => {
        if (!this.#running || ("status" in answer && answer.status < 200)) return;
        if (lost(answer) || this.#asking) {
          this.#lookForMain();
          return;
        }
        this.#next();
        this.#register([main, ...this.proxies.filter((proxy) => proxy !== main)]);
      };
      new Sending(this.#host, options, main, { response: back, failed: back }, { nextSeq: () => ++this.#seq });
    });
  }

  #failed(error: PorteroError): void {
    this.#look();
    this.#alive();
    this.#watch();
    this.#asking = false;
    this.#registered = false;
    this.#lengthened = false;
    this.#proxy = 0;
    const first = this.#options.retrySeconds ?? 30;
    // Where nobody could be asked nobody is spared by waiting, and the network may be back.
    const longest = unasked.includes(error.code) ? 60 : 1800;
    const seconds = Math.min(longest, first * 2 ** this.#failures++) * (0.5 + this.#random() / 2);
    this.#next = this.#host.clock.after(seconds * 1000, () => this.#register());
    this.emit("failed", error, seconds);
  }
}

/** The codes of what keeps a request from leaving this machine, or from knowing where to. */
const unasked: readonly string[] = ["unreachable", "no-such-host", "no-service"];

const noWay = () => tryAgain("unreachable", "there is no way to the server");

/** The host of a URI as it stands in one. */
const domainOf = (uri: string): string => writeHost(parseUri(uri)?.host ?? "");

/** A proxy as it stands in Route: a loose router (RFC 3261 §8.1.2). */
export const routeTo = (proxy: string): string => `<${proxy};lr>`;
