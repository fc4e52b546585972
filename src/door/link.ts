// Links that open a door once, for a notification on a phone: signed, good for some minutes after the press, and for one
// opening. Nothing has to be stored until one is used: the visit it names is still known as long as it is good.
import { createHmac, timingSafeEqual } from "node:crypto";
import { isNear, type Clock } from "../clock.ts";
import type { Secret } from "../secret.ts";

/** So long after the press: time to find the telephone, and to look who it is. */
export const goodForMs = 5 * 60_000;

/** What of a visit is signed. */
export interface LinkedVisit {
  readonly id: string;
  readonly door: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** `<visit>.<128 bits of HMAC-SHA256>`, in letters that need no escape in a URL. */
export function linkToken(key: Secret, { id, door, startedAt }: LinkedVisit): string {
  const signed = ["open", door, id, startedAt].join("|");
  return `${id}.${createHmac("sha256", key.reveal()).update(signed).digest().subarray(0, 16).toString("base64url")}`;
}

/** Which visit a token names; whether it is ours is still to be seen. */
export const visitIn = (token: string): string | undefined => /^([\w-]{1,64})\.[\w-]{22}$/.exec(token)?.[1];

export type LinkState = "good" | "used" | "void";

export class OpenLinks {
  readonly #clock: Clock;
  /** Visits whose link has opened, and until when that matters. */
  readonly #used = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  look(key: Secret, token: string, visit: LinkedVisit): LinkState {
    const [given, wanted] = [token, linkToken(key, visit)].map((text) => Buffer.from(text));
    if (!given || !wanted || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return "void";
    if (this.#used.has(visit.id)) return "used";
    return isNear(visit.startedAt, this.#clock.now(), goodForMs + 1) ? "good" : "void";
  }

  /** It has opened: it is good for nothing more. */
  use({ id, startedAt }: LinkedVisit): void {
    const now = this.#clock.now();
    for (const [other, until] of this.#used) if (until < now) this.#used.delete(other);
    // Beyond its time it is told as used for a while, and not as unknown.
    this.#used.set(id, startedAt + 2 * goodForMs);
  }
}
