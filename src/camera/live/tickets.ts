// Who may see a film: a ticket for one door, once, and soon. A WebSocket cannot be asked for the login that a page has
// (browsers send no header of ours along), so that who has logged in gets one by HTTP and shows it there.
import { randomBytes } from "node:crypto";
import type { Clock } from "../../clock.ts";

const lifeMs = 30_000;
// As many pages may be opened within their life.
const mostTickets = 1_000;

export class Tickets {
  readonly #clock: Clock;
  readonly #issued = new Map<string, { readonly door: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(door: string): string {
    const now = this.#clock.now();
    for (const [ticket, { until }] of this.#issued) {
      // The oldest come first.
      if (until > now && this.#issued.size < mostTickets) break;
      this.#issued.delete(ticket);
    }
    const ticket = randomBytes(24).toString("base64url");
    this.#issued.set(ticket, { door, until: now + lifeMs });
    return ticket;
  }

  /** Whether it is good for this door; it is good for nothing afterwards. */
  redeem(ticket: string, door: string): boolean {
    const found = this.#issued.get(ticket);
    this.#issued.delete(ticket);
    return found?.door === door && found.until > this.#clock.now();
  }
}
