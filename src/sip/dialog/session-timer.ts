// The session timer (A9): a call that nobody refreshes any more is over, though its BYE was lost. RFC 4028.
import type { Cancel, Clock } from "../../clock.ts";
import { names } from "../extensions.ts";
import type { SipMessage, SipRequest, SipResponse } from "../message/message.ts";
import { parseParams } from "../message/uri.ts";
import { leastExpires, type CallSettings } from "./settings.ts";

/** How long the session lasts from one refresh to the next, and whose it is to refresh. */
export interface Interval {
  readonly seconds: number;
  readonly refresher: "us" | "them";
}

/** Nobody needs a longer session; a Min-SE above it is not followed. */
const mostExpires = 86_400;
/** After a refresh that was refused for now. */
const retryMs = 10_000;

export class SessionTimer {
  readonly #clock: Clock;
  readonly #refresh: () => void;
  readonly #expired: () => void;
  #due: Cancel = () => {};
  #end: Cancel = () => {};
  #interval: Interval | undefined;

  constructor(clock: Clock, refresh: () => void, expired: () => void) {
    this.#clock = clock;
    this.#refresh = refresh;
    this.#expired = expired;
  }

  get interval(): Interval | undefined {
    return this.#interval;
  }

  /** The session was agreed or refreshed: all begins anew. Without an interval it has no end. */
  run(interval: Interval | undefined): void {
    this.stop();
    this.#interval = interval;
    if (!interval) return;
    const ms = interval.seconds * 1000;
    if (interval.refresher === "us") this.#due = this.#clock.after(ms / 2, this.#refresh);
    // RFC 4028 §10: BYE a little before the end, so that both sides see the same.
    this.#end = this.#clock.after(ms - Math.min(32_000, ms / 3), this.#expired);
  }

  /** A refresh did not come through; the end stays where it is. */
  tryAgain(): void {
    this.#due();
    if (this.#interval?.refresher === "us") this.#due = this.#clock.after(retryMs, this.#refresh);
  }

  stop(): void {
    this.#due();
    this.#end();
    this.#interval = undefined;
  }
}

interface Asked {
  readonly seconds: number;
  readonly refresher: "uac" | "uas" | undefined;
}

function askedBy(message: SipMessage): Asked | undefined {
  const seconds = message.number("session-expires");
  if (seconds === undefined || seconds === 0) return undefined;
  const refresher = parseParams(message.get("session-expires") ?? "").get("refresher");
  return { seconds, refresher: refresher === "uac" || refresher === "uas" ? refresher : undefined };
}

/** What our 2xx says of the timer, or that the request asks for too short a session (422). */
export type TimerAnswer =
  | { readonly tooBrief: true }
  | {
      readonly tooBrief: false;
      readonly headers: readonly [string, string][];
      readonly interval: Interval | undefined;
    };

/** RFC 4028 §9. */
export function answerTimer(request: SipRequest, settings: CallSettings): TimerAnswer {
  const able = names(request, "supported", "timer") || names(request, "require", "timer");
  let asked = askedBy(request);
  if (asked && asked.seconds < leastExpires) {
    if (able) return { tooBrief: true };
    // A side that knows no timer cannot act on a 422.
    asked = undefined;
  }
  const ours = settings.sessionExpires;
  const least = Math.max(leastExpires, request.number("min-se") ?? 0);
  const seconds = asked
    ? Math.min(asked.seconds, Math.max(ours ?? asked.seconds, least))
    : ours === undefined
      ? undefined
      : Math.max(ours, least);
  if (seconds === undefined) return { tooBrief: false, headers: [], interval: undefined };
  const refresher = able ? (asked?.refresher ?? settings.refresher) : "uas";
  const headers: [string, string][] = [["Session-Expires", `${seconds};refresher=${refresher}`]];
  if (refresher === "uac") headers.push(["Require", "timer"]);
  return { tooBrief: false, headers, interval: { seconds, refresher: refresher === "uas" ? "us" : "them" } };
}

/** Asks for a timer in a request of ours: for the running one again, or, where there is none, as the settings say. */
export function askForTimer(request: SipRequest, settings: CallSettings, running?: Interval): void {
  const seconds = running?.seconds ?? settings.sessionExpires;
  if (seconds === undefined) return;
  const refresher = running ? (running.refresher === "us" ? "uac" : "uas") : settings.refresher;
  request.add("Session-Expires", `${seconds};refresher=${refresher}`).add("Min-SE", String(leastExpires));
}

/** What a 2xx to our request settles (§7.2). Where only we want a timer, we refresh: a lost call answers 481. */
export function agreedBy(response: SipResponse, request: SipRequest): Interval | undefined {
  const given = askedBy(response);
  if (given && given.seconds >= leastExpires)
    return { seconds: given.seconds, refresher: given.refresher === "uas" ? "them" : "us" };
  const wanted = askedBy(request);
  return wanted && { seconds: wanted.seconds, refresher: "us" };
}

/** Whether the request was changed into one that asks for as long a session as a 422 wants (§7.3). */
export function lengthen(request: SipRequest, response: SipResponse): boolean {
  const asked = askedBy(request);
  const least = response.number("min-se");
  if (response.status !== 422 || !asked || least === undefined) return false;
  if (least <= asked.seconds || least > mostExpires) return false;
  const role = asked.refresher === undefined ? "" : `;refresher=${asked.refresher}`;
  request.set("Session-Expires", `${least}${role}`).set("Min-SE", String(least));
  return true;
}
