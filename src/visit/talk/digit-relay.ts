// The keys of one side of a bridge on their way to the other. RTP events that the other side takes pass as they are, in the
// worker; everything else is turned into what it takes. Never both: a door that toggles would close again.
import type { Clock } from "../../clock.ts";
import type { DtmfWay } from "../../dtmf.ts";
import type { Log } from "../../log.ts";
import { sendTo, waysTo, whyNot } from "./digits.ts";
import { Keypad, type Key } from "./keypad.ts";
import type { Leg } from "./leg.ts";

export interface DigitRelayHost {
  readonly clock: Clock;
  readonly log: Log;
  /** The other side, as it is now. */
  other(): Leg;
  /** Whether what this side presses goes on to the other; `never`: not even as tones in its sound. */
  passes(): boolean | "never";
  /** A key of this side, let go of. */
  told(key: Key): void;
}

/**
 * A device that says a key in two ways says it at once: an INFO waits this long for the RTP event that has gone to the
 * other side already.
 */
const twinMs = 80;

export class DigitRelay {
  readonly #from: Leg;
  readonly #host: DigitRelayHost;
  readonly #keypad: Keypad;
  #events: "pass" | "keep" = "keep";
  #tones: "pass" | "keep" = "keep";
  /** The way that the other side has taken. */
  #found: { leg: Leg; way: DtmfWay } | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(from: Leg, host: DigitRelayHost) {
    this.#from = from;
    this.#host = host;
    this.#keypad = new Keypad(from, host.clock, {
      pressed: (key) => this.#pressed(key),
      released: (key) => host.told(key),
    });
  }

  /** Whether RTP events go on as they are, in the worker. */
  get passesEvents(): boolean {
    return this.#events === "pass";
  }

  /** The other side, or what either has agreed on, is another one. */
  settle(): void {
    const to = this.#host.other();
    const { method } = to.session.dtmf;
    const packets = method === "auto" || method === "rfc4733";
    const passes = this.#host.passes();
    this.#events = passes === true && packets && this.#from.session.passesEventsTo(to.session) ? "pass" : "keep";
    this.#tones = passes === true && waysTo(to, method)[0] === "inband" ? "pass" : "keep";
    this.#keypad.hear({ events: this.#events, tones: passes === "never" ? passes : this.#tones });
  }

  close(): void {
    this.#keypad.close();
  }

  #pressed(key: Key): void {
    if (this.#host.passes() !== true) return;
    if (key.by === "rfc4733" && this.#events === "pass") return;
    if (key.by === "inband" && this.#tones === "pass") return;
    const wait = key.by === "info" && this.#events === "pass" ? this.#host.clock.sleep(twinMs) : undefined;
    this.#sending = this.#sending.then(() => this.#send(key, wait));
  }

  async #send(key: Key, wait: Promise<void> | undefined): Promise<void> {
    await wait;
    if (wait && key.ways.has("rfc4733")) return;
    const { clock, log } = this.#host;
    const to = this.#host.other();
    const all = waysTo(to, to.session.dtmf.method, key.by === "inband" ? undefined : key.by);
    const found = this.#found?.leg === to ? this.#found.way : undefined;
    const ways = found && all.includes(found) ? [found, ...all.filter((way) => way !== found)] : all;
    const sent = await sendTo(to, clock, key.digit, { ways });
    if (sent.taken > 0 && sent.way) this.#found = { leg: to, way: sent.way };
    else {
      this.#found = undefined;
      log.warn(`a key that ${this.#from.name} pressed did not reach ${to.name}: ${whyNot(sent)}`);
    }
  }
}
