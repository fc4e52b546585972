// Client transactions: RFC 3261 §17.1 with the Accepted state of RFC 6026.
import type { Cancel, Clock } from "../../clock.ts";
import { tryAgain, type PorteroError } from "../../errors.ts";
import { SipRequest, type SipResponse } from "../message/message.ts";
import { showAddress } from "../../ip.ts";
import type { Flow } from "../transport/flow.ts";
import { GIVE_UP, T1, T2, T4, TIMER_D } from "./timers.ts";

export interface ClientHandlers {
  /** Each provisional response, the final one, and of an INVITE every repetition of a 2xx. */
  response(response: SipResponse): void;
  /** No answer in time, or no way to send. */
  failed(error: PorteroError): void;
}

const noTimer: Cancel = () => {};
const nobody: ClientHandlers = { response: () => {}, failed: () => {} };

type State = "calling" | "proceeding" | "accepted" | "completed" | "terminated";

export class ClientTransaction {
  readonly key: string;
  readonly method: string;
  /** As it was sent; of an INVITE that was refused, and of any other request, only until there is a final response. */
  request: SipRequest | undefined;
  readonly flow: Flow;
  #state: State = "calling";
  readonly #clock: Clock;
  #handlers: ClientHandlers;
  readonly #ended: (transaction: ClientTransaction) => void;
  /** One at a time: repeating and giving up, then how long it is kept. */
  #timer = noTimer;
  #ack: Buffer | undefined;

  constructor(
    key: string,
    request: SipRequest,
    flow: Flow,
    clock: Clock,
    handlers: ClientHandlers,
    ended: (transaction: ClientTransaction) => void,
  ) {
    this.key = key;
    this.method = request.method;
    this.request = request;
    this.flow = flow;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#ended = ended;
    const data = request.toBuffer();
    this.#wait(data, flow.reliable ? GIVE_UP : T1, 0);
    flow.send(data, (error) => this.#fail(error));
  }

  get #invite(): boolean {
    return this.method === "INVITE";
  }

  /** Whether anything came back. */
  get heard(): boolean {
    return this.#state !== "calling";
  }

  /** Whether a provisional response came and no final one: the only time for a CANCEL (RFC 3261 §9.1). */
  get proceeding(): boolean {
    return this.#state === "proceeding";
  }

  receive(response: SipResponse): void {
    if (this.#state === "terminated") return;
    if (this.#state === "completed") {
      if (response.status >= 300 && this.#ack) this.flow.send(this.#ack);
      return;
    }
    if (this.#state === "accepted") {
      if (response.status >= 200 && response.status < 300) this.#handlers.response(response);
      return;
    }
    const handlers = this.#handlers;
    if (response.status < 200) this.#proceed();
    else if (!this.#invite)
      this.#finish("completed", this.flow.reliable ? 0 : T4); // timer K
    else if (response.status < 300)
      this.#finish("accepted", GIVE_UP); // timer M
    else {
      this.#ack = this.request && ackFor(this.request, response).toBuffer();
      if (this.#ack) this.flow.send(this.#ack);
      this.#finish("completed", this.flow.reliable ? 0 : TIMER_D);
    }
    handlers.response(response);
  }

  terminate(): void {
    if (this.#state === "terminated") return;
    this.#state = "terminated";
    this.#timer();
    this.#ended(this);
  }

  #proceed(): void {
    if (this.#state === "proceeding") return;
    this.#state = "proceeding";
    // A ringing INVITE has no end of its own (its user keeps timer C); other requests go on with timers E and F.
    if (this.#invite) this.#timer();
  }

  #finish(state: "completed" | "accepted", keep: number): void {
    this.#state = state;
    this.#timer();
    if (state === "completed") this.#forget();
    this.#timer = this.#clock.after(keep, () => this.terminate());
  }

  // What is kept for half a minute must keep neither the call nor the headers of its request.
  #forget(): void {
    this.#handlers = nobody;
    this.request = undefined;
  }

  /** Timers A and E, and B and F, in one: the request again after `wait`, until it is 64·T1 old. `age`: by now. */
  #wait(data: Buffer, wait: number, age: number): void {
    const ms = Math.min(wait, GIVE_UP - age);
    this.#timer = this.#clock.after(ms, () => {
      if (age + ms >= GIVE_UP) return this.#timeOut();
      this.flow.send(data, (error) => this.#fail(error));
      const next = this.#state === "proceeding" ? T2 : this.#invite ? wait * 2 : Math.min(wait * 2, T2);
      this.#wait(data, next, age + ms);
    });
  }

  #timeOut(): void {
    const where = showAddress(this.flow.remote);
    this.#fail(tryAgain("no-answer", `${where} did not answer ${this.method} within ${GIVE_UP / 1000} s`));
  }

  /** The flow was closed: an answer may still come by another one, but only from who has begun to (RFC 3261 §18.2.2). */
  flowClosed(): void {
    if (this.#state === "calling")
      this.#fail(tryAgain("unreachable", `${showAddress(this.flow.remote)} closed the connection`));
  }

  #fail(error: PorteroError): void {
    if (this.#state !== "calling" && this.#state !== "proceeding") return;
    this.terminate();
    this.#handlers.failed(error);
  }
}

/** The ACK for a final response that is no 2xx: same branch, same CSeq number (RFC 3261 §17.1.1.3). */
function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  const ack = new SipRequest("ACK", invite.uri);
  ack.add("Via", invite.first("via") ?? "");
  for (const route of invite.all("route")) ack.add("Route", route);
  ack.add("From", invite.get("from") ?? "").add("To", response.get("to") ?? "");
  ack.add("Call-ID", invite.callId).add("CSeq", `${invite.cseq?.number ?? 1} ACK`);
  return ack.add("Max-Forwards", "70");
}
