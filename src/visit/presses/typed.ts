// What one party of a call types to open a door: an opening key, or a code between * and #. A key that is part of a code is
// nobody else's: neither the flow, MQTT nor the door is told.
import type { Clock } from "../../clock.ts";

export interface TypedHooks {
  /** Opening keys by what is pressed, and the relay that each opens. */
  readonly keys: ReadonlyMap<string, string | undefined>;
  /** Whether codes are heard. */
  readonly codes: boolean;
  /** A key that opens. */
  opens(relay: string | undefined): void;
  /** A code is complete; `relay` = the place of the relay that is meant in the door's list, from 1. */
  code(code: string, relay: number | undefined): void;
}

/** Who pauses so long begins anew. */
const pauseMs = 8_000;
const longestKey = 4;
const longestCode = 13;

export class Typed {
  readonly #clock: Clock;
  readonly #hooks: TypedHooks;
  /** What came since the last *, where one came. */
  #code: string | undefined;
  #keys = "";
  #at = 0;

  constructor(clock: Clock, hooks: TypedHooks) {
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** A key was pressed; where it is not `meant` for this door, nothing is opened by it. Says whether it belongs to a code. */
  press(digit: string, meant = true): boolean {
    const now = this.#clock.now();
    if (now - this.#at > pauseMs) [this.#code, this.#keys] = [undefined, ""];
    this.#at = now;
    if (this.#hooks.codes && this.#ofCode(digit, meant)) return true;
    this.#keys = (this.#keys + digit).slice(-longestKey);
    for (const [key, relay] of this.#hooks.keys) {
      if (!this.#keys.endsWith(key)) continue;
      this.#keys = "";
      if (meant) this.#hooks.opens(relay);
      break;
    }
    return false;
  }

  #ofCode(digit: string, meant: boolean): boolean {
    const typed = this.#code;
    if (digit === "*") {
      // Behind the digits of a code it says that a relay follows; else a new one begins.
      this.#code = typed !== undefined && /^[0-9]{4,10}$/.test(typed) ? `${typed}*` : "";
      this.#keys = "";
      return true;
    }
    if (typed === undefined) return false;
    if (digit === "#") {
      this.#code = undefined;
      const [, code, relay] = /^([0-9]{4,10})(?:\*([1-9][0-9]?))?$/.exec(typed) ?? [];
      if (meant && code !== undefined) this.#hooks.code(code, relay === undefined ? undefined : Number(relay));
      return true;
    }
    // What is too long for a code is none, and neither are letters; it stays unheard until its end.
    this.#code = typed.length < longestCode ? typed + digit : "x".repeat(longestCode);
    return true;
  }
}
