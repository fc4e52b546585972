// "It rings" said so that it arrives: provisional responses of ours that are repeated until their PRACK. RFC 3262 §3.
import type { Cancel, Clock } from "../../clock.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { GIVE_UP, T1 } from "../transaction/timers.ts";

interface Given {
  readonly rseq: number;
  readonly cseq: number;
  readonly describes: boolean;
  acknowledged: boolean;
}

export class ReliableResponses {
  readonly #clock: Clock;
  readonly #transaction: ServerTransaction;
  readonly #silent: () => void;
  readonly #waiting: SipResponse[] = [];
  #rseq: number;
  #last: Given | undefined;
  #repeat: Cancel = () => {};
  #end: Cancel = () => {};
  #held: (() => void) | undefined;

  /** `silent` is called where no PRACK came for 64·T1. */
  constructor(clock: Clock, random: () => number, transaction: ServerTransaction, silent: () => void) {
    this.#clock = clock;
    this.#transaction = transaction;
    this.#silent = silent;
    // §3: anywhere in the lower half, so that counting never comes round.
    this.#rseq = Math.floor(random() * 2 ** 30);
  }

  /** Gives a response, or keeps it until the one before it is acknowledged. */
  give(response: SipResponse): void {
    if (this.#last && !this.#last.acknowledged) this.#waiting.push(response);
    else this.#send(response);
  }

  /** Whether a PRACK acknowledges the last response: then it is answered by `answer`, and the next one goes out. */
  acknowledge(prack: SipRequest, answer: () => void): boolean {
    const [rseq, cseq, method] = (prack.get("rack") ?? "").trim().split(/\s+/);
    const last = this.#last;
    if (!last || last.acknowledged || method !== "INVITE") return false;
    if (Number(rseq) !== last.rseq || Number(cseq) !== last.cseq) return false;
    last.acknowledged = true;
    answer();
    this.#next();
    return true;
  }

  /** Whether a description of our media waits behind a response that is not acknowledged: a 2xx passes it by. */
  get holdsDescription(): boolean {
    return this.#waiting.some(({ body }) => body.length > 0);
  }

  /** Accepts by `accept` as soon as that is allowed: no 2xx passes by a description that is not acknowledged yet. */
  beforeAccept(accept: () => void): void {
    const last = this.#last;
    this.#waiting.length = 0;
    if (last?.describes && !last.acknowledged) {
      this.#held = accept;
      return;
    }
    this.stop();
    accept();
  }

  /** No more repetitions; a PRACK on its way is still known (§3). */
  stop(): void {
    this.#repeat();
    this.#end();
    this.#waiting.length = 0;
    this.#held = undefined;
  }

  #send(response: SipResponse): void {
    const rseq = ++this.#rseq;
    response.add("Require", "100rel").add("RSeq", String(rseq));
    const cseq = response.cseq?.number ?? 0;
    this.#last = { rseq, cseq, describes: response.body.length > 0, acknowledged: false };
    this.#transaction.respond(response);
    this.#repeatAfter(T1, response);
    this.#end = this.#clock.after(GIVE_UP, () => {
      this.#repeat();
      const { acknowledged = true } = this.#last ?? {};
      if (this.#last) this.#last.acknowledged = true;
      if (!acknowledged) this.#silent();
      this.#next();
    });
  }

  #next(): void {
    this.#repeat();
    this.#end();
    const held = this.#held;
    const next = held ? undefined : this.#waiting.shift();
    if (held) {
      this.stop();
      held();
    } else if (next) this.#send(next);
  }

  // §3: doubled each time, without the bound of a request.
  #repeatAfter(wait: number, response: SipResponse): void {
    this.#repeat = this.#clock.after(wait, () => {
      this.#transaction.respond(response);
      this.#repeatAfter(wait * 2, response);
    });
  }
}
