// A call: one INVITE dialog with one party, `ringing → early → talking → ended`. What both directions share: requests
// inside the dialog and the end. RFC 3261 §13–15, RFC 6086 (INFO).
import { EventEmitter } from "node:events";
import type { Clock } from "../../clock.ts";
import type { NameAddr } from "../message/headers.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { cause, causeOf, reasonsOf, endElsewhere } from "../causes.ts";
import { Sending, type ClientCredentials, type Sender } from "../request/send.ts";
import type { ClientHandlers } from "../transaction/client.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Flow } from "../transport/flow.ts";
import { Acceptance } from "./acceptance.ts";
import type { Dialog } from "./dialog.ts";
import type { CallEnd, CallEvents, CallState } from "./events.ts";

export type { CallEnd, CallEvents, CallState, Info, Reoffer } from "./events.ts";

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
  /** A 2xx of ours that waits for its ACK. */
  #unanswered: Acceptance | undefined;
  /** Requests of the peer that somebody here still has to answer. */
  readonly #open = new Set<ServerTransaction>();
  /** BYEs of ours under way: the call stays findable until they are answered, for a BYE that crosses. */
  #byes = 0;
  /** A BYE that waits for an ACK, with its reason. */
  #owed: { reason: string | undefined } | undefined;

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
    const { dialog } = this;
    if (!dialog || this.#state === "ended") return Promise.resolve(481);
    const request = dialog.request("INFO").setBody(contentType, body);
    return new Promise((resolve) =>
      this.#send(dialog, request, {
        response: ({ status }) => {
          if (status === 481 || status === 408) this.#lost(status);
          resolve(status);
        },
        failed: ({ code }) => {
          if (code === "no-answer") this.#lost(408);
          resolve(408);
        },
      }),
    );
  }

  // 481, 408 and silence mean that the peer knows no such call any more (RFC 3261 §12.2.1.2).
  #lost(status: number): void {
    if (this.#state === "ended") return;
    this.finish({ by: "network", status, cause: cause.unspecified, text: "the call was lost" });
    this.bye();
  }

  /** A request inside the dialog, from the endpoint. */
  receive(request: SipRequest, transaction: ServerTransaction): void {
    const known = this.dialog !== undefined && request.fromTag === this.dialog.state.remoteTag;
    if (!this.dialog || !known || (this.#state === "ended" && request.method !== "BYE"))
      return transaction.respond(transaction.reply(481));
    if (!this.dialog.accepts(request, transaction.flow))
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
    if (!this.#unanswered?.fits(ack)) return;
    this.#stopRepeating();
    const sdp = sdpOf(ack);
    if (this.#state === "talking" && sdp) this.emit("acknowledged", sdp);
    if (this.#owed) this.bye(this.#owed.reason);
  }

  protected byeReceived(request: SipRequest): void {
    // Who sends BYE has seen our 2xx, even if its ACK was lost.
    this.#stopRepeating();
    const q850 = reasonsOf(request).find((reason) => reason.protocol === "Q.850")?.cause;
    this.finish({ by: "remote", cause: q850 ?? cause.normal, text: "hung up", ...endElsewhere(request) });
    this.#leaveWhenDone();
  }

  protected become(state: "early" | "talking"): void {
    if (this.#state !== "ended") this.#state = state;
  }

  protected finish(end: CallEnd): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#end = end;
    // What the peer still waits for is answered with the end (RFC 3261 §15.1.2).
    for (const transaction of this.#open) transaction.respond(transaction.reply(487));
    this.#open.clear();
    this.emit("ended", end);
    this.#leaveWhenDone();
  }

  #leaveWhenDone(): void {
    if (this.#state === "ended" && !this.#unanswered && this.#byes === 0) this.host.leave(this);
  }

  /** Ends a call that talks. The BYE waits for the ACK of a 2xx of ours (RFC 3261 §15). */
  protected endTalk(end: CallEnd, reason?: string): void {
    if (this.#unanswered) this.#owed = { reason };
    this.finish(end);
    if (!this.#owed) this.bye(reason);
  }

  protected bye(reason?: string, dialog = this.dialog): void {
    if (!dialog) return;
    const request = dialog.request("BYE");
    if (reason) request.add("Reason", reason);
    this.#byes++;
    this.host.enter(this);
    const done = () => {
      this.#byes--;
      this.#leaveWhenDone();
    };
    this.#send(dialog, request, { response: done, failed: done });
  }

  #send(dialog: Dialog, request: SipRequest, handlers: ClientHandlers): void {
    request.add("User-Agent", this.host.userAgent);
    const final: ClientHandlers = {
      response: (response) => {
        if (response.status >= 200) handlers.response(response);
      },
      failed: (error) => handlers.failed(error),
    };
    new Sending(this.host, request, dialog.way, final, {
      ...(this.credentials && { credentials: this.credentials }),
      nextSeq: () => ++dialog.localSeq,
    });
  }

  /** Gives a 2xx to an INVITE and waits for its ACK. */
  protected accept(transaction: ServerTransaction, response: SipResponse): void {
    this.#stopRepeating();
    transaction.hooks.acked = (ack) => this.acknowledge(ack);
    this.#unanswered = new Acceptance(this.host.clock, transaction, response, () => {
      this.#unanswered = undefined;
      this.finish({ by: "network", status: 408, cause: cause.noResponse, text: "the other side never acknowledged" });
      this.bye(this.#owed?.reason);
    });
  }

  #stopRepeating(): void {
    this.#unanswered?.stop();
    this.#unanswered = undefined;
  }

  /** Forgets everything at once, when the endpoint closes. */
  abandon(): void {
    this.#stopRepeating();
    this.#open.clear();
    this.finish({ by: "local", cause: cause.normal, text: "the endpoint was closed" });
    this.host.leave(this);
  }

  /** Gives the one answer to a request; what comes after it, or after the end of the call, is left out. */
  #awaiting(transaction: ServerTransaction): (act: () => void) => void {
    this.#open.add(transaction);
    return (act) => {
      if (this.#open.delete(transaction)) act();
    };
  }

  #infoReceived(request: SipRequest, transaction: ServerTransaction): void {
    // An INFO without a body is a keep-alive (RFC 2976 as it is used).
    if (request.body.length === 0) return transaction.respond(transaction.reply(200));
    const once = this.#awaiting(transaction);
    const reply = (status: number) => once(() => transaction.respond(transaction.reply(status)));
    const taken = this.emit("info", { contentType: request.contentType, body: request.body.toString("utf8"), reply });
    if (!taken) reply(415);
  }

  #reinvited(request: SipRequest, transaction: ServerTransaction): void {
    const dialog = this.dialog;
    if (!dialog) return;
    const busy = [...this.#open].some(({ method }) => method === "INVITE");
    if (this.#state !== "talking" || this.#unanswered || busy) {
      // An offer is on its way already (RFC 3261 §14.2).
      return transaction.respond(transaction.reply(500, undefined, "Call In Setup").add("Retry-After", "1"));
    }
    transaction.respond(transaction.reply(100));
    const once = this.#awaiting(transaction);
    const reject = (status: number) => once(() => transaction.respond(transaction.reply(status)));
    transaction.hooks.cancelled = () => reject(487);
    const taken = this.emit("reoffer", {
      sdp: sdpOf(request),
      reject,
      answer: (sdp) =>
        once(() => {
          dialog.remoteTarget = request.contact?.uri ?? dialog.remoteTarget;
          const response = transaction.reply(200).add("Contact", this.contact).add("Allow", allow);
          this.accept(transaction, response.setBody(sdpType, sdp));
        }),
    });
    if (!taken) reject(488);
  }
}

/** The end that a refusing response makes; a Q.850 reason in it says more than its status. */
export function endOf(response: SipResponse): CallEnd {
  const told = reasonsOf(response).find((reason) => reason.protocol === "Q.850")?.cause;
  return { by: "remote", status: response.status, cause: told ?? causeOf(response.status), text: response.reason };
}
