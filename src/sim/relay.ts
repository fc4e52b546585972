// The door relay of a simulated bell: it hears digits, knows its code and pulses.
import type { Cancel, Clock } from "../clock.ts";
import type { Secret } from "../secret.ts";

const pulseMs = 3000;
// Digits of somebody who began anew must not count with those of long before.
const forgetMs = 10_000;

export class Relay {
  readonly #clock: Clock;
  readonly #code: string;
  readonly #turned: (state: "on" | "off") => void;
  #heard = "";
  #forget: Cancel = () => {};
  #pulse: Cancel | undefined;

  /** `code` as it is set at the door: pauses (",") and a closing "#" need not be sent. */
  constructor(clock: Clock, code: Secret, turned: (state: "on" | "off") => void) {
    this.#clock = clock;
    this.#code = code.reveal().replaceAll(",", "").toUpperCase().replace(/(.)#$/, "$1");
    this.#turned = turned;
  }

  get on(): boolean {
    return this.#pulse !== undefined;
  }

  /** Takes one digit; the last one of the code switches the relay on, for `pulseMs`. */
  hear(digit: string): void {
    this.#forget();
    this.#heard = (this.#heard + digit).slice(-this.#code.length);
    this.#forget = this.#clock.after(forgetMs, () => (this.#heard = ""));
    if (this.#heard !== this.#code) return;
    this.reset();
    // Like a real one it does not begin a second pulse within the first.
    if (this.#pulse) return;
    this.#pulse = this.#clock.after(pulseMs, () => this.#off());
    this.#turned("on");
  }

  /** Forgets digits, as at the begin of a call. */
  reset(): void {
    this.#forget();
    this.#heard = "";
  }

  close(): void {
    this.reset();
    if (this.#pulse) this.#off();
  }

  #off(): void {
    this.#pulse?.();
    this.#pulse = undefined;
    this.#turned("off");
  }
}
