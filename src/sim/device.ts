// What a simulated bell and a simulated phone share: a SIP device with one line, registered at a server. It uses src/sip
// as any peer on the network would: real sockets, real passwords.
import { EventEmitter } from "node:events";
import { isIPv6 } from "node:net";
import { systemClock, type Clock } from "../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import type { Secret } from "../secret.ts";
import { Registration } from "../sip/account/registration.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import { Endpoint } from "../sip/endpoint.ts";
import { writeHost } from "../ip.ts";
import { escapeUser, parseUri, unescaped } from "../sip/message/uri.ts";
import type { Flow, ListenerOptions } from "../sip/transport/flow.ts";
import { isDigits, type DigitsBy, type InfoKind } from "./dtmf.ts";
import type { SimEvent } from "./events.ts";
import { Line, openVoice, type LineHost } from "./line.ts";
import type { Voice } from "./voice.ts";

export interface DeviceOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly transport?: "udp" | "tcp" | "tls";
  /** By TLS: SHA-256 of the server's certificate, where no authority signed it. */
  readonly pin?: string;
  /** The number it registers for. */
  readonly extension: string;
  /** The user name of its password; the extension by default. */
  readonly login?: string;
  readonly password: Secret;
  /** What the other side shows of it. */
  readonly name?: string;
  /** The local address; by default loopback where the server is there, else all. */
  readonly bind?: string;
  /** The local SIP port; 0 or absent = any free one. */
  readonly port?: number;
  /** Hz of what it "says": 440 for a bell, 880 for a phone by default; 0 = silence. */
  readonly tone?: number;
  /** The INFO bodies it takes; others get 415. Both by default. */
  readonly infoKinds?: readonly InfoKind[];
  /** How it sends digits; "dtmf-relay" by default. */
  readonly digitsBy?: DigitsBy;
  readonly clock?: Clock;
  readonly log?: Log;
}

const gapMs = 60;
const pauseMs = 500;
// A server that is gone must not hold up the end.
const farewellMs = 1500;

export abstract class SimDevice extends EventEmitter<{ event: [event: SimEvent] }> {
  protected readonly clock: Clock;
  protected readonly bind: string;
  protected line: Line | undefined;
  readonly #kind: "bell" | "phone";
  readonly #options: DeviceOptions;
  readonly #log: Log;
  readonly #host: LineHost;
  #endpoint: Endpoint | undefined;
  #registration: Registration | undefined;
  #dialling = false;
  #starting: Promise<void> | undefined;

  protected constructor(kind: "bell" | "phone", options: DeviceOptions) {
    super();
    this.#kind = kind;
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.bind = options.bind ?? nearest(options.server.host);
    this.#log = options.log ?? silent;
    this.#host = {
      ...{ clock: this.clock, bind: this.bind, tone: options.tone ?? (kind === "bell" ? 440 : 880) },
      ...{ infoKinds: options.infoKinds ?? ["dtmf-relay", "dtmf"], digitsBy: options.digitsBy ?? "dtmf-relay" },
      tell: (event) => this.tell(event),
      digitReceived: (digit) => this.digitReceived(digit),
      lineEnded: (line) => {
        if (this.line === line) this.line = undefined;
      },
    };
  }

  /** Whether the server has it at the moment. */
  get registered(): boolean {
    return this.#registration?.registered ?? false;
  }

  get state(): "idle" | "ringing" | "talking" {
    return !this.line ? "idle" : this.line.answered ? "talking" : "ringing";
  }

  /** host:port of its SIP socket; "" before it was started. */
  get address(): string {
    const place = this.#endpoint?.addresses[0];
    return place ? `${writeHost(place.address)}:${place.port}` : "";
  }

  /**
   * Opens the sockets and begins to register; the event `registered` or `refused` tells how that went.
   * Rejects with a PorteroError `port-busy`, `no-such-address` … (see Endpoint).
   */
  start(): Promise<void> {
    return (this.#starting ??= this.#begin());
  }

  async #begin(): Promise<void> {
    const endpoint = await this.open(this.#options.port ?? 0);
    this.#endpoint = endpoint;
    endpoint.on("call", (call) => {
      if (this.line || this.#dialling) call.reject(486);
      else this.called(call);
    });
    const { extension } = this.#options;
    this.#registration = new Registration(endpoint, {
      ...{ server: this.uri(), user: extension, credentials: this.#credentials() },
    });
    this.#report(this.#registration);
    this.#registration.start();
  }

  #report(registration: Registration): void {
    const { server, extension } = this.#options;
    let was = false;
    registration.on("registered", (seconds) => {
      if (!was) this.tell({ event: "registered", seconds });
      was = true;
    });
    registration.on("failed", ({ code, message }, seconds) => {
      if (was) this.tell({ event: "unregistered", reason: message });
      was = false;
      if (code === "wrong-password")
        return this.tell({ event: "refused", reason: message, retrySeconds: Math.round(seconds) });
      const where = `${writeHost(server.host)}:${server.port}`;
      const reason = `${this.#kind} ${extension} cannot register at ${where}: ${message}`;
      this.tell({ event: "failed", code, reason });
    });
  }

  /** Ends the call, de-registers and frees every socket and timer. */
  async close(): Promise<void> {
    // What is still opening is closed once it is open; who started it hears why it failed.
    await this.#starting?.catch(() => {});
    const endpoint = this.#endpoint;
    if (!endpoint) return;
    this.#endpoint = undefined;
    this.line?.call.hangUp();
    const was = this.registered;
    const farewell = new AbortController();
    await Promise.race([this.#registration?.stop(), this.clock.sleep(farewellMs, farewell.signal)]);
    farewell.abort();
    await endpoint.close();
    if (was) this.tell({ event: "unregistered", reason: "switched off" });
  }

  /** Ends the call, in whatever state it is. */
  hangUp(): Promise<void> {
    this.line?.call.hangUp();
    return Promise.resolve();
  }

  /**
   * Sends digits in the call, one after the other; "," waits for half a second.
   * Rejects with a sentence where there is no call, or where the other side does not take them.
   */
  async digits(text: string): Promise<void> {
    if (!isDigits(text)) throw giveUp("invalid", `"${text}" cannot be dialled: use 0-9, *, #, A-D and "," for a pause`);
    const line = this.line;
    for (const digit of text.toUpperCase()) {
      if (!line?.answered || line !== this.line) throw tryAgain("no-call", `${this.#who} is not in a call`);
      if (digit !== ",") await line.sendDigit(digit);
      await this.clock.sleep(digit === "," ? pauseMs : gapMs);
    }
  }

  get #who(): string {
    return `${this.#kind} ${this.#options.extension}`;
  }

  /** A call came in and the line is free. */
  protected abstract called(call: IncomingCall): void;

  protected digitReceived(_digit: string): void {}

  /** Opens the sockets; the bell opens its camera with them. */
  protected open(port: number): Promise<Endpoint> {
    return this.listen(port);
  }

  protected async listen(port: number): Promise<Endpoint> {
    const { extension, transport = "udp", pin } = this.#options;
    const place = { address: this.bind, port };
    const listener: ListenerOptions =
      transport === "tls"
        ? { ...place, transport, tls: pin === undefined ? {} : { pins: [pin] } }
        : { ...place, transport };
    const endpoint = new Endpoint({
      ...{ listeners: [listener], clock: this.clock },
      userAgent: `Portero simulated ${this.#kind}`,
      trusts: (_invite, flow) =>
        this.#fromServer(flow) ? { kind: "account", number: extension, account: extension } : undefined,
    });
    await endpoint.start();
    return endpoint;
  }

  // Over TCP or TLS the server may come by a connection of its own, from any port.
  #fromServer(flow: Flow): boolean {
    const server = this.#registration?.flow?.remote;
    return server?.host === flow.remote.host && (flow.reliable || server.port === flow.remote.port);
  }

  /** The server's address, or that of a number at it. */
  protected uri(user?: string): string {
    const { server, transport } = this.#options;
    const at = user === undefined ? "" : `${escapeUser(user)}@`;
    return `sip:${at}${writeHost(server.host)}:${server.port}${transport && transport !== "udp" ? `;transport=${transport}` : ""}`;
  }

  #credentials() {
    const { extension, login = extension, password } = this.#options;
    return { username: login, password };
  }

  /** Places a call; resolves once it is under way. Rejects with a sentence. */
  protected async call(number: string): Promise<void> {
    const endpoint = this.#endpoint;
    if (!endpoint) throw tryAgain("not-started", `${this.#who} is not switched on`);
    if (this.line || this.#dialling)
      throw tryAgain("in-call", `${this.#who} is in a call already: have it hang up first`);
    const { extension, name = "" } = this.#options;
    const uri = this.uri(number);
    this.#dialling = true;
    let voice: Voice | undefined;
    try {
      voice = await openVoice(this.#host, (await endpoint.flowsTo(uri))[0]);
      const call = await endpoint.callUri(uri, {
        ...{ from: { number: extension, name }, sdp: voice.offer(), credentials: this.#credentials() },
      });
      this.line = new Line(this.#host, call, { direction: "out", number }, voice);
      if (this.#endpoint !== endpoint) call.abandon();
    } catch (error) {
      voice?.close();
      throw error instanceof PorteroError ? error : tryAgain("cannot-call", `${this.#who}: ${sentence(error)}`);
    } finally {
      this.#dialling = false;
    }
  }

  /** Lets a call that came in ring. */
  protected ring(call: IncomingCall): Line {
    call.ring();
    const number = unescaped(parseUri(call.remote?.uri ?? "")?.user ?? "");
    const name = call.remote?.name;
    this.line = new Line(this.#host, call, { direction: "in", number, ...(name ? { name } : {}) });
    return this.line;
  }

  protected accept(line: Line): void {
    line.accept().catch((error: unknown) => {
      const code = error instanceof PorteroError ? error.code : "failed";
      this.tell({ event: "failed", code, reason: sentence(error) });
    });
  }

  protected tell(event: SimEvent): void {
    if (event.event !== "audio") this.#log.debug(`simulated ${this.#who}: ${event.event}`);
    this.emit("event", event);
  }
}

const nearest = (host: string): string => {
  if (host === "localhost" || host.startsWith("127.")) return "127.0.0.1";
  if (isIPv6(host)) return host === "::1" ? "::1" : "::";
  return "0.0.0.0";
};
