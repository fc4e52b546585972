// An account at another server: registered there (A3, A4), by its proxies (A6), with a second server that takes over while
// the first does not have us (A2). Calls go out by it and come in from it.
import { EventEmitter } from "node:events";
import { sentence, type PorteroError } from "../../errors.ts";
import { cause } from "../causes.ts";
import type { CallHost } from "../dialog/call.ts";
import type { Caller } from "../dialog/caller.ts";
import { OutgoingCall, type OutgoingOptions } from "../dialog/outgoing.ts";
import { parseNameAddr, writeNameAddr } from "../message/headers.ts";
import type { SipRequest } from "../message/message.ts";
import { showAddress, writeHost } from "../../ip.ts";
import { escapeUser, parseUri, unescaped } from "../message/uri.ts";
import { tryAgain } from "../../errors.ts";
import type { ClientCredentials } from "../request/send.ts";
import type { Flow } from "../transport/flow.ts";
import { Registration, routeTo } from "./registration.ts";
import { registrationOf, serverUri, type AccountSettings, type ServerSettings } from "./settings.ts";

export interface AccountStatus {
  readonly account: string;
  readonly label: string;
  readonly state: "registered" | "registering" | "failed";
  /** The server that has us, or that is tried. */
  readonly server: string;
  /** Whether that is the second one. */
  readonly second: boolean;
  /** The outbound proxy that it goes by, where there are any. */
  readonly proxy?: string;
  /** Why it failed. */
  readonly text?: string;
}

export interface AccountEvents {
  /** A server has us now, which before had not. */
  registered: [status: AccountStatus];
  /** No server has us any more. */
  unregistered: [status: AccountStatus];
  failed: [status: AccountStatus];
}

/** A server has to say 100 within 200 ms: who has not by then, after five INVITEs by UDP, is not there, and a visitor waits. */
const silentMs = 8_000;

interface Line {
  readonly settings: ServerSettings;
  readonly contactUser: string;
  readonly registration: Registration;
  trouble?: string;
}

export class Account extends EventEmitter<AccountEvents> {
  readonly name: string;
  readonly #host: CallHost;
  readonly #settings: AccountSettings;
  readonly #first: Line;
  readonly #second: Line | undefined;
  #told: AccountStatus;

  constructor(host: CallHost, settings: AccountSettings, random?: () => number) {
    super();
    this.name = settings.name;
    this.#host = host;
    this.#settings = settings;
    const line = (server: ServerSettings, nth: number): Line => {
      const options = registrationOf(settings, server, nth);
      const registration = new Registration(host, { ...options, ...(random && { random }) });
      const made: Line = { settings: server, contactUser: options.contactUser, registration };
      registration.on("registered", () => this.#registered(made));
      registration.on("failed", (error) => this.#failed(made, error));
      return made;
    };
    this.#first = line(settings, 1);
    this.#second = settings.second && line(settings.second, 2);
    this.#told = this.status;
  }

  get status(): AccountStatus {
    const { settings, registration, trouble } = this.#line;
    const [proxy] = registration.proxies;
    return {
      ...{ account: this.name, label: this.#settings.label ?? this.name, server: settings.server },
      state: registration.registered ? "registered" : trouble === undefined ? "registering" : "failed",
      second: this.#line === this.#second,
      ...(proxy === undefined ? {} : { proxy: proxy.replace(/^sip:|;.*$/g, "") }),
      ...(trouble === undefined ? {} : { text: trouble }),
    };
  }

  start(): void {
    this.#first.registration.start();
  }

  /** De-registers; resolves when the server has answered or cannot be reached. */
  async stop(): Promise<void> {
    await Promise.all([this.#first.registration.stop(), this.#second?.registration.stop()]);
  }

  /** Waits no longer for the answer to its farewell, and does not say it again: it may be back by then. */
  abandon(): void {
    this.#first.registration.abandon();
    this.#second?.registration.abandon();
  }

  /** Calls a number at the server. Rejects with a sentence where there is no way to it. */
  async call(number: string, options: Pick<OutgoingOptions, "from" | "sdp" | "headers">): Promise<OutgoingCall> {
    const { settings, registration, contactUser: _ } = this.#line;
    const { user, displayName } = settings;
    const domain = writeHost(settings.server);
    const ways = await this.#ways(this.#line, serverUri(settings, escapeUser(number)));
    const [first, ...others] = ways.keys();
    if (!first) throw tryAgain("unreachable", `there is no way to ${settings.server}`);
    const call = new OutgoingCall(this.#host, {
      ...{ uri: serverUri(settings, escapeUser(number)), flows: [first, ...others], direct: false, sdp: options.sdp },
      from: { number: options.from.number, name: displayName ?? options.from.name },
      headers: { ...options.headers, ...this.#identity(options.from, domain) },
      credentials: loginOf(settings),
      silentMs,
      own: {
        from: `sip:${escapeUser(user)}@${domain}`,
        contact: (flow) => registration.contact(flow),
        routes: (flow) => ways.get(flow) ?? [],
      },
    });
    // Whoever was tried first is gone, or the only one says nothing: the server's own calls would look for us there too.
    call.once("early", () => call.flow !== first && registration.check());
    call.once("ended", (end) => (call.flow !== first || end.cause === cause.noResponse) && registration.check());
    return call;
  }

  /** Who calls, where the server calls us: at the Contact that only it knows, from where it is. */
  callerOf(invite: SipRequest, flow: Flow): Caller | undefined {
    const line = this.#calledBy(invite, flow);
    if (!line) return undefined;
    const from = parseUri(invite.from?.uri ?? "");
    const number = unescaped(from?.user ?? "") || (from?.host ?? "");
    return { kind: "account", number, account: this.name, user: line.settings.user };
  }

  /**
   * What answers a challenge to our own requests in a call that the server brought us (RFC 3261 §22.2), and nothing where they
   * go past it: whoever called would learn what a guess at the password can be tried on.
   */
  credentialsIn(invite: SipRequest, flow: Flow): ClientCredentials | undefined {
    const line = this.#calledBy(invite, flow);
    const [next = invite.get("contact")] = invite.list("record-route");
    const hop = parseUri(parseNameAddr(next ?? "")?.uri ?? "");
    const host = hop?.params.get("maddr") ?? hop?.host ?? "";
    if (!line || (host !== line.settings.server && !line.registration.knows(host))) return undefined;
    return loginOf(line.settings);
  }

  #calledBy(invite: SipRequest, { remote }: Flow): Line | undefined {
    const dialled = parseUri(invite.uri)?.user;
    const line = [this.#first, this.#second].find((one) => one?.contactUser === dialled);
    return line?.registration.knows(remote.host) ? line : undefined;
  }

  /** The server whose turn it is: the first, but where only the second has us. */
  get #line(): Line {
    const second = this.#second;
    if (!second || this.#first.registration.registered) return this.#first;
    return second.registration.registered ? second : this.#first;
  }

  // The flows to the server, each with the proxy that it leads to.
  async #ways({ registration }: Line, uri: string): Promise<Map<Flow, readonly string[]>> {
    const { proxies, flow } = registration;
    const ways = new Map<Flow, readonly string[]>();
    const isOurs = ({ remote, transport }: Flow) =>
      transport === flow?.transport && showAddress(remote) === showAddress(flow.remote);
    const add = async (to: string, routes: readonly string[]) => {
      const flows = await this.#host.flowsTo(to);
      // The machine that we are registered at knows us.
      for (const found of flows.toSorted((a, b) => Number(isOurs(b)) - Number(isOurs(a)))) ways.set(found, routes);
    };
    if (proxies.length === 0) await add(uri, []);
    let failure: unknown;
    for (const proxy of proxies)
      await add(proxy, [routeTo(proxy)]).catch((error: unknown) => {
        failure = error;
      });
    if (ways.size === 0) throw tryAgain("unreachable", sentence(failure), { cause: failure });
    return ways;
  }

  #identity({ number, name }: OutgoingOptions["from"], domain: string): Record<string, string> {
    const { identity = "none" } = this.#settings;
    if (identity === "none" || number === "") return {};
    const value = writeNameAddr({ name, uri: `sip:${escapeUser(number)}@${domain}`, params: new Map() });
    return { [identity === "asserted" ? "P-Asserted-Identity" : "P-Preferred-Identity"]: value };
  }

  #registered(line: Line): void {
    delete line.trouble;
    // One server at a time: two that have us would both ring us for one call.
    if (line === this.#first) void this.#second?.registration.stop();
    this.#tell();
  }

  #failed(line: Line, error: PorteroError): void {
    line.trouble = error.message;
    if (line === this.#first) this.#second?.registration.start();
    this.#tell();
  }

  #tell(): void {
    const before = this.#told;
    const now = this.status;
    this.#told = now;
    const { state } = now;
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    if (before.state === "registered" && state !== "registered") this.emit("unregistered", now);
    if (state === "registered") this.emit("registered", now);
    else if (state === "failed") this.emit("failed", now);
  }
}

const loginOf = ({ user, login = user, password }: ServerSettings): ClientCredentials => ({
  username: login,
  password,
});
