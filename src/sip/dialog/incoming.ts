// A call to us: RFC 3261 §13.3, with reliable provisional responses (RFC 3262).
import type { Cancel } from "../../clock.ts";
import { addReason, cause, causeOf, completedElsewhere } from "../causes.ts";
import { allow, names, supported } from "../extensions.ts";
import type { NameAddr } from "../message/headers.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { newTag } from "../message/reply.ts";
import { writeHost } from "../../ip.ts";
import { parseUri, unescaped } from "../message/uri.ts";
import type { ClientCredentials } from "../request/send.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Flow } from "../transport/flow.ts";
import { Call, type CallHost } from "./call.ts";
import { sdpOf, sdpType } from "./body.ts";
import type { Caller } from "./caller.ts";
import { Dialog } from "./dialog.ts";
import { endByCancel } from "./end.ts";
import { ReliableResponses } from "./reliable.ts";
import { tooBrief } from "./renegotiation.ts";
import { parseReplaces, type Replaces } from "./replaces.ts";
import { answerTimer, type TimerAnswer } from "./session-timer.ts";
import { toldBy, type Told } from "./told.ts";

// A proxy gives up a silent INVITE after three minutes; a word a minute keeps it ringing (RFC 3261 §13.3.1.1).
const remindMs = 60_000;

export class IncomingCall extends Call {
  readonly remote: NameAddr | undefined;
  readonly caller: Caller;
  /** The number dialled: the user part of the request's address; of To, or what we are registered as, where that is our Contact. */
  readonly dialled: string;
  /** Whose place this call is to take (RFC 3891). */
  readonly replaces: Replaces | undefined;
  readonly told: Told;
  /** The caller's offer; absent where it wants the offer from us. */
  readonly sdp: string | undefined;
  protected readonly contact: string;
  readonly #tag: string;
  readonly #transaction: ServerTransaction;
  readonly #recordRoutes: readonly string[];
  readonly #timer: TimerAnswer & { tooBrief: false };
  /** Where provisional responses are acknowledged. */
  readonly #reliable: ReliableResponses | undefined;
  readonly #mustBeReliable: boolean;
  /** What a reliable response said of our media. */
  #described: "not" | "waits" | "settled" = "not";
  #answering = false;
  #remind: Cancel = () => {};

  /** The call that an INVITE begins; undefined where it is refused at once. */
  static of(
    host: CallHost,
    request: SipRequest,
    transaction: ServerTransaction,
    caller: Caller,
    credentials?: ClientCredentials,
  ): IncomingCall | undefined {
    const replaces = request.list("replaces");
    if (replaces.length > 1 || (replaces[0] !== undefined && !parseReplaces(replaces[0]))) {
      transaction.respond(transaction.reply(400, newTag(), "Replaces is wrong"));
      return undefined;
    }
    const timer = answerTimer(request, host.callSettings);
    if (!timer.tooBrief) return new IncomingCall(host, request, transaction, caller, timer, credentials);
    transaction.respond(tooBrief(transaction, newTag()));
    return undefined;
  }

  private constructor(
    host: CallHost,
    request: SipRequest,
    transaction: ServerTransaction,
    caller: Caller,
    timer: TimerAnswer & { tooBrief: false },
    credentials?: ClientCredentials,
  ) {
    const tag = newTag();
    super(host, "in", request.callId, tag, credentials);
    this.#timer = timer;
    this.#mustBeReliable = names(request, "require", "100rel");
    if (this.#mustBeReliable || (host.callSettings.reliable && names(request, "supported", "100rel")))
      this.#reliable = new ReliableResponses(
        host.clock,
        () => host.random(),
        transaction,
        // A bell that says it can, and cannot, is a visitor at the door all the same: only who demanded it is refused.
        () => this.#mustBeReliable && this.reject(504),
      );
    this.changes.hear(request);
    this.#tag = tag;
    this.#transaction = transaction;
    this.caller = caller;
    this.remote = request.from;
    const uri = parseUri(request.uri);
    this.dialled = unescaped(uri?.user ?? "");
    if (caller.kind === "account") {
      const to = unescaped(parseUri(request.to?.uri ?? "")?.user ?? "");
      // Asterisk names our Contact there, too, which is nobody's business.
      this.dialled = to === this.dialled ? (caller.user ?? to) : to;
    }
    this.sdp = sdpOf(request);
    this.replaces = parseReplaces(request.get("replaces") ?? "");
    this.told = toldBy(request, host.callSettings.headers);
    this.#recordRoutes = request.all("record-route");
    this.contact = contactOn(transaction.flow, uri?.user ?? "");
    this.dialog = Dialog.ofServer(request, tag, transaction.flow);
    transaction.cancelled = (cancel) => this.#cancelled(cancel);
  }

  /** 100, where nothing was said in the turn in which the INVITE came: the next word may take more than 200 ms (§17.2.1). */
  trying(): void {
    if (this.#transaction.silent) this.#transaction.respond(this.#transaction.reply(100));
  }

  /** 500, where nothing was said and a fault of ours keeps it from ever being said. */
  failed(): void {
    if (this.#transaction.silent) this.reject(500);
  }

  get flow(): Flow {
    return this.#transaction.flow;
  }

  get extension(): string | undefined {
    return this.caller.kind === "extension" ? this.caller.number : undefined;
  }

  /** Its INVITE, as it came; only until it is answered or refused. */
  get request(): SipRequest | undefined {
    return this.#transaction.request;
  }

  /**
   * 180 or another provisional response, repeated each minute while it lasts. With `sdp` (183) the caller can be played
   * something before the answer; what is said so stands: `answer` does not change it any more where the caller
   * acknowledges provisional responses.
   */
  ring(status = 180, sdp?: string): void {
    if ((this.state !== "ringing" && this.state !== "early") || this.#answering) return;
    this.become("early");
    const response = this.#response(status);
    const news = sdp !== undefined && this.#described === "not";
    if (news) response.setBody(sdpType, sdp);
    // RFC 3262 §5: the first reliable response to an INVITE without an offer has to bring ours.
    const fit = news || this.sdp !== undefined || this.#described === "settled";
    if (this.#reliable && fit) {
      if (news) {
        this.#described = this.sdp === undefined ? "waits" : "settled";
        this.changes.say(sdp);
      }
      this.#reliable.give(response);
    } else if (!this.#mustBeReliable) this.#transaction.respond(response);
    this.#remind();
    this.#remind = this.host.clock.after(remindMs, () => this.ring(status));
  }

  /** 200 with our SDP: an answer, or an offer where the caller sent none. */
  answer(sdp: string): void {
    if (this.state === "ended" || this.state === "talking" || this.#answering) return;
    this.#remind();
    this.#answering = true;
    if (this.#reliable?.holdsDescription) this.#described = "not";
    const accept = () => {
      this.become("talking");
      const response = this.#response(200);
      for (const header of this.#timer.headers) response.add(...header);
      const describes = this.#described !== "settled";
      if (describes) {
        response.setBody(sdpType, sdp);
        this.changes.say(sdp);
      }
      this.accept(this.#transaction, response, describes && this.sdp === undefined);
      this.changes.begin(this.#timer.interval);
      this.emit("answered", { sdp: undefined });
    };
    if (this.#reliable) this.#reliable.beforeAccept(accept);
    else accept();
  }

  /** Refuses the call; harmless once it was answered or ended. */
  reject(status: number, phrase?: string, reason?: string): void {
    if (this.state === "ended" || this.state === "talking") return;
    const response = this.#transaction.reply(status, this.#tag, phrase);
    if (reason) addReason(response, reason);
    this.#transaction.respond(response);
    this.finish({ by: "local", status, cause: causeOf(status), text: response.reason });
  }

  hangUp(reason?: string): void {
    if (this.state !== "talking") return this.reject(reason === completedElsewhere ? 487 : 480, undefined, reason);
    this.endTalk({ by: "local", cause: cause.normal, text: "hung up" }, reason);
  }

  protected override byeReceived(request: SipRequest): void {
    if (!this.#transaction.answered) this.#transaction.respond(this.#transaction.reply(487, this.#tag));
    super.byeReceived(request);
  }

  protected override cleared(): void {
    this.#remind();
    this.#reliable?.stop();
  }

  protected openOffer(): "ours" | "theirs" | "none" {
    if (this.state === "talking" || this.#described === "settled") return "none";
    return this.#described === "waits" ? "ours" : "theirs";
  }

  protected override prackReceived(request: SipRequest, transaction: ServerTransaction, dialog: Dialog): void {
    const sdp = sdpOf(request);
    const answered = (): void => {
      if (sdp !== undefined && this.#described !== "waits") return this.changes.pracked(request, transaction, dialog);
      transaction.respond(transaction.reply(200));
      if (sdp === undefined) return;
      this.#described = "settled";
      this.emit("acknowledged", sdp);
    };
    if (!this.#reliable?.acknowledge(request, answered)) transaction.respond(transaction.reply(481));
  }

  #cancelled(cancel: SipRequest): void {
    this.#transaction.respond(this.#transaction.reply(487, this.#tag));
    this.finish(endByCancel(cancel));
  }

  #response(status: number): SipResponse {
    const response = this.#transaction.reply(status, this.#tag);
    for (const route of this.#recordRoutes) response.add("Record-Route", route);
    return response.add("Contact", this.contact).add("Allow", allow).add("Supported", supported);
  }
}

/** Our Contact as a peer on `flow` can reach it. */
export function contactOn(
  { sentBy, alias, transport }: Pick<Flow, "sentBy" | "alias" | "transport">,
  user: string,
): string {
  const place = alias ?? `${writeHost(sentBy.host)}:${sentBy.port}`;
  const param = transport === "UDP" ? "" : `;transport=${transport.toLowerCase()}`;
  return `<sip:${user ? `${user}@` : ""}${place}${param}>`;
}
