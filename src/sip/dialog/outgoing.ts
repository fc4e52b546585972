// A call from us: RFC 3261 §13.2, with the forking of proxies behind it (several dialogs from one INVITE: the first 2xx
// wins, each later one is acknowledged and ended).
import type { Cancel } from "../../clock.ts";
import { cause, completedElsewhere } from "../causes.ts";
import { writeNameAddr, type NameAddr } from "../message/headers.ts";
import { SipRequest, type SipResponse } from "../message/message.ts";
import { newCallId, newTag } from "../message/reply.ts";
import { escapeUser, writeHost } from "../message/uri.ts";
import { Sending, type ClientCredentials } from "../request/send.ts";
import { addVia } from "../transaction/layer.ts";
import { newBranch } from "../message/reply.ts";
import { GIVE_UP, TIMER_C } from "../transaction/timers.ts";
import type { Flow } from "../transport/flow.ts";
import { allow, Call, endOf, sdpOf, sdpType, type CallHost } from "./call.ts";
import { Dialog } from "./dialog.ts";
import { contactOn } from "./incoming.ts";

export interface OutgoingOptions {
  /** The address that is called. */
  readonly uri: string;
  readonly flow: Flow;
  /** Whether `flow` leads to the device itself (a registered contact) rather than to a server. */
  readonly direct: boolean;
  /** What the other side shows: the visitor's number and name. */
  readonly from: { readonly number: string; readonly name: string };
  readonly sdp: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: ClientCredentials;
}

export class OutgoingCall extends Call {
  readonly direction = "out";
  readonly flow: Flow;
  readonly remote: NameAddr;
  protected readonly contact: string;
  readonly #direct: boolean;
  readonly #invite: SipRequest;
  readonly #sending: Sending;
  #seq = 1;
  #provisional = false;
  #cancelReason: { reason: string | undefined } | undefined;
  #timerC: Cancel = () => {};
  #ack: { tag: string; data: Buffer } | undefined;

  constructor(host: CallHost, options: OutgoingOptions) {
    const tag = newTag();
    super(host, newCallId(), tag, options.credentials);
    this.flow = options.flow;
    this.#direct = options.direct;
    this.remote = { name: "", uri: options.uri, params: new Map() };
    const user = escapeUser(options.from.number);
    this.contact = contactOn(options.flow, user);
    const us = `sip:${user}@${writeHost(options.flow.sentBy.host)}`;
    const invite = new SipRequest("INVITE", options.uri);
    invite.add("Max-Forwards", "70");
    invite.add("From", writeNameAddr({ name: options.from.name, uri: us, params: new Map([["tag", tag]]) }));
    invite.add("To", `<${options.uri}>`).add("Call-ID", this.callId).add("CSeq", "1 INVITE");
    invite.add("Contact", this.contact).add("Allow", allow).add("User-Agent", host.userAgent);
    for (const [name, value] of Object.entries(options.headers ?? {})) invite.add(name, value);
    this.#invite = invite.setBody(sdpType, options.sdp);
    this.#sending = new Sending(
      host,
      this.#invite,
      options.flow,
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
      },
    );
  }

  hangUp(reason?: string): void {
    if (this.state === "ended") return;
    const talking = this.state === "talking";
    this.#timerC();
    this.finish({
      ...{ by: "local", cause: cause.normal },
      text: reason === completedElsewhere ? "answered elsewhere" : talking ? "hung up" : "no longer wanted",
    });
    if (talking) return this.bye(reason);
    this.#cancelReason = { reason };
    this.host.enter(this);
    if (this.#provisional) this.#cancel();
  }

  #response(response: SipResponse): void {
    if (response.status < 200) return this.#provisionalCame(response);
    this.#timerC();
    if (response.status < 300) return this.#accepted(response);
    if (this.state === "ended") this.host.leave(this);
    else this.finish(endOf(response));
  }

  #provisionalCame(response: SipResponse): void {
    const first = !this.#provisional;
    this.#provisional = true;
    if (this.state === "ended") {
      // CANCEL may only follow a provisional response (RFC 3261 §9.1).
      if (first) this.#cancel();
      return;
    }
    this.#timerC();
    this.#timerC = this.host.clock.after(TIMER_C, () => {
      this.finish({ by: "network", status: 408, cause: cause.noAnswer, text: "it rang for three minutes" });
      this.#cancelReason = { reason: undefined };
      this.host.enter(this);
      this.#cancel();
    });
    if (response.status === 100) return;
    this.become("early");
    this.emit("early", { status: response.status, sdp: sdpOf(response) });
  }

  #accepted(response: SipResponse): void {
    if (this.#ack?.tag === response.toTag) return this.flow.send(this.#ack.data);
    const dialog = Dialog.ofClient(this.#invite, response, this.flow, this.#direct);
    const ack = dialog.request("ACK", response.cseq?.number ?? 1);
    addVia(ack, this.flow, newBranch());
    const data = ack.toBuffer();
    this.#sendAck(dialog, data);
    if (this.state === "ended" || this.#ack) {
      // Another branch was faster, or nobody waits any more: this one is acknowledged and ended.
      const winner = this.dialog;
      this.dialog = dialog;
      this.bye(completedElsewhere);
      if (winner) this.dialog = winner;
      return;
    }
    this.#ack = { tag: response.toTag, data };
    this.dialog = dialog;
    this.become("talking");
    this.emit("answered", { sdp: sdpOf(response) });
  }

  #sendAck(dialog: Dialog, data: Buffer): void {
    const { way } = dialog;
    if (typeof way !== "string") return way.send(data);
    this.host.flowsTo(way).then(
      ([flow]) => flow?.send(data),
      // Without an ACK the callee ends the call by itself; the BYE of our side will meet the same trouble and say so.
      () => {},
    );
  }

  #cancel(): void {
    const transaction = this.#sending.transaction;
    if (!transaction || !this.#cancelReason) return;
    const { request, flow } = transaction;
    const cancel = new SipRequest("CANCEL", request.uri);
    for (const { name, key, value } of request.headers)
      if (["max-forwards", "from", "to", "call-id", "route"].includes(key)) cancel.add(name, value);
    cancel.add("CSeq", `${request.cseq?.number ?? 1} CANCEL`);
    const { reason } = this.#cancelReason;
    if (reason) cancel.add("Reason", reason);
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
