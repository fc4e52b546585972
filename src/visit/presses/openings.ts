// The openings of a visit. One that was answered only to open the door ends soon after the last of them.
import type { Cancel, Clock } from "../../clock.ts";
import { cause } from "../../sip/causes.ts";
import type { CallEnd } from "../../sip/dialog/call.ts";
import type { VisitEnd } from "../messages.ts";

/** So long the bell hears that its door was opened. */
const afterOpeningMs = 2_000;

export interface OpenedVisit {
  /** Whether the bell's call is answered, but by nobody. */
  isAlone(): boolean;
  end(outcome: VisitEnd["outcome"], how: CallEnd): void;
}

export class Openings {
  /** How often the door was opened. */
  count = 0;
  readonly #clock: Clock;
  readonly #visit: OpenedVisit;
  #underWay = 0;
  #leave: Cancel = () => {};

  constructor(clock: Clock, visit: OpenedVisit) {
    this.#clock = clock;
    this.#visit = visit;
  }

  /** One begins: the visit stays until the last of them is through. */
  begin(): void {
    this.#underWay++;
    this.#leave();
  }

  /** One is through. */
  through(): void {
    if (--this.#underWay > 0 || !this.#visit.isAlone()) return;
    const ok = this.count > 0;
    const text = ok ? "the door was opened" : "the door was not opened";
    this.#leave = this.#clock.after(afterOpeningMs, () =>
      this.#visit.end(ok ? "opened" : "failed", { by: "local", cause: cause.normal, text }),
    );
  }

  close(): void {
    this.#leave();
  }
}
