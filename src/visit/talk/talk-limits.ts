// What ends a talk by itself: the door was opened a while ago, or it has lasted as long as it may, of which both are warned.
// Whoever takes over has what is left of it.
import type { Cancel, Clock } from "../../clock.ts";
import type { TalkRules } from "../../door/door.ts";
import type { Sound } from "../../media/sound.ts";

export interface LimitedTalk {
  warn(): void;
  end(text: string): void;
}

/** The warning comes so long before the end, or in the middle of a short talk. */
const warningMs = 30_000;

const beep = { frequencies: [1000], ms: 150 };
const pause = { frequencies: [], ms: 150 };
export const warningTone: Sound = { kind: "tone", cadence: [beep, pause, beep, pause, beep] };

export class TalkLimits {
  readonly #clock: Clock;
  readonly #rules: TalkRules;
  readonly #talk: LimitedTalk;
  #timers: readonly Cancel[] = [];
  #leave: Cancel = () => {};
  #on = false;

  constructor(clock: Clock, rules: TalkRules, talk: LimitedTalk) {
    [this.#clock, this.#rules, this.#talk] = [clock, rules, talk];
  }

  /** They talk from now on. */
  begin(): void {
    this.#on = true;
    const { longestMs } = this.#rules;
    if (longestMs === undefined) return;
    const text = `the talk lasted as long as it may, ${longestMs / 60_000} minutes`;
    this.#timers = [
      this.#clock.after(longestMs - Math.min(warningMs, longestMs / 2), () => this.#talk.warn()),
      this.#clock.after(longestMs, () => this.#talk.end(text)),
    ];
  }

  /** The door was opened; once more, and the time begins anew. */
  opened(): void {
    const { hangUpAfterMs } = this.#rules;
    if (!this.#on || hangUpAfterMs === undefined) return;
    this.#leave();
    const text = `hung up ${hangUpAfterMs / 1000} s after the door was opened`;
    this.#leave = this.#clock.after(hangUpAfterMs, () => this.#talk.end(text));
  }

  close(): void {
    this.#on = false;
    this.#leave();
    for (const cancel of this.#timers) cancel();
  }
}
