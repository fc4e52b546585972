// What the two sides of a bridge agree on: what one of them wants (a hold, another codec, a video) is asked of the other where
// it lacks that, and told to it.
import { sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { mirror } from "../../media/negotiate.ts";
import type { Direction } from "../../media/sdp.ts";
import type { Reoffer } from "../../sip/dialog/call.ts";
import { notUnderstood } from "../sound/recording.ts";
import type { DirectMedia } from "./direct-media.ts";
import { joinable, type Leg } from "./leg.ts";
import { wishOf, type Side } from "./side.ts";

/** What it needs of the bridge, as that is now. */
export interface Bridged {
  readonly log: Log;
  isOver(): boolean;
  sides(): readonly [Side, Side];
  other(side: Side): Side;
  direct(): DirectMedia;
  /** A side gave an answer that cannot be used. */
  failed(text: string): void;
}

export class Negotiation {
  readonly #bridge: Bridged;
  #turning: Promise<void> | undefined;

  constructor(bridge: Bridged) {
    this.#bridge = bridge;
  }

  /** Takes a side's answer to an offer of ours. */
  settle({ session, name }: Leg, sdp: string): void {
    try {
      session.receiveAnswer(sdp);
    } catch (error) {
      this.#bridge.log.warn(`${name} changed the call to what cannot be used: ${sentence(error)}`);
      this.#bridge.failed(sentence(error));
    }
  }

  /** Offers a side what suits `like`. */
  async offer(side: Side, { leg: like }: Pick<Side, "leg">, direction: Direction): Promise<boolean> {
    const { call, session } = side.leg;
    const { status, sdp } = await call.reoffer(() => session.offer(like.session, direction));
    // Who is in another bridge by now has taken it all the same.
    if (status >= 300 || sdp === undefined || (this.#bridge.isOver() && call.end)) return false;
    this.settle(side.leg, sdp);
    return true;
  }

  /** Tells a side what the other one wants of itself, where that is news: a hold, and its end. */
  async tell(side: Side, { wish, leg }: Side): Promise<void> {
    const news = side.held ?? wish;
    if (this.#bridge.isOver() || side.told === news || !this.#bridge.sides().includes(side)) return;
    const before = side.told;
    side.told = news;
    const taken = await this.offer(side, { leg }, news);
    if (!taken && side.told === news) side.told = before;
  }

  /** The two have not been in one bridge before. One after the other: what one of them says is what the next is told. */
  async acquaint(side: Side, fresh: Side): Promise<void> {
    if (side.leg.session.away || !joinable(side.leg.session, fresh.leg.session)) {
      side.told = fresh.wish;
      await this.offer(side, fresh, fresh.wish);
    }
    if (fresh.leg.session.away) {
      fresh.told = side.wish;
      await this.offer(fresh, side, side.wish);
    }
    await this.tell(side, fresh);
    await this.tell(fresh, side);
  }

  /** A side wants something else, which it is answered. */
  async reoffered(side: Side, offer: Reoffer): Promise<void> {
    const { session, name } = side.leg;
    const direct = this.#bridge.direct();
    const other = this.#bridge.other(side);
    try {
      if (direct.passes) await direct.back(side.leg);
      if (offer.sdp === undefined) {
        offer.answer(session.offer(other.leg.session));
        return;
      }
      session.receiveOffer(offer.sdp);
      offer.answer(await this.#answer(side, other));
      // Who is held may say so, and does not wish it.
      if (side.held === undefined || wishOf(session) !== mirror(side.held)) side.wish = wishOf(session);
      await this.tell(other, side);
    } catch (error) {
      this.#bridge.log.warn(`${name} wanted to change the call: ${sentence(error)}`);
      offer.reject(488);
    }
  }

  // What the other side lacks for it (a video, a codec) is asked of it first.
  async #answer(side: Side, other: Side): Promise<string> {
    const { session } = side.leg;
    const lacks = session.offers("video") && !other.leg.session.agreed("video");
    if (lacks) await this.offer(other, side, other.told);
    try {
      return session.answer(other.leg.session, side.held);
    } catch (error) {
      if (lacks || !(await this.offer(other, side, other.told))) throw error;
      return session.answer(other.leg.session, side.held);
    }
  }

  /**
   * Has both talk what we understand, the second one first, or neither.
   * @throws PorteroError `no-codec`
   */
  speakOurs(): Promise<void> {
    this.#turning ??= this.#turn().finally(() => (this.#turning = undefined));
    return this.#turning;
  }

  async #turn(): Promise<void> {
    const sides = this.#bridge.sides();
    const [one, two] = sides;
    if (sides.every(({ leg }) => leg.session.mixable)) return;
    await this.#bridge.direct().back();
    const others = sides.filter(({ leg }) => !leg.session.mixable);
    for (const side of [two, one]) {
      if (await this.#isOurs(side)) continue;
      for (const { leg } of others) leg.session.unlimit();
      if (two.leg.session.mixable) await this.offer(two, one, two.told);
      throw notUnderstood(side.leg.name, "a sound or a recording");
    }
  }

  async #isOurs(side: Side): Promise<boolean> {
    const { session } = side.leg;
    if (!session.mixable && session.limitToUnderstood()) await this.offer(side, this.#bridge.other(side), side.told);
    return session.mixable;
  }
}
