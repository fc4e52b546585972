// Digits that are media, as the main thread sees them: what it asks the worker to send, and who waits for it.
import type { DtmfTiming } from "../dtmf.ts";
import type { FromWorker, ToWorker } from "./worker/messages.ts";

type SendDigit = Extract<ToWorker, { type: "send-digit" }>;

/** The ways of digits that are media. */
export type MediaWay = SendDigit["way"];

/** A key that the peer presses; with `durationMs`, it has let go of it. */
export type Pressed = Pick<Extract<FromWorker, { type: "digit" }>, "digit" | "by" | "durationMs">;

export interface MediaDigit extends DtmfTiming {
  readonly digit: string;
  readonly way: MediaWay;
}

/** What becomes of the digits that the peer sends, see the worker's `hear-digits`. */
export type DigitHearing = Pick<Extract<ToWorker, { type: "hear-digits" }>, "events" | "tones">;

export class DigitsUnderWay {
  readonly #post: (message: SendDigit) => void;
  readonly #waiting = new Map<number, { session: number; sent: (ok: boolean) => void }>();
  #next = 1;

  constructor(post: (message: SendDigit) => void) {
    this.#post = post;
  }

  send(session: number, digit: MediaDigit): Promise<boolean> {
    const ask = this.#next++;
    return new Promise((sent) => {
      this.#waiting.set(ask, { session, sent });
      this.#post({ type: "send-digit", session, ask, ...digit });
    });
  }

  sent(ask: number, ok: boolean): void {
    this.#waiting.get(ask)?.sent(ok);
    this.#waiting.delete(ask);
  }

  /** The session is over, or all are: what was under way counts as not sent. */
  drop(session?: number): void {
    for (const [ask, waiting] of this.#waiting)
      if (session === undefined || session === waiting.session) this.sent(ask, false);
  }
}
