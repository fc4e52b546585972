// A simulated phone (X9): registers for an extension, rings, answers, sends digits, and tells what it hears.
import type { Cancel } from "../clock.ts";
import { tryAgain } from "../errors.ts";
import { IncomingCall } from "../sip/dialog/incoming.ts";
import { numberOf, SimDevice, type DeviceOptions } from "./device.ts";

export interface PhoneOptions extends DeviceOptions {
  /** Answers by itself so long after the first ring; absent = only by answer(). */
  readonly answerAfterMs?: number;
  /** What it does with a call: "busy" answers 486, "decline" 603. */
  readonly behaviour?: "ring" | "busy" | "decline";
}

export class SimPhone extends SimDevice {
  protected readonly kind = "phone";
  protected readonly tone = 880;
  readonly #options: PhoneOptions;

  constructor(options: PhoneOptions) {
    super(options);
    this.#options = options;
  }

  /** Calls a number through the server. Rejects with a sentence while it is in a call. */
  dial(number: string): Promise<void> {
    return this.call(number);
  }

  /** Picks up. Rejects with a sentence where nobody calls. */
  async answer(): Promise<void> {
    const call = this.#ringing();
    await this.accept(call);
  }

  /** Refuses the call that rings with 603. Throws where nobody calls. */
  decline(): void {
    this.#ringing().reject(603);
  }

  #ringing(): IncomingCall {
    const call = this.line?.call;
    if (call instanceof IncomingCall && this.line?.answered === false) return call;
    throw tryAgain("not-ringing", `phone ${this.#options.extension} is not ringing`);
  }

  protected called(call: IncomingCall): void {
    const { behaviour = "ring", answerAfterMs } = this.#options;
    if (behaviour === "busy") return call.reject(486);
    call.ring();
    this.follow(call, "in", numberOf(call));
    if (behaviour === "decline") return call.reject(603);
    if (answerAfterMs === undefined) return;
    const answering: Cancel = this.clock.after(answerAfterMs, () => {
      this.accept(call).catch((error: unknown) => this.trouble(error));
    });
    call.once("ended", answering);
  }
}
