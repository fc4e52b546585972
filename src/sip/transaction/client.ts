// Client transactions: RFC 3261 §17.1 with the Accepted state of RFC 6026.
import type { Cancel, Clock } from "../../clock.ts";
import { tryAgain, type PorteroError } from "../../errors.ts";
import { SipRequest, type SipResponse } from "../message/message.ts";
import { showAddress, type Flow } from "../transport/flow.ts";
import { GIVE_UP, T1, T2, T4, TIMER_D } from "./timers.ts";

export interface ClientHandlers {
  /** Each provisional response, the final one, and of an INVITE every repetition of a 2xx. */
  response(response: SipResponse): void;
  /** No answer in time, or no way to send. */
  failed(error: PorteroError): void;
}

const nobody: ClientHandlers = { response: () => {}, failed: () => {} };

type State = "calling" | "proceeding" | "accepted" | "completed" | "terminated";

export class ClientTransaction {
  readonly key: string;
  /** As it was sent, until there is a final response. */
  request: SipRequest;
  readonly flow: Flow;
  #state: State = "calling";
  readonly #clock: Clock;
  #handlers: ClientHandlers;
  readonly #ended: () => void;
  #repeat: Cancel = () => {};
  #end: Cancel;
  #ack: Buffer | undefined;

  constructor(key: string, request: SipRequest, flow: Flow, clock: Clock, handlers: ClientHandlers, ended: () => void) {
    this.key = key;
    this.request = request;
    this.flow = flow;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#ended = ended;
    const data = request.toBuffer();
    this.#end = clock.after(GIVE_UP, () => this.#timeOut()); // timers B and F
    if (!flow.reliable) this.#repeatAfter(T1, data); // timers A and E
    flow.send(data, (error) => this.#fail(error));
  }

  get #invite(): boolean {
    return this.request.method === "INVITE";
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
      this.#ack = ackFor(this.request, response).toBuffer();
      this.flow.send(this.#ack);
      this.#finish("completed", this.flow.reliable ? 0 : TIMER_D);
    }
    handlers.response(response);
  }

  terminate(): void {
    if (this.#state === "terminated") return;
    this.#state = "terminated";
    this.#repeat();
    this.#end();
    this.#ended();
  }

  #proceed(): void {
    if (this.#state === "proceeding") return;
    this.#state = "proceeding";
    this.#repeat();
    // A ringing INVITE has no end of its own (its user keeps timer C); other requests go on with timers E and F.
    if (this.#invite) this.#end();
    else if (!this.flow.reliable) this.#repeatAfter(T2, this.request.toBuffer());
  }

  #finish(state: "completed" | "accepted", keep: number): void {
    this.#state = state;
    this.#repeat();
    this.#end();
    if (state === "completed") this.#forget();
    this.#end = this.#clock.after(keep, () => this.terminate());
  }

  // What is kept for half a minute must keep neither the call nor the headers of its request.
  #forget(): void {
    this.#handlers = nobody;
    this.request = new SipRequest(this.request.method, this.request.uri);
  }

  #repeatAfter(wait: number, data: Buffer): void {
    this.#repeat = this.#clock.after(wait, () => {
      this.flow.send(data, (error) => this.#fail(error));
      this.#repeatAfter(this.#invite ? wait * 2 : Math.min(wait * 2, T2), data);
    });
  }

  #timeOut(): void {
    const where = showAddress(this.flow.remote);
    this.#fail(tryAgain("no-answer", `${where} did not answer ${this.request.method} within ${GIVE_UP / 1000} s`));
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
