// A call: one INVITE dialog with one party, `ringing → early → talking → ended`. What both directions share: requests
// inside the dialog and the end. RFC 3261 §13–15, RFC 6086 (INFO).
import { EventEmitter } from "node:events";
import type { Cancel, Clock } from "../../clock.ts";
import type { NameAddr } from "../message/headers.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { cause, causeOf, reasonsOf } from "../causes.ts";
import { Sending, type ClientCredentials, type Sender } from "../request/send.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { GIVE_UP, T1, T2 } from "../transaction/timers.ts";
import type { Flow } from "../transport/flow.ts";
import type { Dialog } from "./dialog.ts";

export type CallState = "ringing" | "early" | "talking" | "ended";

export interface CallEnd {
  readonly by: "local" | "remote" | "network";
  /** The SIP status that ended it, where it was one. */
  readonly status?: number;
  /** Q.850 cause (H10). */
  readonly cause: number;
  /** A few words for people: the peer's reason phrase or our own. */
  readonly text: string;
}

/** What a peer said in an INFO; whoever takes it answers with `reply`. */
export interface Info {
  readonly contentType: string;
  readonly body: string;
  reply(status: number): void;
}

/** A re-INVITE: hold, another codec, another address. Exactly one of the two answers must be given. */
export interface Reoffer {
  /** Absent where the peer wants the offer from us. */
  readonly sdp: string | undefined;
  answer(sdp: string): void;
  reject(status: number): void;
}

export interface CallEvents {
  /** A provisional response to our INVITE. */
  early: [early: { status: number; sdp: string | undefined }];
  /** It talks: our INVITE was accepted, or the caller acknowledged our answer. */
  answered: [answer: { sdp: string | undefined }];
  /** The SDP that came in an ACK, where the offer was ours. */
  acknowledged: [sdp: string];
  info: [info: Info];
  reoffer: [offer: Reoffer];
  ended: [end: CallEnd];
}

/** What a call needs of its endpoint. */
export interface CallHost extends Sender {
  readonly clock: Clock;
  readonly userAgent: string;
  enter(call: Call): void;
  leave(call: Call): void;
}

export const sdpType = "application/sdp";
export const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO";

export const sdpOf = (message: SipMessage): string | undefined =>
  message.contentType === sdpType && message.body.length > 0 ? message.body.toString("utf8") : undefined;

export abstract class Call extends EventEmitter<CallEvents> {
  /** Call-ID and our tag: what the other side's requests are found by. */
  readonly key: string;
  readonly callId: string;
  protected readonly host: CallHost;
  protected readonly credentials: ClientCredentials | undefined;
  protected dialog: Dialog | undefined;
  #state: CallState = "ringing";
  #end: CallEnd | undefined;
  #unanswered: { repeat: Cancel; end: Cancel; seq: number } | undefined;

  protected constructor(host: CallHost, callId: string, localTag: string, credentials?: ClientCredentials) {
    super();
    this.host = host;
    this.callId = callId;
    this.key = `${callId}|${localTag}`;
    this.credentials = credentials;
    host.enter(this);
  }

  abstract readonly direction: "in" | "out";
  /** The other party as the headers name it. */
  abstract readonly remote: NameAddr | undefined;
  /** Ends the call in whatever state it is; harmless afterwards. `reason` goes into a Reason header. */
  abstract hangUp(reason?: string): void;
  protected abstract readonly contact: string;

  get state(): CallState {
    return this.#state;
  }

  /** How it ended, once it has. */
  get end(): CallEnd | undefined {
    return this.#end;
  }

  /** The way by which the peer is reached. */
  abstract readonly flow: Flow | undefined;

  /** Sends an INFO and gives the status of its answer; 408 where none came, 481 where there is no call. */
  info(contentType: string, body: string): Promise<number> {
    return new Promise((resolve) => {
      if (!this.dialog || this.#state === "ended") return resolve(481);
      const request = this.dialog.request("INFO").setBody(contentType, body);
      this.send(request, (response) => resolve(response?.status ?? 408));
    });
  }

  /** A request inside the dialog, from the endpoint. */
  receive(request: SipRequest, transaction: ServerTransaction): void {
    if (!this.dialog || this.#state === "ended" || request.fromTag !== this.dialog.state.remoteTag)
      return transaction.respond(transaction.reply(481));
    if (!this.dialog.accepts(request))
      return transaction.respond(transaction.reply(500, undefined, "CSeq Out Of Order"));
    switch (request.method) {
      case "BYE":
        transaction.respond(transaction.reply(200));
        return this.byeReceived(request);
      case "INFO":
        return this.#infoReceived(request, transaction);
      case "INVITE":
        return this.#reinvited(request, transaction);
      case "OPTIONS":
        return transaction.respond(transaction.reply(200).add("Allow", allow).add("Accept", sdpType));
      default:
        transaction.respond(transaction.reply(405).add("Allow", allow));
    }
  }

  /** An ACK for one of our 2xx. */
  acknowledge(ack: SipRequest): void {
    if (ack.cseq?.number !== this.#unanswered?.seq) return;
    this.#stopRepeating();
    const sdp = sdpOf(ack);
    if (this.#state === "talking" && sdp) this.emit("acknowledged", sdp);
    this.acknowledged();
  }

  protected acknowledged(): void {}

  protected byeReceived(request: SipRequest): void {
    const q850 = reasonsOf(request).find((reason) => reason.protocol === "Q.850")?.cause;
    this.finish({ by: "remote", cause: q850 ?? cause.normal, text: "hung up" });
  }

  protected become(state: "early" | "talking"): void {
    if (this.#state !== "ended") this.#state = state;
  }

  protected finish(end: CallEnd): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#end = end;
    this.emit("ended", end);
    if (!this.#unanswered) this.host.leave(this);
  }

  protected get awaitsAck(): boolean {
    return this.#unanswered !== undefined;
  }

  protected bye(reason?: string): void {
    if (!this.dialog) return;
    const request = this.dialog.request("BYE");
    if (reason) request.add("Reason", reason);
    this.send(request, () => this.host.leave(this));
  }

  protected send(request: SipRequest, done: (response: SipResponse | undefined) => void): void {
    const dialog = this.dialog;
    if (!dialog) return done(undefined);
    request.add("User-Agent", this.host.userAgent);
    const handlers = {
      response: (response: SipResponse) => {
        if (response.status < 200) return;
        // The peer knows no such call any more (RFC 3261 §12.2.1.2).
        if ((response.status === 481 || response.status === 408) && request.method !== "BYE")
          this.finish({ by: "network", status: response.status, cause: cause.unspecified, text: "the call was lost" });
        done(response);
      },
      failed: () => done(undefined),
    };
    new Sending(this.host, request, dialog.way, handlers, {
      ...(this.credentials && { credentials: this.credentials }),
      nextSeq: () => ++dialog.localSeq,
    });
  }

  /** Gives a 2xx to an INVITE and repeats it until its ACK comes, on every transport (RFC 3261 §13.3.1.4). */
  protected accept(transaction: ServerTransaction, response: SipResponse, withoutAck: () => void): void {
    this.#stopRepeating();
    const seq = response.cseq?.number ?? 0;
    const repeatAfter = (wait: number): Cancel =>
      this.host.clock.after(wait, () => {
        transaction.respond(response);
        if (this.#unanswered) this.#unanswered.repeat = repeatAfter(Math.min(wait * 2, T2));
      });
    const end = this.host.clock.after(GIVE_UP, () => {
      this.#stopRepeating();
      withoutAck();
    });
    this.#unanswered = { repeat: repeatAfter(T1), end, seq };
    transaction.hooks.acked = (ack) => this.acknowledge(ack);
    transaction.respond(response);
  }

  #stopRepeating(): void {
    this.#unanswered?.repeat();
    this.#unanswered?.end();
    this.#unanswered = undefined;
  }

  /** Forgets everything at once, when the endpoint closes. */
  abandon(): void {
    this.#stopRepeating();
    this.finish({ by: "local", cause: cause.normal, text: "the endpoint was closed" });
    this.host.leave(this);
  }

  #infoReceived(request: SipRequest, transaction: ServerTransaction): void {
    let open = true;
    const reply = (status: number) => {
      if (open) transaction.respond(transaction.reply(status));
      open = false;
    };
    // An INFO without a body is a keep-alive (RFC 2976 as it is used).
    if (request.body.length === 0) return reply(200);
    const taken = this.emit("info", { contentType: request.contentType, body: request.body.toString("utf8"), reply });
    if (!taken) reply(415);
  }

  #reinvited(request: SipRequest, transaction: ServerTransaction): void {
    const dialog = this.dialog;
    if (!dialog) return;
    if (this.#state !== "talking" || this.#unanswered) {
      // Our own answer is still on its way (RFC 3261 §14.2).
      return transaction.respond(transaction.reply(500, undefined, "Call In Setup").add("Retry-After", "1"));
    }
    transaction.respond(transaction.reply(100));
    let open = true;
    const once = (act: () => void) => {
      if (open && this.#state === "talking") act();
      open = false;
    };
    const taken = this.emit("reoffer", {
      sdp: sdpOf(request),
      reject: (status) => once(() => transaction.respond(transaction.reply(status))),
      answer: (sdp) =>
        once(() => {
          dialog.remoteTarget = request.contact?.uri ?? dialog.remoteTarget;
          const response = transaction
            .reply(200)
            .add("Contact", this.contact)
            .add("Allow", allow)
            .setBody(sdpType, sdp);
          this.accept(transaction, response, () => this.hangUp());
        }),
    });
    if (!taken) transaction.respond(transaction.reply(488));
  }
}

/** The end that a refusing response makes; a Q.850 reason in it says more than its status. */
export function endOf(response: SipResponse): CallEnd {
  const told = reasonsOf(response).find((reason) => reason.protocol === "Q.850")?.cause;
  return { by: "remote", status: response.status, cause: told ?? causeOf(response.status), text: response.reason };
}
