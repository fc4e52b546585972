// A call to us: RFC 3261 §13.3.
import type { Cancel } from "../../clock.ts";
import { cause, causeOf, completedElsewhere, endElsewhere } from "../causes.ts";
import type { NameAddr } from "../message/headers.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { newTag } from "../message/reply.ts";
import { parseUri, plainUser, writeHost } from "../message/uri.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Flow } from "../transport/flow.ts";
import { allow, Call, sdpOf, sdpType, type CallHost } from "./call.ts";
import type { Caller } from "./caller.ts";
import { Dialog } from "./dialog.ts";

// A proxy gives up a silent INVITE after three minutes; a word a minute keeps it ringing (RFC 3261 §13.3.1.1).
const remindMs = 60_000;

export class IncomingCall extends Call {
  readonly direction = "in";
  readonly remote: NameAddr | undefined;
  readonly caller: Caller;
  /** The number dialled: the user part of the request's address. */
  readonly dialled: string;
  /** The caller's offer; absent where it wants the offer from us. */
  readonly sdp: string | undefined;
  protected readonly contact: string;
  readonly #tag: string;
  readonly #transaction: ServerTransaction;
  readonly #recordRoutes: readonly string[];
  #remind: Cancel = () => {};

  constructor(host: CallHost, request: SipRequest, transaction: ServerTransaction, caller: Caller) {
    const tag = newTag();
    super(host, request.callId, tag);
    this.#tag = tag;
    this.#transaction = transaction;
    this.caller = caller;
    this.remote = request.from;
    const uri = parseUri(request.uri);
    this.dialled = plainUser(uri?.user ?? "");
    this.sdp = sdpOf(request);
    this.#recordRoutes = request.all("record-route");
    this.contact = contactOn(transaction.flow, uri?.user ?? "");
    this.dialog = Dialog.ofServer(request, tag, transaction.flow);
    transaction.hooks.cancelled = (cancel) => this.#cancelled(cancel);
    transaction.respond(transaction.reply(100));
  }

  get flow(): Flow {
    return this.#transaction.flow;
  }

  /** 180 or another provisional response, repeated each minute while it lasts. */
  ring(status = 180): void {
    if (this.state !== "ringing" && this.state !== "early") return;
    this.become("early");
    this.#transaction.respond(this.#response(status));
    this.#remind();
    this.#remind = this.host.clock.after(remindMs, () => this.ring(status));
  }

  /** 200 with our SDP: an answer, or an offer where the caller sent none. */
  answer(sdp: string): void {
    if (this.state === "ended" || this.state === "talking") return;
    this.#remind();
    this.become("talking");
    const response = this.#response(200).setBody(sdpType, sdp);
    this.accept(this.#transaction, response);
    this.emit("answered", { sdp: undefined });
  }

  /** Refuses the call; harmless once it was answered or ended. */
  reject(status: number, phrase?: string, reason?: string): void {
    if (this.state === "ended" || this.state === "talking") return;
    this.#remind();
    const response = this.#transaction.reply(status, this.#tag, phrase);
    if (reason) response.add("Reason", reason);
    this.#transaction.respond(response);
    this.finish({ by: "local", status, cause: causeOf(status), text: response.reason });
  }

  hangUp(reason?: string): void {
    if (this.state !== "talking") return this.reject(reason === completedElsewhere ? 487 : 480, undefined, reason);
    this.endTalk({ by: "local", cause: cause.normal, text: "hung up" }, reason);
  }

  protected override byeReceived(request: SipRequest): void {
    this.#remind();
    if (!this.#transaction.answered) this.#transaction.respond(this.#transaction.reply(487, this.#tag));
    super.byeReceived(request);
  }

  override abandon(): void {
    this.#remind();
    super.abandon();
  }

  #cancelled(cancel: SipRequest): void {
    this.#remind();
    this.#transaction.respond(this.#transaction.reply(487, this.#tag));
    this.finish({
      ...{ by: "remote", status: 487, cause: cause.normal, text: "the caller gave up" },
      ...endElsewhere(cancel),
    });
  }

  #response(status: number): SipResponse {
    const response = this.#transaction.reply(status, this.#tag);
    for (const route of this.#recordRoutes) response.add("Record-Route", route);
    return response.add("Contact", this.contact).add("Allow", allow);
  }
}

/** Our Contact as a peer on `flow` can reach it. */
export function contactOn(flow: Flow, user: string): string {
  const { host, port } = flow.sentBy;
  const transport = flow.transport === "UDP" ? "" : `;transport=${flow.transport.toLowerCase()}`;
  return `<sip:${user ? `${user}@` : ""}${writeHost(host)}:${port}${transport}>`;
}
