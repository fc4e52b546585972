// Server transactions: RFC 3261 §17.2 with the Accepted state of RFC 6026. After its final response a transaction keeps
// only the bytes to repeat: a kept request would cost 5 KB for half a minute.
import type { Cancel, Clock } from "../../clock.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import { replyTo } from "../message/reply.ts";
import type { Flow } from "../transport/flow.ts";
import { GIVE_UP, T1, T2, T4 } from "./timers.ts";

type State = "trying" | "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";

/** What a transaction needs of its layer. */
export interface ServerOwner {
  /** The way for responses where the connection that the request came by is no more. */
  anotherFlow(transaction: ServerTransaction): Flow;
  ended(transaction: ServerTransaction): void;
}

const noTimer: Cancel = () => {};

export class ServerTransaction {
  readonly key: string;
  /** What it has in common with forked copies of its request; "" where there can be none. */
  readonly mergeKey: string;
  readonly method: string;
  /** The port in the topmost Via. */
  readonly viaPort: number | undefined;
  /** The way by which responses go (RFC 3261 §18.2.2). */
  readonly flow: Flow;
  /** Told of a CANCEL for this INVITE, which was answered with 200. */
  cancelled: ((cancel: SipRequest) => void) | undefined;
  /** Told of an ACK for the 2xx with the INVITE's own branch, as some devices send it. */
  acked: ((ack: SipRequest) => void) | undefined;
  #state: State = "trying";
  #status = 0;
  #request: SipRequest | undefined;
  #last: Buffer | undefined;
  #clock: Clock;
  /** Timers H, I, J and L: how long it is kept. */
  #end = noTimer;
  /** Timer G. */
  #again = noTimer;
  readonly #owner: ServerOwner;

  constructor(key: string, mergeKey: string, request: SipRequest, flow: Flow, clock: Clock, owner: ServerOwner) {
    this.key = key;
    this.mergeKey = mergeKey;
    this.method = request.method;
    this.viaPort = request.via?.port;
    this.flow = flow;
    this.#request = request;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Whether nothing was answered yet. */
  get silent(): boolean {
    return this.#state === "trying";
  }

  /** Whether a final response has been given. */
  get answered(): boolean {
    return this.#state !== "trying" && this.#state !== "proceeding";
  }

  /** Whether it asked for a password: a device may answer that with the same CSeq, which is no copy. */
  get challenged(): boolean {
    return this.#status === 401 || this.#status === 407;
  }

  /** The request; only until its final response. */
  get request(): SipRequest | undefined {
    return this.#request;
  }

  /** A response made from the request; only before the final one. */
  reply(status: number, tag?: string, phrase?: string): SipResponse {
    if (!this.#request) throw new Error("a response was asked for after the final one");
    return replyTo(this.#request, status, tag, phrase);
  }

  respond(response: SipResponse): void {
    if (this.#state === "terminated") return;
    if (this.#state === "accepted") {
      // The dialog repeats its 2xx until the ACK comes (RFC 3261 §13.3.1.4).
      if (response.status >= 200 && response.status < 300) this.#send(response.toBuffer());
      return;
    }
    if (this.answered) return;
    const data = response.toBuffer();
    this.#last = data;
    this.#status = response.status;
    if (response.status < 200) this.#state = "proceeding";
    else if (this.method !== "INVITE") this.#complete(this.flow.reliable ? 0 : GIVE_UP);
    else if (response.status < 300) this.#accept();
    else this.#reject();
    this.#send(data);
  }

  /**
   * Answers, or keeps silent, and forgets (RFC 3261 §8.2.7): for strangers, whose requests must cost no memory and whose
   * answers, where the address is a forged one, must not be repeated. The same request again is a new one.
   */
  dismiss(response: Buffer | undefined): void {
    if (response) this.#send(response);
    this.terminate();
  }

  /** The same request came again, or the ACK or CANCEL that belongs to it. */
  again(request: SipRequest): void {
    if (request.method === "ACK") {
      if (this.#state === "accepted") this.acked?.(request);
      else if (this.#state === "completed") this.#confirm();
    } else if (this.#last && this.#state !== "accepted" && this.#state !== "confirmed") this.#send(this.#last);
  }

  terminate(): void {
    if (this.#state === "terminated") return;
    this.#state = "terminated";
    this.#stopTimers();
    this.#last = undefined;
    this.#owner.ended(this);
  }

  #accept(): void {
    this.#state = "accepted";
    this.#request = undefined;
    this.#last = undefined;
    this.#keep(GIVE_UP); // timer L
  }

  #complete(keep: number): void {
    this.#state = "completed";
    this.#request = undefined;
    this.unhook();
    this.#keep(keep); // timer J
  }

  /** Tells nobody anything any more. */
  unhook(): void {
    this.cancelled = this.acked = undefined;
  }

  #reject(): void {
    this.#complete(GIVE_UP); // timer H
    if (!this.flow.reliable) this.#repeat(T1); // timer G
  }

  #repeat(wait: number): void {
    this.#again = this.#clock.after(wait, () => {
      if (this.#last) this.#send(this.#last);
      this.#repeat(Math.min(wait * 2, T2));
    });
  }

  #confirm(): void {
    this.#state = "confirmed";
    this.#stopTimers();
    this.#keep(this.flow.reliable ? 0 : T4); // timer I
  }

  #keep(ms: number): void {
    this.#end = this.#clock.after(ms, () => this.terminate());
  }

  #stopTimers(): void {
    this.#end();
    this.#again();
    this.#end = this.#again = noTimer;
  }

  #send(data: Buffer): void {
    (this.flow.closed ? this.#owner.anotherFlow(this) : this.flow).send(data);
  }
}
