// One rtpengine, as its "ng" protocol is spoken to: a datagram with a cookie and a dictionary, an answer with the same
// cookie. What is not answered is sent again; rtpengine answers what it knows already with what it said before.
import type { Cancel, Clock } from "../../clock.ts";
import { giveUp, tryAgain, type PorteroError } from "../../errors.ts";
import { decode, encodeFields, textAt, type Dictionary, type Fields } from "./bencode.ts";
import { showAddress } from "../../ip.ts";
import type { Dial, ServerAddress, Wire } from "./wire.ts";

/** Milliseconds after which a request is sent again; after the last of them it has failed. */
const repeats = [500, 1000, 1000] as const;
/** So often is asked whether it is still there, or there again. */
const pingMs = 5000;

interface Waiting {
  done: (answer: Dictionary) => void;
  failed: (error: PorteroError) => void;
}

export interface ServerEvents {
  /** It answers again, or not any more. */
  changed(server: Server): void;
  /** Nobody is there at all: whatever it did is over. */
  gone(server: Server): void;
}

export class Server {
  readonly name: string;
  readonly #address: ServerAddress;
  readonly #clock: Clock;
  readonly #dial: Dial;
  readonly #events: ServerEvents;
  /** Two of us at one rtpengine must not have the same cookies. */
  readonly #prefix: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #stop: Cancel;
  #wire: Wire | undefined;
  #next = 0;
  #answers = true;
  #closed = false;

  constructor(address: ServerAddress, prefix: string, clock: Clock, dial: Dial, events: ServerEvents) {
    this.name = showAddress(address);
    this.#address = address;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#dial = dial;
    this.#events = events;
    const ping = () => void this.ping().catch(() => {});
    this.#stop = clock.every(pingMs, ping);
    ping();
  }

  /** Whether it answered the last time, or nothing is known yet. */
  get answers(): boolean {
    return this.#answers;
  }

  /** Rejects tryAgain "media-down" where it does not answer. */
  async ping(): Promise<void> {
    await this.request("ping", {});
  }

  /** Rejects tryAgain "media-down" where no answer comes, giveUp "media-refused" with what rtpengine says where it will not. */
  async request(command: string, fields: Fields): Promise<Dictionary> {
    const answer = await this.#ask({ command, ...fields });
    const result = textAt(answer, "result");
    if (result === "ok" || result === "pong") return answer;
    const why = textAt(answer, "error-reason").slice(0, 200) || result.slice(0, 60) || "no reason given";
    throw giveUp("media-refused", `The rtpengine at ${this.name} refused "${command}": ${why}.`);
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#fail("it is not used any more");
    this.#wire?.close();
    this.#wire = undefined;
  }

  #ask(request: Fields): Promise<Dictionary> {
    if (this.#closed) return Promise.reject(this.#down("it is not used any more"));
    const cookie = `${this.#prefix}_${this.#next++}`;
    const data = Buffer.concat([Buffer.from(`${cookie} `), encodeFields(request)]);
    return new Promise((resolve, reject) => {
      let timer: Cancel;
      const settle = () => {
        timer();
        this.#waiting.delete(cookie);
      };
      this.#waiting.set(cookie, {
        done: (answer) => {
          settle();
          resolve(answer);
        },
        failed: (error) => {
          settle();
          reject(error);
        },
      });
      const send = (nth: number) => {
        const pause = repeats[nth];
        if (pause === undefined) {
          this.#unanswered(cookie);
          return;
        }
        timer = this.#clock.after(pause, () => send(nth + 1));
        this.#connected().send(data);
      };
      send(0);
    });
  }

  #connected(): Wire {
    this.#wire ??= this.#dial(this.#address, {
      received: (data) => this.#received(data),
      refused: (why) => this.#refused(why),
    });
    return this.#wire;
  }

  #received(data: Buffer): void {
    const space = data.indexOf(0x20);
    const waiting = space > 0 ? this.#waiting.get(data.toString("latin1", 0, space)) : undefined;
    // A second answer to what was sent twice, or a stranger's.
    if (!waiting) return;
    const answer = decode(data.subarray(space + 1));
    if (typeof answer !== "object" || Array.isArray(answer)) return;
    this.#become(true);
    waiting.done(answer as Dictionary);
  }

  #unanswered(cookie: string): void {
    this.#become(false);
    this.#waiting.get(cookie)?.failed(this.#down("no answer came"));
  }

  #refused(why: string): void {
    // A name may lead elsewhere by the next time.
    this.#wire?.close();
    this.#wire = undefined;
    if (this.#closed) return;
    this.#become(false);
    this.#fail(why);
    this.#events.gone(this);
  }

  #become(answers: boolean): void {
    if (answers === this.#answers) return;
    this.#answers = answers;
    this.#events.changed(this);
  }

  #fail(why: string): void {
    for (const { failed } of [...this.#waiting.values()]) failed(this.#down(why));
  }

  #down(why: string): PorteroError {
    return tryAgain("media-down", `The rtpengine at ${this.name} does not answer (${why}).`);
  }
}
