// Our registration at another server, kept alive: RFC 3261 §10.2, with the back-off of RFC 5626 §4.5.
import { EventEmitter } from "node:events";
import type { Cancel } from "../../clock.ts";
import { giveUp, PorteroError, sentence, tryAgain } from "../../errors.ts";
import { contactOn } from "../dialog/incoming.ts";
import type { CallHost } from "../dialog/call.ts";
import { parseNameAddr, type NameAddr } from "../message/headers.ts";
import { SipRequest, type SipResponse } from "../message/message.ts";
import { newCallId, newTag } from "../message/reply.ts";
import { escapeUser, parseUri, writeHost } from "../message/uri.ts";
import { Sending, type ClientCredentials } from "../request/send.ts";
import { showAddress, type Flow } from "../transport/flow.ts";

export interface RegistrationOptions {
  /** The server's host and port, with `;transport=tcp` where it is not UDP: `sip:192.168.1.2:5060`. */
  readonly server: string;
  /** The name to register: an extension. */
  readonly user: string;
  readonly credentials: ClientCredentials;
  /** Seconds to ask for. */
  readonly expires?: number;
  /** Seconds before the second try after a failure, doubled each time up to half an hour. */
  readonly retrySeconds?: number;
  readonly random?: () => number;
}

export interface RegistrationEvents {
  registered: [seconds: number];
  /** It did not work; the next try is `seconds` away. */
  failed: [error: PorteroError, seconds: number];
}

export class Registration extends EventEmitter<RegistrationEvents> {
  readonly #host: CallHost;
  readonly #options: RegistrationOptions;
  readonly #callId = newCallId();
  readonly #tag = newTag();
  readonly #random: () => number;
  #flow: Flow | undefined;
  #seq = 0;
  #expires: number;
  #failures = 0;
  #lengthened = false;
  #next: Cancel = () => {};
  #sending: Sending | undefined;
  #running = false;
  #registered = false;

  constructor(host: CallHost, options: RegistrationOptions) {
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

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#register();
  }

  /** De-registers and resolves when the server has answered or cannot be reached. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#next();
    this.#sending?.stop();
    const flow = this.#flow;
    if (!this.#registered || !flow) return;
    this.#registered = false;
    await new Promise<void>((resolve) => this.#send(flow, 0, () => resolve()));
  }

  #register(): void {
    this.#host.flowsTo(this.#options.server).then(
      ([flow]) => {
        if (!flow || !this.#running) return;
        this.#flow = flow;
        this.#send(flow, this.#expires, (response) => this.#answered(flow, response));
      },
      (error: unknown) =>
        this.#failed(error instanceof PorteroError ? error : tryAgain("unreachable", sentence(error))),
    );
  }

  #send(flow: Flow, expires: number, done: (response: SipResponse | PorteroError) => void): void {
    const { server, user, credentials } = this.#options;
    const own = escapeUser(user);
    const aor = `<sip:${own}@${writeHost(flow.remote.host)}>`;
    const request = new SipRequest("REGISTER", server);
    request.add("Max-Forwards", "70").add("From", `${aor};tag=${this.#tag}`).add("To", aor);
    request.add("Call-ID", this.#callId).add("CSeq", `${++this.#seq} REGISTER`);
    request.add("Contact", contactOn(flow, own)).add("Expires", String(expires));
    request.add("User-Agent", this.#host.userAgent);
    const handlers = {
      response: (response: SipResponse) => {
        if (response.status >= 200) done(response);
      },
      failed: done,
    };
    this.#sending = new Sending(this.#host, request, flow, handlers, { credentials, nextSeq: () => ++this.#seq });
  }

  #answered(flow: Flow, answer: SipResponse | PorteroError): void {
    if (!this.#running) return;
    if (!("status" in answer)) return this.#failed(answer);
    const { status } = answer;
    const where = showAddress(flow.remote);
    const least = answer.number("min-expires") ?? 0;
    // Once only, or a server that wants more each time would keep us going without a pause.
    if (status === 423 && least > this.#expires && !this.#lengthened) {
      this.#lengthened = true;
      this.#expires = least;
      return this.#register();
    }
    if (status === 401 || status === 403 || status === 407)
      return this.#failed(
        giveUp("wrong-password", `${status} from ${where}: wrong login or password for ${this.#options.user}`),
      );
    if (status >= 300) return this.#failed(tryAgain("refused", `${status} ${answer.reason} from ${where}`));
    const granted = this.#granted(flow, answer);
    this.#failures = 0;
    this.#lengthened = false;
    this.#registered = true;
    // Early enough that a lost answer can be asked for again.
    this.#next = this.#host.clock.after(Math.max(5, granted * 0.8 - 5) * 1000, () => this.#register());
    this.emit("registered", granted);
  }

  // What counts is the expiry beside our own Contact, since others may be registered too (RFC 3261 §10.2.4). A server
  // may write it in its own way, or put the address there that it sees us at: a Contact that is alone is ours.
  #granted(flow: Flow, response: SipResponse): number {
    const own = place(parseNameAddr(contactOn(flow, escapeUser(this.#options.user))));
    const contacts = response.list("contact").map(parseNameAddr);
    const contact = contacts.find((found) => place(found) === own) ?? (contacts.length === 1 ? contacts[0] : undefined);
    return Number(contact?.params.get("expires")) || response.number("expires") || this.#expires;
  }

  #failed(error: PorteroError): void {
    if (!this.#running) return;
    this.#registered = false;
    this.#lengthened = false;
    const first = this.#options.retrySeconds ?? 30;
    const seconds = Math.min(1800, first * 2 ** this.#failures++) * (0.5 + this.#random() / 2);
    this.#next = this.#host.clock.after(seconds * 1000, () => this.#register());
    this.emit("failed", error, seconds);
  }
}

/** A Contact's user, host and port: what stays of it however it is written. */
function place(contact: NameAddr | undefined): string {
  const uri = parseUri(contact?.uri ?? "");
  return `${uri?.user ?? ""}@${uri?.host ?? ""}:${uri?.port ?? 5060}`;
}
