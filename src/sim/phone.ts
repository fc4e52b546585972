// A simulated phone (X9): registers for an extension, rings, answers, sends digits, and tells what it hears.
import { tryAgain } from "../errors.ts";
import { IncomingCall } from "../sip/dialog/incoming.ts";
import { SimDevice, type DeviceOptions } from "./device.ts";

export interface PhoneOptions extends DeviceOptions {
  /** Answers by itself so long after the first ring; absent = only by answer(). */
  readonly answerAfterMs?: number;
  /** What it does with a call: "busy" answers 486, "decline" 603. */
  readonly behaviour?: "ring" | "busy" | "decline";
}

export class SimPhone extends SimDevice {
  readonly #options: PhoneOptions;

  constructor(options: PhoneOptions) {
    super("phone", options);
    this.#options = options;
  }

  /** Calls a number through the server. Rejects with a sentence while it is in a call. */
  dial(number: string): Promise<void> {
    return this.call(number);
  }

  /** Picks up. Rejects with a sentence where nobody calls. */
  async answer(): Promise<void> {
    if (!this.line || this.line.answered || this.line.call.direction !== "in") throw this.#notRinging();
    await this.line.accept();
  }

  /** Refuses the call that rings, with 603. Rejects with a sentence where nobody calls. */
  decline(): Promise<void> {
    const call = this.line?.call;
    if (this.state !== "ringing" || !(call instanceof IncomingCall)) return Promise.reject(this.#notRinging());
    call.reject(603);
    return Promise.resolve();
  }

  /** Has whom it talks with connected with another number, and hangs up when that has worked. Rejects with a sentence. */
  async transfer(number: string): Promise<void> {
    const line = this.line;
    if (!line?.answered) throw tryAgain("no-call", `phone ${this.#options.extension} is in no call`);
    const { call } = line;
    call.on("progress", ({ status, over }) => over && status < 300 && call.hangUp());
    const status = await call.refer({ uri: this.uri(number) });
    if (status >= 300) throw tryAgain("refused", `the other side refused the transfer to ${number} with ${status}`);
  }

  #notRinging() {
    return tryAgain("not-ringing", `phone ${this.#options.extension} is not ringing`);
  }

  protected called(call: IncomingCall): void {
    const { behaviour = "ring", answerAfterMs } = this.#options;
    if (behaviour === "busy") return call.reject(486);
    const line = this.ring(call);
    if (behaviour === "decline") return call.reject(603);
    if (answerAfterMs === undefined) return;
    call.once(
      "ended",
      this.clock.after(answerAfterMs, () => this.accept(line)),
    );
  }
}
