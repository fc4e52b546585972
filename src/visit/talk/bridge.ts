// Two legs that talk: their sound, their digits (N5), their end. One of them may be replaced by somebody else while the other
// talks on (transfer).
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { MediaEngine } from "../../media/engine.ts";
import type { Direction } from "../../media/sdp.ts";
import { q850 } from "../../sip/causes.ts";
import type { Call, CallEnd, Message, Referral } from "../../sip/dialog/call.ts";
import type { DoorKeysHost } from "../presses/door-keys.ts";
import { DirectMedia } from "./direct-media.ts";
import type { Key } from "./keypad.ts";
import { joinable, letGo, type Leg } from "./leg.ts";
import { Negotiation } from "./negotiation.ts";
import { attach, wishOf, type Known, type Side } from "./side.ts";

/** What happens on a bridge. */
export interface BridgeHooks {
  /** A key of one side, let go of. Where it goes on to the other side, it has gone already. */
  digit?(key: Key, from: Leg): void;
  /** What is heard here of what the two say and press; nothing where nobody says. */
  hears?(): { readonly sound: boolean; readonly keys: boolean };
  /** As DigitRelayHost.passes; all do where nobody says. */
  passesDigits?(from: Leg): boolean | "never";
  /** One side hung up, or neither sends any sound any more. The other side is told already. */
  over?(by: Leg | undefined, text: string, cause?: number): void;
  /** A text of one side, to be answered. */
  text?(message: Message, from: Leg): void;
  /** One side wants the other to be connected with somebody else, to be answered. */
  refer?(referral: Referral, from: Leg): void;
  /** Somebody has taken the place of one side. */
  replaced?(gone: Leg, by: Leg): void;
}

export interface BridgeHost extends DoorKeysHost {
  readonly media: MediaEngine;
  readonly clock: Clock;
  readonly log: Log;
  /** All bridges that are, each under both of its calls. */
  readonly bridges: Map<Call, Bridge>;
}

export class Bridge {
  readonly #host: BridgeHost;
  readonly #hooks: BridgeHooks;
  readonly #silent = new Set<Leg>();
  /** Whether a side may be taken out of it, to be connected elsewhere: not out of a visit. */
  readonly releases: boolean;
  readonly #negotiation: Negotiation;
  #sides: readonly [Side, Side];
  #direct: DirectMedia;
  #over = false;

  /** `known`: the two have been in bridges before. */
  constructor(
    host: BridgeHost,
    caller: Leg,
    answerer: Leg,
    hooks: BridgeHooks,
    releases = true,
    known?: readonly [Known, Known],
  ) {
    this.#host = host;
    this.#hooks = hooks;
    this.releases = releases;
    this.#negotiation = new Negotiation({
      log: host.log,
      isOver: () => this.#over,
      sides: () => this.#sides,
      other: (side) => this.#other(side),
      direct: () => this.#direct,
      failed: (text) => this.end(undefined, text),
    });
    const [first, second] = [wishOf(caller.session), wishOf(answerer.session)];
    const [one, two] = known ?? [
      { wish: first, told: second },
      { wish: second, told: first },
    ];
    this.#sides = [this.#attach(caller, one.wish, one.told), this.#attach(answerer, two.wish, two.told)];
    host.media.bridge(caller.session, answerer.session);
    this.#direct = this.#goDirect();
    this.#settleDigits();
    // A bell that was seen or heard before anybody answered has settled its codec before it was known who would.
    const settled = caller.session.codec !== undefined && answerer.session.codec !== undefined;
    if (known) void this.#negotiation.acquaint(...this.#sides);
    else if (settled && !joinable(caller.session, answerer.session))
      void this.#negotiation.offer(this.#sides[1], this.#sides[0], first);
    for (const leg of [caller, answerer]) this.#wasLost(leg);
  }

  get over(): boolean {
    return this.#over;
  }

  /** The leg that a call is of. */
  leg(call: Call): Leg | undefined {
    return this.#side(call)?.leg;
  }

  /** Whom it talks with. */
  other(call: Call): Leg {
    const [first, second] = this.#sides;
    return first.leg.call === call ? second.leg : first.leg;
  }

  /** What the side wants of itself, to be told to whom it is to talk with. */
  wish(call: Call): Direction {
    return this.#side(call)?.wish ?? "sendrecv";
  }

  /** The side is to be replaced: until it is known by whom, its end does not end the other. */
  leaves(call: Call): void {
    const side = this.#side(call);
    if (!side) return;
    side.leaving = true;
    void this.#direct.back();
  }

  /**
   * Tells a side that it is held, by the direction of its sound, or that it is not any more (undefined). False where it
   * does not take that.
   */
  async hold(call: Call, as: "sendonly" | "inactive" | undefined): Promise<boolean> {
    const side = this.#side(call);
    if (this.#over || !side) return false;
    side.held = as;
    await this.#direct.back();
    await this.#negotiation.tell(side, this.#other(side));
    return side.told === (as ?? this.#other(side).wish);
  }

  /**
   * Has both talk what we understand, the second one first, or neither: something is to be played to them, or recorded.
   * @throws PorteroError `no-codec`
   */
  async speakOurs(): Promise<void> {
    if (this.#host.media.record) await this.#negotiation.speakOurs();
  }

  /** Nothing came of it: the bridge is as it was, or ends if the side has gone meanwhile. */
  stays(call: Call): void {
    const side = this.#side(call);
    if (!side) return;
    side.leaving = false;
    this.#direct.changed();
    if (call.end) this.#ended(call, call.end);
  }

  /**
   * Puts `by` in the place of a side, which is left to whoever asked for that. `told` is what `by` knows of the other's
   * wish, `wish` its own.
   */
  replace(gone: Call, by: Leg, told: Direction, wish = wishOf(by.session)): void {
    const side = this.#side(gone);
    if (this.#over || !side) return;
    const other = this.#other(side);
    other.held = undefined;
    const fresh = this.#attach(by, wish, told);
    this.#drop(side);
    this.#sides = side === this.#sides[0] ? [fresh, other] : [other, fresh];
    this.#host.media.bridge(by.session, other.leg.session);
    this.#direct.close();
    this.#direct = this.#goDirect();
    this.#settleDigits();
    this.#hooks.replaced?.(side.leg, by);
    if (!this.#wasLost(by)) void this.#negotiation.acquaint(other, fresh);
  }

  /** Takes the other side of `call` out of the bridge, which is over with that; it belongs to who asked for it. */
  release(call: Call): Known | undefined {
    const side = this.#side(call);
    if (!side || !this.part()) return undefined;
    this.#hooks.over?.(side.leg, "transferred");
    return this.#other(side);
  }

  /** Takes both out of the bridge, which is over with that, and is not told to be; they belong to who asked for it. */
  part(): readonly [Known, Known] | undefined {
    if (this.#over) return undefined;
    this.#over = true;
    this.#direct.close();
    for (const side of this.#sides) this.#drop(side);
    return this.#sides;
  }

  end(by: Leg | undefined, text: string, cause?: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#direct.close();
    for (const side of this.#sides) this.#drop(side);
    // Before the calls end: whose bridge it is would else hear no more than that they were hung up.
    this.#hooks.over?.(by, text, cause);
    for (const { leg } of this.#sides) {
      // Why one side ended is told to the other (RFC 3326).
      letGo(leg, this.#host.log, cause === undefined ? undefined : q850(cause));
    }
  }

  /** What ended before there was a bridge is not heard by its listeners any more. */
  #wasLost({ call, session }: Leg): boolean {
    if (call.end) this.#ended(call, call.end);
    else if (session.over) this.end(undefined, session.lost);
    return this.#over;
  }

  #side(call: Call): Side | undefined {
    return this.#sides.find(({ leg }) => leg.call === call);
  }

  #other(side: Side): Side {
    return this.#sides[0] === side ? this.#sides[1] : this.#sides[0];
  }

  #drop({ leg, detach }: Side): void {
    detach();
    this.#silent.delete(leg);
    this.#host.bridges.delete(leg.call);
  }

  #attach(leg: Leg, wish: Direction, told: Direction): Side {
    const { call } = leg;
    this.#host.bridges.set(call, this);
    const hooks = this.#hooks;
    return attach(leg, wish, told, {
      ended: (end) => this.#ended(call, end),
      reoffered: (offer) => {
        const side = this.#side(call);
        if (side) void this.#negotiation.reoffered(side, offer);
        else offer.reject(500);
      },
      acknowledged: (sdp) => this.#negotiation.settle(leg, sdp),
      silent: () => {
        this.#silent.add(leg);
        this.#listen();
      },
      heard: () => void this.#silent.delete(leg),
      closed: () => void this.#wasLost(leg),
      settled: () => {
        this.#settleDigits();
        this.#direct.changed();
      },
      text: hooks.text && ((message) => hooks.text?.(message, leg)),
      refer: hooks.refer && ((referral) => hooks.refer?.(referral, leg)),
      digits: {
        ...{ clock: this.#host.clock, log: this.#host.log },
        other: () => this.other(call),
        passes: () => {
          const host = this.#host;
          if (host.keysAt(this.other(call))?.keeps || host.keysAt(leg)?.hides) return "never";
          return !this.#over && (hooks.passesDigits?.(leg) ?? true);
        },
        told: (key) => hooks.digit?.(key, leg),
      },
    });
  }

  #goDirect(): DirectMedia {
    const [{ leg: first }, { leg: second }] = this.#sides;
    return new DirectMedia(
      {
        ...{ clock: this.#host.clock, log: this.#host.log },
        hears: () => {
          const { sound, keys } = this.#hooks.hears?.() ?? { sound: false, keys: false };
          // Who rings to take the place of a side may be shown what the other one's camera sends; keys are to stay here.
          const stays = this.#sides.some(({ leg, leaving }) => leaving || this.#host.keysAt(leg)?.hears);
          return { sound: sound || stays, keys };
        },
        offer: async ({ call }) => {
          const side = this.#side(call);
          return side !== undefined && (await this.#negotiation.offer(side, this.#other(side), side.told));
        },
        lost: ({ name }) => this.end(undefined, `the sound of ${name} did not come back to us`),
        listen: () => this.#listen(),
      },
      [first, second],
    );
  }

  // A muted phone may send nothing for long: only two silent sides are a dead call.
  #listen(): void {
    if (this.#silent.size === 2 && !this.#direct.unheard)
      this.end(undefined, "no sound came from either side any more");
  }

  #settleDigits(): void {
    if (!this.#over) for (const { digits } of this.#sides) digits.settle();
  }

  #ended(call: Call, end: CallEnd): void {
    const side = this.#side(call);
    if (side && !side.leaving) this.end(side.leg, end.text, end.cause);
  }
}
