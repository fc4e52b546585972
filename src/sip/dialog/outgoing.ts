// A call from us: RFC 3261 §13.2, with the forking of proxies behind it (several dialogs from one INVITE: the first 2xx
// wins, each later one is acknowledged and ended).
import type { Cancel } from "../../clock.ts";
import { cause, completedElsewhere } from "../causes.ts";
import { writeNameAddr, type NameAddr } from "../message/headers.ts";
import { SipRequest, type SipResponse } from "../message/message.ts";
import { newBranch, newCallId, newTag } from "../message/reply.ts";
import { escapeUser, writeHost } from "../message/uri.ts";
import { Sending, type ClientCredentials } from "../request/send.ts";
import { addVia } from "../transaction/layer.ts";
import { GIVE_UP, TIMER_C } from "../transaction/timers.ts";
import type { Flow } from "../transport/flow.ts";
import { allow, Call, endOf, sdpOf, sdpType, type CallHost } from "./call.ts";
import { Dialog } from "./dialog.ts";
import type { CallEnd } from "./events.ts";
import { contactOn } from "./incoming.ts";

/** Answers to one INVITE that are dealt with; a phone that makes up more of them is not kept up with. */
const mostForks = 20;

export interface OutgoingOptions {
  /** The address that is called. */
  readonly uri: string;
  /** The ways to it, tried in turn where one fails (RFC 3263 §4.3); at least one. */
  readonly flows: readonly [Flow, ...Flow[]];
  /** Whether the flows lead to the device itself (a registered contact) rather than to a server. */
  readonly direct: boolean;
  /** What the other side shows: the visitor's number and name. */
  readonly from: { readonly number: string; readonly name: string };
  /** Our offer, or what makes it once our address on the way to the peer is known. */
  readonly sdp: string | ((localHost: string) => string);
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: ClientCredentials;
  /** How we name ourselves where that is not our number at our address: as a client of another server. */
  readonly own?: Own;
}

export interface Own {
  /** The URI in From. */
  readonly from: string;
  contact(flow: Flow): string;
  /** The proxies that the request goes through by this flow (RFC 3261 §8.1.2). */
  routes(flow: Flow): readonly string[];
}

export class OutgoingCall extends Call {
  readonly direction = "out";
  readonly remote: NameAddr;
  readonly #options: OutgoingOptions;
  #flow: Flow;
  readonly #invite: SipRequest;
  readonly #sending: Sending;
  #seq = 1;
  #cancelReason: string | undefined;
  #cancelled = false;
  #timerC: Cancel = () => {};
  /** Sends the ACK again, for each dialog that the INVITE began, by the peer's tag. */
  readonly #acks = new Map<string, () => void>();

  constructor(host: CallHost, options: OutgoingOptions) {
    const tag = newTag();
    super(host, newCallId(), tag, options.credentials);
    this.#options = options;
    this.#flow = options.flows[0];
    this.remote = { name: "", uri: options.uri, params: new Map() };
    const us = options.own?.from ?? `sip:${escapeUser(options.from.number)}@${writeHost(this.#flow.sentBy.host)}`;
    const invite = new SipRequest("INVITE", options.uri);
    invite.add("Max-Forwards", "70");
    invite.add("From", writeNameAddr({ name: options.from.name, uri: us, params: new Map([["tag", tag]]) }));
    invite.add("To", `<${options.uri}>`).add("Call-ID", this.callId).add("CSeq", "1 INVITE");
    invite.add("Contact", this.contact).add("Allow", allow).add("User-Agent", host.userAgent);
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
        nextSeq: () => ++this.#seq,
        dress: (request, flow) => this.#dress(request, flow),
      },
    );
  }

  get flow(): Flow {
    return this.#flow;
  }

  protected get contact(): string {
    const { own, from } = this.#options;
    return own?.contact(this.#flow) ?? contactOn(this.#flow, escapeUser(from.number));
  }

  #dress(request: SipRequest, flow: Flow): void {
    this.#flow = flow;
    request.set("Contact", this.contact);
    const { own, sdp } = this.#options;
    const routes = own?.routes(flow) ?? [];
    if (routes.length > 0) request.set("Route", routes.join(", "));
    request.setBody(sdpType, typeof sdp === "string" ? sdp : sdp(flow.sentBy.host));
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
    if (response.status < 300) return this.#accepted(response);
    if (this.state === "ended") this.host.leave(this);
    else this.finish(endOf(response));
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
    this.become("early");
    this.emit("early", { status: response.status, sdp: sdpOf(response) });
  }

  #accepted(response: SipResponse): void {
    const acknowledgeAgain = this.#acks.get(response.toTag);
    if (acknowledgeAgain) return acknowledgeAgain();
    if (this.#acks.size >= mostForks) return;
    const dialog = Dialog.ofClient(this.#invite, response, this.#flow, this.#options.direct);
    this.#acknowledge(dialog, response.cseq?.number ?? 1);
    // Another branch was faster, or nobody waits any more: this one is acknowledged and ended.
    if (this.dialog) return this.bye(completedElsewhere, dialog);
    if (this.state === "ended") return this.bye(this.#cancelReason, dialog);
    this.dialog = dialog;
    this.become("talking");
    this.emit("answered", { sdp: sdpOf(response) });
  }

  #acknowledge(dialog: Dialog, seq: number): void {
    const ack = dialog.request("ACK", seq);
    // With the credentials of the INVITE, since an ACK cannot be challenged (RFC 3261 §13.2.2.4, §22.1).
    for (const { name, key, value } of this.#sending.transaction?.request.headers ?? [])
      if (key === "authorization" || key === "proxy-authorization") ack.add(name, value);
    const { way } = dialog;
    const send = (flow: Flow) => {
      addVia(ack, flow, newBranch());
      const data = ack.toBuffer();
      const again = () => flow.send(data);
      this.#acks.set(dialog.state.remoteTag, again);
      again();
    };
    this.#acks.set(dialog.state.remoteTag, () => {});
    if (typeof way !== "string") return send(way);
    this.host.flowsTo(way).then(
      ([flow]) => flow && send(flow),
      // Without an ACK the callee ends the call by itself; the BYE of our side will meet the same trouble and say so.
      () => {},
    );
  }

  #cancel(): void {
    const transaction = this.#sending.transaction;
    if (!transaction || this.#cancelled) return;
    this.#cancelled = true;
    const { request, flow } = transaction;
    const cancel = new SipRequest("CANCEL", request.uri);
    for (const { name, key, value } of request.headers)
      if (["max-forwards", "from", "to", "call-id", "route"].includes(key)) cancel.add(name, value);
    cancel.add("CSeq", `${request.cseq?.number ?? 1} CANCEL`);
    if (this.#cancelReason) cancel.add("Reason", this.#cancelReason);
    const branch = request.via?.params.get("branch") ?? "";
    this.host.transactions.send(cancel, flow, { response: () => {}, failed: () => {} }, branch);
    // A callee that ignores the CANCEL does not keep us longer than this (RFC 3261 §9.1).
    this.#timerC = this.host.clock.after(GIVE_UP, () => {
      this.#sending.stop();
      this.host.leave(this);
    });
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
