// What is to be said while the broker is away: the last value of each state, and the newest events, neither too many nor
// too old: a ring of an hour ago must not ring a chime. Commands never wait here.
import { isNear, type Clock } from "../clock.ts";
import type { Sent } from "./connection.ts";

export interface Letter {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export const mostWaiting = 100;
const oldestMs = 120_000;

interface Waiting extends Letter {
  readonly at: number;
  underway: boolean;
}

export class Outbox {
  readonly #clock: Clock;
  readonly #send: (letter: Letter) => Promise<Sent>;
  readonly #dropped: (letter: Letter) => void;
  #waiting: Waiting[] = [];

  /** `dropped` hears of each letter that is given up: too many or too old. */
  constructor(clock: Clock, send: (letter: Letter) => Promise<Sent>, dropped: (letter: Letter) => void) {
    this.#clock = clock;
    this.#send = send;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#waiting.length;
  }

  put(letter: Letter): void {
    // Of a state only the last value counts: one that is on its way is not sent again if it does not arrive.
    if (letter.retain) this.#waiting = this.#waiting.filter((w) => !w.retain || w.topic !== letter.topic);
    this.#waiting.push({ ...letter, at: this.#clock.now(), underway: false });
    const surplus = this.#waiting.filter((w) => !w.retain && !w.underway);
    for (const old of surplus.slice(0, -mostWaiting)) this.#giveUp(old);
  }

  /** Sends what waits: states first, so that nobody hears of an event from a door that counts as away. To be called when a connection stands and after each `put`. */
  flush(): void {
    const now = this.#clock.now();
    for (const letter of this.#waiting.toSorted((a, b) => Number(b.retain) - Number(a.retain))) {
      if (letter.underway) continue;
      if (!letter.retain && !isNear(letter.at, now, oldestMs + 1)) this.#giveUp(letter);
      else void this.#carry(letter);
    }
  }

  async #carry(letter: Waiting): Promise<void> {
    letter.underway = true;
    const sent = await this.#send(letter);
    letter.underway = false;
    // A picture that was on its way is worth nothing later (QoS 0).
    const isVoid = letter.qos === 0 && !letter.retain;
    if (sent !== "lost" || isVoid) this.#remove(letter);
  }

  #giveUp(letter: Waiting): void {
    this.#remove(letter);
    this.#dropped(letter);
  }

  #remove(letter: Waiting): void {
    this.#waiting = this.#waiting.filter((w) => w !== letter);
  }
}
