// Past its limit an endpoint that takes every call completes none: answers come late, are asked for again, and what was
// begun is lost. So some are told to come later (503 with Retry-After, RFC 3261 §21.5.4), before anything is done for them,
// and those that are taken get through. A call of a door station is always taken.
import { performance } from "node:perf_hooks";
import type { Clock } from "../../clock.ts";
import type { IncomingCall } from "../dialog/incoming.ts";
import type { SipRequest } from "../message/message.ts";
import { parseUri, unescaped } from "../message/uri.ts";

/** The share of time, 0 to 1, that the event loop was at work since it was asked before. */
export type Busy = () => number;

/** The real one of this thread. */
function loopBusy(): Busy {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}

export interface OverloadLimits {
  /** Calls of others than doors that may be under way at once. */
  readonly mostCalls?: number;
  /** Whose calls are taken in any case: the numbers of door stations. */
  readonly isFirst?: (number: string) => boolean;
  /** Tests say how busy the event loop is. */
  readonly busy?: Busy;
}

/** Seconds after which a caller may try again. */
export const retryAfter = 2;

// A loop this busy has a queue before it: there is none while it ever rests.
const tooBusy = 0.98;
/**
 * So many windows in a row make an overload. One is no sign of it: what a loop at 80 % of its limit misses while memory is
 * collected for 40 ms takes it 200 ms of work without a rest to make up for. With more of them, twice as many calls as can be
 * served would wait for half a second before the first is refused, and be sent again (T1 of RFC 3261 §17.1.1.1).
 */
const longWindows = 4;
/** A busy moment is no overload: a house with fewer calls than this is refused none for it. */
const fewCalls = 50;
const windowMs = 200;
const tellEveryMs = 60_000;
/** By how much the refused share grows or shrinks with each window: about half of them are then too busy, and none idle. */
const step = 0.1;

export class Overload {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #isFirst: (number: string) => boolean;
  readonly #busy: Busy;
  readonly #tell: (text: string) => void;
  #calls = 0;
  #measuredAt: number;
  /** The share of calls that is told to come later. */
  #share = 0;
  /** Windows in a row that were too busy. */
  #busyWindows = 0;
  #turnedAway = 0;
  #toldAt = -Infinity;

  /** `tell` gets a sentence, once a minute at most, while calls are turned away. */
  constructor(clock: Clock, limits: OverloadLimits, tell: (text: string) => void) {
    this.#clock = clock;
    this.#most = limits.mostCalls ?? 1000;
    this.#isFirst = limits.isFirst ?? (() => false);
    this.#busy = limits.busy ?? loopBusy();
    this.#tell = tell;
    this.#measuredAt = clock.now();
  }

  /** Counts a call that is taken, until it is over. Doors take nobody's place. */
  takes(call: IncomingCall): void {
    if (this.#isFirst(call.caller.number)) return;
    this.#calls++;
    call.once("ended", () => this.#calls--);
  }

  /**
   * Whether an INVITE is to come later (503). Asked at its arrival, when only From says who calls, and again once that is
   * proven, so that nobody gets in by a door's name.
   */
  turnsAway(invite: SipRequest, caller = nameOf(invite)): boolean {
    this.#measure();
    const full = this.#calls >= this.#most;
    if ((!full && shareOf(invite.callId) >= this.#share) || this.#isFirst(caller)) return false;
    this.#turnedAway++;
    if (this.#clock.now() - this.#toldAt < tellEveryMs) return true;
    const why = full ? `${this.#calls} are under way, the most that are allowed` : "this machine is too busy";
    this.#tell(`calls are told to come later, ${this.#turnedAway} so far: ${why}. Doors are served all the same.`);
    this.#toldAt = this.#clock.now();
    return true;
  }

  // Measured when somebody calls, so that an endpoint at rest needs no timer.
  #measure(): void {
    const now = this.#clock.now();
    if (now - this.#measuredAt < windowMs) return;
    this.#measuredAt = now;
    this.#busyWindows = this.#busy() > tooBusy && this.#calls >= fewCalls ? this.#busyWindows + 1 : 0;
    // Once calls are turned away each window counts: about half of them are to be busy.
    const over = this.#busyWindows >= (this.#share > 0 ? 1 : longWindows);
    // What the first windows left out is made up for at once.
    const more = this.#share > 0 ? step : longWindows * step;
    this.#share = over ? Math.min(1, this.#share + more) : Math.max(0, this.#share - step);
  }
}

/**
 * A number from 0 to 1 that is always the same for the same text: FNV-1a, and its bits mixed once more, since the last
 * letters of the text, which differ most, reach only its lower ones. An INVITE comes twice, without and with
 * credentials; who was let in for the first is not turned away at the second.
 */
function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

const nameOf = (request: SipRequest): string => unescaped(parseUri(request.from?.uri ?? "")?.user ?? "");
