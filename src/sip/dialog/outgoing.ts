// A call from us: RFC 3261 §13.2, with the forking of proxies behind it (several dialogs from one INVITE: the first 2xx
// wins, each later one is acknowledged and ended), and reliable provisional responses (RFC 3262 §4).
import type { Cancel } from "../../clock.ts";
import { cause, completedElsewhere } from "../causes.ts";
import { allow, names, supported } from "../extensions.ts";
import { writeNameAddr, type NameAddr } from "../message/headers.ts";
import { SipRequest, type SipResponse } from "../message/message.ts";
import { newCallId, newTag } from "../message/reply.ts";
import { writeHost } from "../../ip.ts";
import { escapeUser, none } from "../message/uri.ts";
import { Sending, type ClientCredentials } from "../request/send.ts";
import type { ClientTransaction } from "../transaction/client.ts";
import { GIVE_UP, TIMER_C } from "../transaction/timers.ts";
import type { Flow } from "../transport/flow.ts";
import { sendAck } from "./ack.ts";
import { Call, type CallHost } from "./call.ts";
import { sdpOf, sdpType } from "./body.ts";
import { cancel } from "./cancel.ts";
import { Dialog } from "./dialog.ts";
import { endByRefusal } from "./end.ts";
import type { CallEnd } from "./events.ts";
import { contactOn, type IncomingCall } from "./incoming.ts";
import { agreedBy, askForTimer, lengthen } from "./session-timer.ts";

const withoutReliable = supported
  .split(", ")
  .filter((tag) => tag !== "100rel")
  .join(", ");

/** Answers to one INVITE that are dealt with; a phone that makes up more of them is not kept up with. */
const mostForks = 20;

export interface OutgoingOptions {
  /** The address that is called. */
  readonly uri: string;
  /** The ways to it, tried in turn where one fails (RFC 3263 §4.3); at least one. */
  readonly flows: readonly [Flow, ...Flow[]];
  /** Whether the flows lead to the device itself (a registered contact) rather than to a server. */
  readonly direct: boolean;
  /** The extension whose device is called. */
  readonly extension?: string;
  /** What the other side shows: the visitor's number and name. */
  readonly from: { readonly number: string; readonly name: string };
  /** Our offer, or what makes it once our address on the way to the peer is known. */
  readonly sdp: string | ((localHost: string) => string);
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: ClientCredentials;
  /** How we name ourselves where that is not our number at our address: as a client of another server. */
  readonly own?: Own;
  /** It is given up where nothing has come back for so long, milliseconds; after the whole time of an INVITE where it is absent. */
  readonly silentMs?: number;
}

export interface Own {
  /** The URI in From. */
  readonly from: string;
  contact(flow: Flow): string;
  /** The proxies that the request goes through by this flow (RFC 3261 §8.1.2). */
  routes(flow: Flow): readonly string[];
}

/** A dialog that a provisional response began. */
interface Early {
  readonly dialog: Dialog;
  /** The number of the last reliable response. */
  rseq: number | undefined;
  /** What a reliable response answered to our offer. */
  answer: string | undefined;
}

export class OutgoingCall extends Call {
  readonly remote: NameAddr;
  readonly #options: Omit<OutgoingOptions, "sdp">;
  /** Until the final response: the call is kept for a while after its end, and what makes its offer is not to be. */
  #sdp: OutgoingOptions["sdp"];
  #flow: Flow;
  readonly #invite: SipRequest;
  readonly #sending: Sending;
  #seq = 1;
  #cancelReason: string | undefined;
  #cancelled = false;
  #timerC: Cancel = () => {};
  /** Of targets that were given up and ring nevertheless. */
  readonly #tooLate: ClientTransaction[] = [];
  /** While it rings: takes a call that is to have its place (RFC 3891 §3), and is not answered yet. */
  fetched: ((by: IncomingCall) => void) | undefined;
  /** By the peer's tag. */
  readonly #early = new Map<string, Early>();
  /** Sends the ACK again, for each dialog that the INVITE began, by the peer's tag. */
  readonly #acks = new Map<string, () => void>();

  constructor(host: CallHost, options: OutgoingOptions) {
    const tag = newTag();
    super(host, "out", newCallId(), tag, options.credentials);
    const { sdp, ...rest } = options;
    this.#options = rest;
    this.#sdp = sdp;
    this.#flow = options.flows[0];
    this.remote = { name: "", uri: options.uri, params: none };
    const us = options.own?.from ?? `sip:${escapeUser(options.from.number)}@${writeHost(this.#flow.sentBy.host)}`;
    const invite = new SipRequest("INVITE", options.uri);
    invite.add("Max-Forwards", "70");
    invite.add("From", writeNameAddr({ name: options.from.name, uri: us, params: new Map([["tag", tag]]) }));
    invite.add("To", `<${options.uri}>`).add("Call-ID", this.callId).add("CSeq", "1 INVITE");
    invite.add("Contact", this.contact).add("Allow", allow).add("User-Agent", host.userAgent);
    const { callSettings } = host;
    invite.add("Supported", callSettings.reliable ? supported : withoutReliable);
    askForTimer(invite, callSettings);
    for (const [name, value] of Object.entries(options.headers ?? {})) invite.add(name, value);
    this.#invite = invite;
    this.#sending = new Sending(
      host,
      this.#invite,
      options.flows,
      {
        response: (response) => this.#response(response),
        failed: (error) =>
          this.#lost({
            ...{ by: "network", status: 408, text: error.message },
            cause: error.code === "no-answer" ? cause.noResponse : cause.noRoute,
          }),
      },
      {
        ...(options.credentials && { credentials: options.credentials }),
        lastMs: options.silentMs,
        nextSeq: () => ++this.#seq,
        dress: (request, flow) => this.#dress(request, flow),
        late: (response, transaction) => this.#late(response, transaction),
        change: (changed, response) => {
          if (!lengthen(changed, response)) return false;
          invite.set("Session-Expires", changed.get("session-expires") ?? "");
          return true;
        },
      },
    );
  }

  get flow(): Flow {
    return this.#flow;
  }

  get extension(): string | undefined {
    return this.#options.extension;
  }

  protected get contact(): string {
    const { own, from } = this.#options;
    return own?.contact(this.#flow) ?? contactOn(this.#flow, escapeUser(from.number));
  }

  #dress(request: SipRequest, flow: Flow): void {
    this.#flow = flow;
    request.set("Contact", this.contact);
    const routes = this.#options.own?.routes(flow) ?? [];
    if (routes.length > 0) request.set("Route", routes.join(", "));
    const body = typeof this.#sdp === "string" ? this.#sdp : this.#sdp(flow.sentBy.host);
    this.changes.say(body);
    request.setBody(sdpType, body);
  }

  hangUp(reason?: string): void {
    if (this.state === "ended") return;
    const talking = this.state === "talking";
    const text = reason === completedElsewhere ? "answered elsewhere" : talking ? "hung up" : "no longer wanted";
    const end: CallEnd = { by: "local", cause: cause.normal, text };
    this.#timerC();
    if (talking) return this.endTalk(end, reason);
    this.finish(end);
    this.#giveUp(reason);
  }

  // The INVITE goes on until its answer has come, though nobody waits for it any more.
  #giveUp(reason?: string): void {
    this.#cancelReason = reason;
    this.#sending.lastTry();
    this.host.enter(this);
    if (this.#sending.transaction?.proceeding) this.#cancel();
  }

  #response(response: SipResponse): void {
    if (response.status < 200) return this.#provisionalCame(response);
    this.#timerC();
    this.#sdp = "";
    if (response.status < 300) return this.#accepted(response);
    if (this.state === "ended") this.host.leave(this);
    else this.finish(endByRefusal(response));
  }

  #provisionalCame(response: SipResponse): void {
    // CANCEL may only follow a provisional response (RFC 3261 §9.1).
    if (this.state === "ended") return this.#cancel();
    this.#timerC();
    this.#timerC = this.host.clock.after(TIMER_C, () => {
      this.finish({ by: "network", status: 408, cause: cause.noAnswer, text: "it rang for three minutes" });
      this.#giveUp();
    });
    if (response.status === 100) return;
    const early = this.#earlyOf(response);
    const rseq = names(response, "require", "100rel") ? response.number("rseq") : undefined;
    const sdp = sdpOf(response);
    if (rseq !== undefined) {
      // RFC 3262 §4: one after the other; what was missed is repeated.
      if (!early || (early.rseq !== undefined && rseq !== early.rseq + 1)) return;
      early.rseq = rseq;
      early.answer ??= sdp;
      this.#acknowledgeEarly(early.dialog, rseq, response);
    }
    // RFC 6228: one branch of a fork is over, which says nothing of the others.
    if (response.status === 199) return;
    this.become("early");
    this.emit("early", { status: response.status, sdp });
  }

  #earlyOf(response: SipResponse): Early | undefined {
    const tag = response.toTag;
    let early = this.#early.get(tag);
    if (!early && tag && this.#early.size < mostForks) {
      const dialog = Dialog.ofClient(this.#invite, response, this.#flow, this.#options.direct);
      early = { dialog, rseq: undefined, answer: undefined };
      this.#early.set(tag, early);
    }
    return early;
  }

  #acknowledgeEarly(dialog: Dialog, rseq: number, response: SipResponse): void {
    const prack = dialog.request("PRACK").add("RAck", `${rseq} ${response.get("cseq") ?? ""}`);
    // Where it does not get through, the callee ends its INVITE.
    this.send(dialog, prack, { response: () => {}, failed: () => {} });
  }

  protected override dialogWith(remoteTag: string): Dialog | undefined {
    return super.dialogWith(remoteTag) ?? this.#early.get(remoteTag)?.dialog;
  }

  protected override cleared(): void {
    this.fetched = undefined;
  }

  protected openOffer(remoteTag: string): "ours" | "none" {
    return this.state === "talking" || this.#early.get(remoteTag)?.answer !== undefined ? "none" : "ours";
  }

  #accepted(response: SipResponse, flow = this.#flow): void {
    const acknowledgeAgain = this.#acks.get(response.toTag);
    if (acknowledgeAgain) return acknowledgeAgain();
    if (this.#acks.size >= mostForks) return;
    const dialog = Dialog.ofClient(this.#invite, response, flow, this.#options.direct);
    const early = this.#early.get(response.toTag);
    if (early) dialog.follow(early.dialog);
    this.#acks.set(response.toTag, sendAck(this.host, dialog, response, this.#sending));
    // Another branch was faster, or nobody waits any more: this one is acknowledged and ended.
    if (this.dialog) return this.bye(completedElsewhere, dialog);
    if (this.state === "ended") return this.bye(this.#cancelReason, dialog);
    if (flow !== this.#flow) return this.bye(undefined, dialog);
    this.dialog = dialog;
    this.#early.clear();
    this.become("talking");
    this.changes.hear(response);
    this.changes.begin(agreedBy(response, this.#invite));
    // RFC 3261 §13.2.1: what a reliable response answered stands.
    this.emit("answered", { sdp: early?.answer ?? sdpOf(response) });
  }

  // A target that was given up for its silence lives after all: it must neither ring on nor be talked to by nobody.
  #late(response: SipResponse, transaction: ClientTransaction): void {
    if (response.status >= 300) return;
    if (response.status >= 200) return this.#accepted(response, transaction.flow);
    if (this.#tooLate.includes(transaction)) return;
    this.#tooLate.push(transaction);
    cancel(this.host.transactions, transaction);
  }

  #cancel(): void {
    const transaction = this.#sending.transaction;
    if (!transaction || this.#cancelled) return;
    this.#cancelled = true;
    cancel(this.host.transactions, transaction, this.#cancelReason);
    // A callee that ignores the CANCEL does not keep us longer than this (RFC 3261 §9.1).
    this.#timerC = this.host.clock.after(GIVE_UP, () => {
      this.#sending.stop();
      this.host.leave(this);
    });
  }

  // Only a proxy has other answers to its INVITE; a device has given the one there is, and knows that the call is over. Kept for
  // half a minute, the transaction would keep all of the call.
  protected override left(): void {
    if (this.dialog && this.#options.direct) this.#sending.stop();
  }

  #lost(end: Parameters<Call["finish"]>[0]): void {
    this.#timerC();
    this.finish(end);
    this.host.leave(this);
  }

  override abandon(): void {
    this.#timerC();
    this.#sending.stop();
    super.abandon();
  }
}
