// A 2xx that we gave to an INVITE: repeated until its ACK comes, on every transport. RFC 3261 §13.3.1.4.
import type { Cancel, Clock } from "../../clock.ts";
import type { SipRequest, SipResponse } from "../message/message.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { GIVE_UP, T1, T2 } from "../transaction/timers.ts";

export class Acceptance {
  readonly #clock: Clock;
  readonly #transaction: ServerTransaction;
  readonly #give: () => void;
  readonly #seq: number;
  readonly #end: Cancel;
  #repeat: Cancel;

  /** Gives the response at once; `withoutAck` is called where none came for 64·T1. */
  constructor(clock: Clock, transaction: ServerTransaction, response: SipResponse, withoutAck: () => void) {
    this.#clock = clock;
    this.#transaction = transaction;
    this.#seq = response.cseq?.number ?? 0;
    this.#give = () => transaction.respond(response);
    this.#end = clock.after(GIVE_UP, () => {
      this.stop();
      withoutAck();
    });
    this.#repeat = this.#repeatAfter(T1);
    this.#give();
  }

  /** Whether this ACK is the one that is waited for. */
  fits(ack: SipRequest): boolean {
    return ack.cseq?.number === this.#seq;
  }

  stop(): void {
    this.#repeat();
    this.#end();
    // The transaction outlives the call by half a minute and must not keep it.
    this.#transaction.unhook();
  }

  #repeatAfter(wait: number): Cancel {
    return this.#clock.after(wait, () => {
      this.#give();
      this.#repeat = this.#repeatAfter(Math.min(wait * 2, T2));
    });
  }
}
