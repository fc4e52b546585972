// A call: one INVITE dialog with one party, `ringing → early → talking → ended`. What both directions share: requests
// inside the dialog and the end. RFC 3261 §13–15, RFC 6086 (INFO).
import { EventEmitter } from "node:events";
import { addressBytes } from "../../ip.ts";
import { allow, supported, unknownDemands } from "../extensions.ts";
import { keyOf } from "../key.ts";
import { parseNameAddr, type NameAddr } from "../message/headers.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { addReason, cause } from "../causes.ts";
import { parseUri } from "../message/uri.ts";
import { Sending, type ClientCredentials, type Sender, type SendOptions } from "../request/send.ts";
import type { ClientHandlers } from "../transaction/client.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Flow } from "../transport/flow.ts";
import { Acceptance } from "./acceptance.ts";
import type { Dialog } from "./dialog.ts";
import { endByBye } from "./end.ts";
import type { CallEnd, CallEvents, CallState, Reanswer } from "./events.ts";
import { ask, type Inside } from "./inside.ts";
import { Referrals } from "./referral.ts";
import { Renegotiation } from "./renegotiation.ts";
import type { ReferTo } from "./replaces.ts";
import type { CallSettings } from "./settings.ts";
import { infoReceived, mediaControl, messageReceived, pictureFastUpdate } from "./words.ts";
import { sdpOf, sdpType } from "./body.ts";

export type { CallEnd, CallEvents, CallState, Info, Message, Reanswer, Referral, Reoffer } from "./events.ts";

/** What a call needs of its endpoint. */
export interface CallHost extends Sender {
  readonly callSettings: CallSettings;
  /** From 0 to less than 1. */
  random(): number;
  enter(call: Call): void;
  leave(call: Call): void;
}

/** Requests that may carry an offer. */
const offering: readonly string[] = ["INVITE", "UPDATE", "PRACK"];

const noDescription: CallEnd = {
  ...{ by: "network", status: 488, cause: cause.interworking },
  text: "the other side did not say how it takes the sound",
};

export abstract class Call extends EventEmitter<CallEvents> {
  /** Call-ID and our tag: what the other side's requests are found by. */
  readonly key: string;
  readonly callId: string;
  readonly direction: "in" | "out";
  protected readonly host: CallHost;
  protected readonly credentials: ClientCredentials | undefined;
  protected dialog: Dialog | undefined;
  protected readonly changes: Renegotiation;
  readonly #inside: Inside;
  readonly #referrals: Referrals;
  #state: CallState = "ringing";
  #end: CallEnd | undefined;
  /** A 2xx of ours that waits for its ACK. */
  #unanswered: Acceptance | undefined;
  /** Whether it has our offer. */
  #offers = false;
  /** Requests of the peer that somebody here still has to answer. */
  readonly #open = new Set<ServerTransaction>();
  /** BYEs of ours under way: the call stays findable until they are answered, for a BYE that crosses. */
  #byes = 0;
  /** The peer is asked whether it still is in the call. */
  #doubted = false;
  /** A BYE that waits for an ACK, with its reason. */
  #owed: { reason: string | undefined } | undefined;

  protected constructor(
    host: CallHost,
    direction: "in" | "out",
    callId: string,
    localTag: string,
    credentials?: ClientCredentials,
  ) {
    super();
    this.direction = direction;
    this.host = host;
    this.callId = callId;
    this.key = keyOf(callId, localTag);
    this.credentials = credentials;
    this.#inside = {
      ...{ host, settings: host.callSettings, calling: direction === "out" },
      random: () => host.random(),
      contact: () => this.contact,
      state: () => this.#state,
      dialog: () => this.dialog,
      negotiating: () =>
        this.#unanswered !== undefined || [...this.#open].some(({ method }) => offering.includes(method)),
      send: (dialog, request, handlers, change) => this.send(dialog, request, handlers, change),
      awaiting: (transaction) => this.#awaiting(transaction),
      accept: (transaction, response) => this.accept(transaction, response),
      events: this,
      lost: (status) => this.#lost(status),
      expired: () => {
        this.finish({ by: "network", status: 408, cause: cause.timerExpired, text: "the other side went silent" });
        this.bye();
      },
    };
    this.changes = new Renegotiation(this.#inside);
    this.#referrals = new Referrals(this.#inside);
    host.enter(this);
  }

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

  /**
   * Offers the peer something else: a hold, another codec, a video. The offer is made when nothing else is on its way; so
   * it may be made again where both sides wanted something at once. The call goes on whatever the answer is.
   */
  reoffer(offer: () => string): Promise<Reanswer> {
    if (this.#state === "ended") return Promise.resolve({ status: 481 });
    return this.changes.reoffer(offer);
  }

  /** Whether the peer says that it takes INFO; undefined where it says nothing. */
  get takesInfo(): boolean | undefined {
    return this.changes.takesInfo;
  }

  /** Sends an INFO and gives the status of its answer; 408 where none came, 481 where there is no call. */
  info(contentType: string, body: string): Promise<number> {
    return this.#ask("INFO", contentType, body);
  }

  /** Sends a text (RFC 3428); the result is as with `info`. */
  message(contentType: string, text: string): Promise<number> {
    return this.#ask("MESSAGE", contentType, text);
  }

  /** Asks the peer's camera for a whole picture (RFC 5168). */
  requestPicture(): Promise<number> {
    return this.#ask("INFO", mediaControl, pictureFastUpdate);
  }

  /** Asks the peer to call somebody else in our place; `progress` tells how that goes. The result is as with `info`. */
  refer(to: ReferTo): Promise<number> {
    const { dialog } = this;
    return dialog && this.#state === "talking" ? this.#referrals.refer(dialog, to) : Promise.resolve(481);
  }

  #ask(method: string, contentType: string, body: string): Promise<number> {
    const { dialog } = this;
    if (!dialog || this.#state === "ended") return Promise.resolve(481);
    return ask(this.#inside, dialog, dialog.request(method).setBody(contentType, body));
  }

  // 481, 408 and silence mean that the peer knows no such call any more (RFC 3261 §12.2.1.2).
  #lost(status: number): void {
    if (this.#state === "ended") return;
    this.finish({ by: "network", status, cause: cause.unspecified, text: "the call was lost" });
    this.bye();
  }

  /** The dialog that a request of the peer belongs to. */
  protected dialogWith(remoteTag: string): Dialog | undefined {
    return this.dialog?.state.remoteTag === remoteTag ? this.dialog : undefined;
  }

  /** Whether this is one of our addresses, as the peer knows us. */
  isUs(host: string): boolean {
    const known = [parseNameAddr(this.contact)?.uri, this.dialog?.localUri];
    return known.some((uri) => parseUri(uri ?? "")?.host === host);
  }

  /** Whether the peer has this tag. */
  isWith(remoteTag: string): boolean {
    return this.#state !== "ended" && this.dialogWith(remoteTag) !== undefined;
  }

  /** Whose offer at the beginning of the call has no answer yet (RFC 3311 §5.2). */
  protected abstract openOffer(remoteTag: string): "ours" | "theirs" | "none";

  /** The extension at the other end, which has a password to show; absent where it is none. */
  abstract readonly extension: string | undefined;

  /** Whether a request inside the call comes whence the peer's do; else it is to show who it is. */
  comesFrom(request: SipRequest, flow: Flow): boolean {
    const { extension } = this;
    if (extension !== undefined && flow.as === extension) return true;
    return this.dialogWith(request.fromTag)?.isWith(flow) ?? true;
  }

  /** Names that may lead to where a request comes from: of a peer that has no password to show. */
  namesBehind(request: SipRequest): readonly string[] {
    if (this.extension !== undefined) return [];
    const places = this.dialogWith(request.fromTag)?.places ?? [];
    return places.filter((uri) => !addressBytes(parseUri(uri)?.host ?? ""));
  }

  /** Somebody who is not known to be the peer has said that it is over: whether it is, the peer is asked. */
  doubted(): void {
    const { dialog } = this;
    if (!dialog || this.#state !== "talking" || this.#doubted) return;
    this.#doubted = true;
    void ask(this.#inside, dialog, dialog.request("INFO")).then(() => (this.#doubted = false));
  }

  /** A request from elsewhere has shown that the peer is there now. */
  moved(request: SipRequest, flow: Flow): void {
    this.dialogWith(request.fromTag)?.proven(flow);
  }

  /** A request inside the dialog, from the endpoint. */
  receive(request: SipRequest, transaction: ServerTransaction): void {
    const dialog = this.dialogWith(request.fromTag);
    // Only the caller may end a dialog that is not confirmed yet (RFC 3261 §15).
    if (!dialog || (request.method === "BYE" ? dialog !== this.dialog : this.#state === "ended"))
      return transaction.respond(transaction.reply(481));
    if (!dialog.accepts(request, transaction.flow))
      return transaction.respond(transaction.reply(500, undefined, "CSeq Out Of Order"));
    const unknown = unknownDemands(request);
    if (unknown.length > 0) return transaction.respond(transaction.reply(420).add("Unsupported", unknown.join(", ")));
    switch (request.method) {
      case "BYE":
        transaction.respond(transaction.reply(200));
        return this.byeReceived(request);
      case "INFO":
        return infoReceived(this.#inside, request, transaction);
      case "INVITE":
        return this.changes.invited(request, transaction, dialog);
      case "UPDATE":
        return this.changes.updated(request, transaction, dialog, this.openOffer(request.fromTag));
      case "PRACK":
        return this.prackReceived(request, transaction, dialog);
      case "MESSAGE":
        return messageReceived(this.#inside, request, transaction);
      case "REFER":
        return this.#referrals.received(request, transaction, dialog);
      case "NOTIFY":
        return this.#referrals.notified(request, transaction);
      case "OPTIONS":
        return transaction.respond(
          transaction.reply(200).add("Allow", allow).add("Supported", supported).add("Accept", sdpType),
        );
      default:
        transaction.respond(transaction.reply(405).add("Allow", allow));
    }
  }

  protected prackReceived(_request: SipRequest, transaction: ServerTransaction, _dialog: Dialog): void {
    transaction.respond(transaction.reply(481));
  }

  /** An ACK for one of our 2xx. */
  acknowledge(ack: SipRequest): void {
    if (!this.#unanswered?.fits(ack)) return;
    this.#stopRepeating();
    const sdp = sdpOf(ack);
    if (this.#state === "talking" && sdp) this.emit("acknowledged", sdp);
    else if (this.#state === "talking" && this.#offers) this.endTalk(noDescription);
    if (this.#owed) return this.bye(this.#owed.reason);
    this.changes.next();
  }

  protected byeReceived(request: SipRequest): void {
    // Who sends BYE has seen our 2xx, even if its ACK was lost.
    this.#stopRepeating();
    this.finish(endByBye(request));
    this.#leaveWhenDone();
  }

  protected become(state: "early" | "talking"): void {
    if (this.#state !== "ended") this.#state = state;
  }

  protected finish(end: CallEnd): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#end = end;
    this.cleared();
    this.changes.end();
    // What the peer still waits for is answered with the end (RFC 3261 §15.1.2).
    for (const transaction of this.#open) transaction.respond(transaction.reply(487));
    this.#open.clear();
    this.emit("ended", end);
    // Nothing more is told; transactions keep the call for half a minute, but not all that listened to it.
    this.removeAllListeners();
    this.#leaveWhenDone();
  }

  /** The call is over: what was still to be said of its beginning is left out. */
  protected cleared(): void {}

  /** Nothing of it is under way any more, unless it is still to be taken back. */
  protected left(): void {}

  #leaveWhenDone(): void {
    if (this.#state !== "ended" || this.#unanswered || this.#byes > 0) return;
    this.host.leave(this);
    this.left();
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
    if (reason) addReason(request, reason);
    this.#byes++;
    this.host.enter(this);
    const done = () => {
      this.#byes--;
      this.#leaveWhenDone();
    };
    const response = ({ status }: SipResponse) => {
      if (status >= 200) done();
    };
    this.send(dialog, request, { response, failed: done });
  }

  protected send(
    dialog: Dialog,
    request: SipRequest,
    handlers: ClientHandlers,
    change?: SendOptions["change"],
  ): Sending {
    request.add("User-Agent", this.host.userAgent);
    return new Sending(this.host, request, dialog.way, handlers, {
      ...(this.credentials && { credentials: this.credentials }),
      ...(change && { change }),
      nextSeq: () => ++dialog.localSeq,
    });
  }

  /** Gives a 2xx to an INVITE and waits for its ACK; `offers`: which has to bring the answer to our offer (§13.2.1). */
  protected accept(transaction: ServerTransaction, response: SipResponse, offers = false): void {
    this.#stopRepeating();
    this.#offers = offers;
    transaction.acked = (ack) => this.acknowledge(ack);
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
    this.changes.abandon();
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
}
