// What a simulated bell and a simulated phone share: a SIP device with one line, registered at a server, that talks and
// hears. It uses src/sip as any peer on the network would: real sockets, real passwords.
import { EventEmitter } from "node:events";
import { isIPv6 } from "node:net";
import { systemClock, type Clock } from "../clock.ts";
import { PorteroError, sentence, tryAgain } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import type { Secret } from "../secret.ts";
import { Registration } from "../sip/account/registration.ts";
import type { Call, CallEnd } from "../sip/dialog/call.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import { Endpoint } from "../sip/endpoint.ts";
import { escapeUser, parseUri, plainUser, writeHost } from "../sip/message/uri.ts";
import type { Flow } from "../sip/transport/flow.ts";
import { isDigits, readInfo, writeInfo, type DigitsBy, type InfoKind } from "./dtmf.ts";
import type { SimEvent } from "./events.ts";
import { Voice } from "./voice.ts";

export interface DeviceOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly transport?: "udp" | "tcp";
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
  /** Hz of what it "says": 440 for a bell, 880 for a phone; 0 = silence. */
  readonly tone?: number;
  /** The INFO bodies it takes; others get 415. Both by default. */
  readonly infoKinds?: readonly InfoKind[];
  /** How it sends digits; "dtmf-relay" by default. */
  readonly digitsBy?: DigitsBy;
  readonly clock?: Clock;
  readonly log?: Log;
}

export interface Line {
  readonly call: Call;
  readonly direction: "in" | "out";
  readonly number: string;
  voice: Voice | undefined;
  answered: boolean;
}

const digitMs = 160;
const gapMs = 60;
const pauseMs = 500;
// A server that is gone must not hold up the end.
const farewellMs = 1500;

export abstract class SimDevice extends EventEmitter<{ event: [event: SimEvent] }> {
  protected readonly clock: Clock;
  protected readonly bind: string;
  protected line: Line | undefined;
  protected abstract readonly kind: "bell" | "phone";
  protected abstract readonly tone: number;
  readonly #options: DeviceOptions;
  readonly #log: Log;
  #endpoint: Endpoint | undefined;
  #registration: Registration | undefined;
  #dialling = false;
  #closed = false;

  protected constructor(options: DeviceOptions) {
    super();
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.bind = options.bind ?? nearest(options.server.host);
    this.#log = options.log ?? silent;
  }

  /** Whether the server has it at the moment. */
  get registered(): boolean {
    return this.#registration?.registered ?? false;
  }

  get state(): "idle" | "ringing" | "talking" {
    return !this.line ? "idle" : this.line.answered ? "talking" : "ringing";
  }

  /** host:port of its SIP socket, once started. */
  get address(): string | undefined {
    const place = this.#endpoint?.addresses[0];
    return place && `${writeHost(place.address)}:${place.port}`;
  }

  /**
   * Opens the sockets and begins to register; the event `registered` or `refused` tells how that went.
   * Rejects with a PorteroError `port-busy`, `no-such-address` … (see Endpoint).
   */
  async start(): Promise<void> {
    if (this.#endpoint || this.#closed) return;
    const endpoint = await this.open(this.#options.port ?? 0);
    this.#endpoint = endpoint;
    endpoint.on("call", (call) => {
      if (this.line || this.#dialling) call.reject(486);
      else this.called(call);
    });
    const { server, extension } = this.#options;
    const registration = new Registration(endpoint, {
      ...{ server: this.#uri(), user: extension, credentials: this.#credentials() },
    });
    this.#registration = registration;
    let was = false;
    registration.on("registered", (seconds) => {
      if (!was) this.tell({ event: "registered", seconds });
      was = true;
    });
    registration.on("failed", (error, seconds) => {
      if (was) this.tell({ event: "unregistered", reason: error.message });
      was = false;
      const retrySeconds = Math.round(seconds);
      if (error.code === "wrong-password") this.tell({ event: "refused", reason: error.message, retrySeconds });
      else
        this.tell({
          ...{ event: "failed", code: error.code },
          reason: `${this.kind} ${extension} cannot register at ${writeHost(server.host)}:${server.port}: ${error.message}`,
        });
    });
    registration.start();
  }

  /** Ends the call, de-registers and frees every socket and timer. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.line?.call.hangUp();
    const was = this.registered;
    const farewell = new AbortController();
    await Promise.race([this.#registration?.stop(), this.clock.sleep(farewellMs, farewell.signal)]);
    farewell.abort();
    await this.#endpoint?.close();
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
    if (!isDigits(text)) throw tryAgain("invalid", `"${text}" cannot be dialled: use 0-9, *, #, A-D and "," for a pause`);
    const line = this.line;
    for (const digit of text) {
      if (!line?.answered || line !== this.line)
        throw tryAgain("no-call", `${this.kind} ${this.#options.extension} is not in a call: answer one first`);
      if (digit === ",") {
        await this.clock.sleep(pauseMs);
        continue;
      }
      await this.#digit(line, digit.toUpperCase());
      await this.clock.sleep(gapMs);
    }
  }

  async #digit(line: Line, digit: string): Promise<void> {
    const by = this.#options.digitsBy ?? "dtmf-relay";
    if (by === "rtp") return line.voice?.sendDigit(digit, digitMs);
    const status = await line.call.info(...writeInfo(by, digit, digitMs));
    if (status >= 300) throw tryAgain("digit-refused", `the other side answered ${status} to the digit ${digit}`);
  }

  protected abstract called(call: IncomingCall): void;

  /** Opens the sockets; the bell opens its camera with them. */
  protected open(port: number): Promise<Endpoint> {
    return this.listen(port);
  }

  protected async listen(port: number): Promise<Endpoint> {
    const { extension, login = extension, password, transport = "udp" } = this.#options;
    const endpoint = new Endpoint({
      ...{ listeners: [{ transport, address: this.bind, port }], clock: this.clock },
      userAgent: `Portero simulated ${this.kind}`,
      trusts: (flow) => (this.#fromServer(flow) ? { extension, login, password } : undefined),
    });
    await endpoint.start();
    return endpoint;
  }

  // Over TCP the server may come by a connection of its own, from any port.
  #fromServer(flow: Flow): boolean {
    const server = this.#registration?.flow?.remote;
    return server?.host === flow.remote.host && (flow.transport === "TCP" || server.port === flow.remote.port);
  }

  #uri(user?: string): string {
    const { server, transport } = this.#options;
    const at = user === undefined ? "" : `${escapeUser(user)}@`;
    return `sip:${at}${writeHost(server.host)}:${server.port}${transport === "tcp" ? ";transport=tcp" : ""}`;
  }

  #credentials() {
    const { extension, login = extension, password } = this.#options;
    return { username: login, password };
  }

  /** Places a call; resolves once it is under way. */
  protected async call(number: string): Promise<void> {
    const endpoint = this.#endpoint;
    const { extension, name = "" } = this.#options;
    const who = `${this.kind} ${extension}`;
    if (!endpoint || this.#closed) throw tryAgain("not-started", `${who} is not switched on`);
    if (this.line || this.#dialling) throw tryAgain("in-call", `${who} is in a call already`);
    this.#dialling = true;
    let voice: Voice | undefined;
    try {
      const uri = this.#uri(number);
      const [flow] = await endpoint.flowsTo(uri);
      voice = await this.#voice(flow);
      const call = await endpoint.callUri(uri, {
        ...{ from: { number: extension, name }, sdp: voice.offer(), credentials: this.#credentials() },
      });
      if (this.#closed) call.abandon();
      else this.follow(call, "out", number, voice);
    } catch (error) {
      voice?.close();
      throw error instanceof PorteroError ? error : tryAgain("cannot-call", `${who} cannot call: ${sentence(error)}`);
    } finally {
      this.#dialling = false;
      if (this.#closed) voice?.close();
    }
  }

  /** Answers a call that came in. */
  protected async accept(call: IncomingCall): Promise<void> {
    const { line } = this;
    if (line?.call !== call || line.voice) return;
    const voice = (line.voice = await this.#voice(call.flow));
    if (call.end) return voice.close();
    this.#hear(voice);
    try {
      call.answer(call.sdp === undefined ? voice.offer() : voice.answer(call.sdp));
    } catch (error) {
      call.reject(488);
      throw error;
    }
    if (call.sdp === undefined) call.once("acknowledged", (sdp) => this.#take(line, sdp));
    else this.#talk(line);
  }

  #voice(flow: Flow | undefined): Promise<Voice> {
    const address = flow?.sentBy.host ?? this.bind;
    const tone = this.#options.tone ?? this.tone;
    return Voice.open({ bind: this.bind, address, clock: this.clock, tone });
  }

  protected follow(call: Call, direction: "in" | "out", number: string, voice?: Voice): void {
    const line: Line = { call, direction, number, voice, answered: false };
    this.line = line;
    if (voice) this.#hear(voice);
    let rung = false;
    const ring = () => {
      if (!rung) this.#ringing(line);
      rung = true;
    };
    call.on("early", ({ sdp }) => {
      ring();
      if (sdp === undefined) return;
      // Music or an announcement before the answer; a description that cannot be read matters only in the answer.
      try {
        line.voice?.take(sdp);
        line.voice?.listen();
      } catch {}
    });
    if (direction === "in") ring();
    else call.on("answered", ({ sdp }) => this.#take(line, sdp));
    call.on("info", ({ contentType, body, reply }) => reply(this.#info(contentType, body)));
    call.on("reoffer", ({ sdp, answer, reject }) => {
      const own = line.voice;
      if (!own) return reject(488);
      if (sdp === undefined) call.once("acknowledged", (chosen) => this.#take(line, chosen));
      try {
        answer(sdp === undefined ? own.offer() : own.answer(sdp));
      } catch {
        reject(488);
      }
    });
    call.on("ended", (end) => this.#ended(line, end));
  }

  #ringing({ direction, number, call }: Line): void {
    const name = direction === "in" ? call.remote?.name : undefined;
    this.tell({ event: "ringing", direction, number, ...(name ? { name } : {}) });
  }

  #take(line: Line, sdp: string | undefined): void {
    try {
      line.voice?.take(sdp);
    } catch (error) {
      this.trouble(error);
      return line.call.hangUp();
    }
    this.#talk(line);
  }

  #talk(line: Line): void {
    const { voice, direction, number } = line;
    if (!voice || line.call.end) return;
    voice.talk();
    if (line.answered) return;
    line.answered = true;
    this.tell({ event: "answered", direction, number, codec: voice.law });
  }

  #hear(voice: Voice): void {
    voice.on("digit", (digit) => this.#digitCame(digit, "rtp"));
    voice.on("heard", (heard) => this.tell({ event: "audio", ...heard }));
  }

  /** The status of the answer to an INFO. */
  #info(contentType: string, body: string): number {
    const read = readInfo(contentType, body);
    if (!read || !(this.#options.infoKinds ?? ["dtmf-relay", "dtmf"]).includes(read.kind)) return 415;
    if (!read.digit) return 400;
    this.#digitCame(read.digit, read.kind);
    return 200;
  }

  #digitCame(digit: string, by: DigitsBy): void {
    this.tell({ event: "dtmf", digit, by });
    this.digitReceived(digit);
  }

  protected digitReceived(_digit: string): void {}

  #ended(line: Line, { by, status, cause, text }: CallEnd): void {
    line.voice?.close();
    if (this.line === line) this.line = undefined;
    this.tell({
      ...{ event: "ended", by, reason: text, cause, answered: line.answered },
      elsewhere: text === "answered elsewhere",
      ...(status === undefined ? {} : { status }),
    });
  }

  protected trouble(error: unknown): void {
    const code = error instanceof PorteroError ? error.code : "failed";
    this.tell({ event: "failed", code, reason: sentence(error) });
  }

  protected tell(event: SimEvent): void {
    if (event.event !== "audio") this.#log.debug(`simulated ${this.kind} ${this.#options.extension}: ${event.event}`);
    this.emit("event", event);
  }
}

/** The caller's number. */
export const numberOf = (call: IncomingCall): string => plainUser(parseUri(call.remote?.uri ?? "")?.user ?? "");

const nearest = (host: string): string => {
  if (host === "localhost" || host.startsWith("127.")) return "127.0.0.1";
  if (isIPv6(host)) return host === "::1" ? "::1" : "::";
  return "0.0.0.0";
};
