// What the flow does with whom the bell talks with: somebody else takes over from that one, at once (a blind transfer) or
// after the two have spoken while the visitor waits (an attended one). Until it has worked, nothing changes (N1).
import { giveUp, sentence } from "../../errors.ts";
import { toneSound, type Sound } from "../../media/sound.ts";
import { usualCountry } from "../../media/tones.ts";
import type { Direction } from "../../media/sdp.ts";
import { cause } from "../../sip/causes.ts";
import type { CallEnd } from "../../sip/dialog/call.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import { Bridge } from "./bridge.ts";
import { Forking } from "../ringing/fork.ts";
import type { Caller } from "../ringing/host.ts";
import { whyNobody } from "../ringing/results.ts";
import { letGo, type Leg } from "./leg.ts";
import { known, type Known } from "./side.ts";
import type { TargetSettings } from "../ringing/target.ts";
import { takePlace, type TransferHost } from "./transfer.ts";

/** A talk as whoever changes it sees it: takes the two apart, or puts somebody else in the place of one. */
export interface ChangedTalk {
  readonly bell: Leg;
  /** What phones are shown. */
  caller(): Caller;
  /** Who talks just now; nobody but the flow where both are undefined. */
  now(): { readonly bridge: Bridge | undefined; readonly answerer: Leg | undefined };
  /** The bell and who answered, taken apart. */
  part(): readonly [Known, Known] | undefined;
  /** The bell talks with this one from now on. */
  join(by: Leg, known: readonly [Known, Known]): void;
  over(end: CallEnd): void;
}

/** What a handover needs of it. */
export interface HandoverTalk extends ChangedTalk {
  /** Lets the bell wait. */
  hold(sound: Sound | undefined): Promise<unknown>;
  /** Lets it wait no more. */
  unhold(): Promise<void>;
}

/** Whom a handover goes to: these are rung at once, and who answers first has it. */
export interface HandoverWish {
  readonly targets: readonly TargetSettings[];
  readonly seconds: number;
}

interface Consultation {
  readonly bell: Known;
  readonly answerer: Leg;
  readonly other: Leg;
  readonly bridge: Bridge;
}

export class Handover {
  readonly #host: TransferHost;
  readonly #talk: HandoverTalk;
  #rings: { readonly fork: Forking; readonly end: AbortController } | undefined;
  #speaks: Consultation | undefined;
  #closed = false;

  constructor(host: TransferHost, talk: HandoverTalk) {
    this.#host = host;
    this.#talk = talk;
  }

  /**
   * Rings somebody who is to join the two, and changes nothing yet.
   * @throws PorteroError as `transfer`
   */
  find(wish: HandoverWish): Promise<Leg> {
    this.#mustBeFree();
    return this.#ring(wish, "sendrecv");
  }

  /** A device has registered: it rings along where it belongs to whom the bell is handed over to (X1). */
  offer(contact: Contact): void {
    this.#rings?.fork.offer(contact);
  }

  /**
   * Rings somebody else, who has the visitor as soon as they answer; until then the talk goes on. Gives who.
   * @throws PorteroError `busy`, `not-reached`, `taken-back`, `no-call`
   */
  async transfer(wish: HandoverWish): Promise<string> {
    this.#mustBeFree();
    const { bell } = this.#talk;
    const { bridge, answerer } = this.#talk.now();
    if (!bridge || !answerer) {
      const winner = await this.#ring(wish, "sendrecv");
      this.#talk.join(winner, [known(bell), known(winner)]);
      return winner.name;
    }
    bridge.leaves(answerer.call);
    try {
      const told = bridge.wish(bell.call);
      return this.#takesPlace(bridge, answerer, await this.#ring(wish, told), told);
    } finally {
      bridge.stays(answerer.call);
    }
  }

  /**
   * Rings somebody else, with whom the one who answered speaks first: the visitor waits meanwhile, and hears the sound. Gives
   * who, as soon as the two speak. `complete` or `back` ends that; so does either of the two who hangs up.
   * @throws PorteroError `busy`, `not-reached`, `taken-back`, `no-call`
   */
  async consult(wish: HandoverWish, sound?: Sound): Promise<string> {
    this.#mustBeFree();
    const { bell } = this.#talk;
    const { bridge, answerer } = this.#talk.now();
    if (!bridge || !answerer)
      throw giveUp(
        "no-call",
        "the visitor talks with nobody but the flow, so nobody can speak first: transfer instead",
      );
    this.#quietly(this.#talk.hold(sound));
    bridge.leaves(answerer.call);
    const ringBack = ringBackTo(answerer);
    const told = bridge.wish(bell.call);
    try {
      const winner = await this.#ring(wish, told);
      // Who has hung up while it rang has said all that was to be said.
      if (answerer.call.end || bridge.over || bridge.leg(answerer.call) !== answerer)
        return this.#takesPlace(bridge, answerer, winner, told);
      ringBack();
      this.#speak(answerer, { ...known(winner), told });
      return winner.name;
    } catch (error) {
      ringBack();
      if (!bridge.over) this.#quietly(this.#talk.unhold());
      throw error;
    } finally {
      bridge.stays(answerer.call);
    }
  }

  /** Who was consulted has the visitor. Gives who. @throws PorteroError `no-consultation` */
  complete(): string {
    const { bell, answerer, other } = this.#consulted();
    const [, theirs] = this.#silence();
    this.#talk.join(other, [bell, theirs]);
    letGo(answerer, this.#host.log);
    return other.name;
  }

  /** Takes back what is under way: who is rung stops; who was consulted is let go, and all is as before. */
  back(): void {
    if (this.#rings) return this.#rings.end.abort("taken-back");
    const { bell, answerer, other } = this.#consulted();
    const [own] = this.#silence();
    this.#talk.join(answerer, [bell, own]);
    letGo(other, this.#host.log);
  }

  close(reason: string): void {
    this.#closed = true;
    this.#rings?.end.abort("cancelled");
    const { other, bridge } = this.#speaks ?? {};
    this.#speaks = undefined;
    bridge?.part();
    if (other) letGo(other, this.#host.log, reason);
  }

  #mustBeFree(): void {
    if (this.#rings || this.#speaks)
      throw giveUp("busy", "a transfer of this call is under way already: let it end, complete it, or take it back");
  }

  async #ring({ targets, seconds }: HandoverWish, direction: Direction): Promise<Leg> {
    const caller = { ...this.#talk.caller(), direction };
    const fork = new Forking(this.#host, caller, this.#talk.bell.session, targets);
    const end = new AbortController();
    this.#rings = { fork, end };
    const { winner, parties } = await fork.run(seconds, end.signal);
    this.#rings = undefined;
    if (winner && !this.#closed) return winner;
    if (winner) letGo(winner, this.#host.log);
    if (this.#closed) throw giveUp("no-call", "the visit ended before anybody else had answered");
    if (end.signal.aborted) throw giveUp("taken-back", "the transfer was taken back");
    throw giveUp("not-reached", `the visitor stays: ${whyNobody(parties)}`, { data: { parties } });
  }

  #takesPlace(bridge: Bridge, answerer: Leg, winner: Leg, told: Direction): string {
    if (!takePlace(this.#host.log, bridge, answerer, winner, told))
      throw giveUp("no-call", `somebody else had the visitor, or the visit was over, before ${winner.name} answered`);
    letGo(answerer, this.#host.log);
    return winner.name;
  }

  #speak(answerer: Leg, theirs: Known): void {
    const [bell, own] = this.#talk.part() ?? [];
    if (!bell || !own) return letGo(theirs.leg, this.#host.log);
    const other = theirs.leg;
    const bridge: Bridge = new Bridge(
      this.#host,
      answerer,
      other,
      {
        text: (message, by) => this.#host.texts.came(message, by.name, bridge.other(by.call).name),
        over: (_, text, why = cause.unspecified) => this.#talk.over({ by: "network", cause: why, text }),
      },
      false,
      [own, theirs],
    );
    const speaks = (this.#speaks = { bell, answerer, other, bridge });
    for (const { call } of [answerer, other]) {
      bridge.leaves(call);
      const left = () => {
        if (this.#speaks !== speaks) return;
        if (call === answerer.call) this.complete();
        else this.back();
      };
      call.once("ended", left);
      if (call.end) left();
    }
  }

  #consulted(): Consultation {
    if (this.#speaks) return this.#speaks;
    throw giveUp("no-consultation", "nobody is consulted just now: begin with a transfer that speaks first");
  }

  /** The two do not speak any more. */
  #silence(): readonly [Known, Known] {
    const parted = this.#speaks?.bridge.part();
    this.#speaks = undefined;
    if (parted) return parted;
    throw giveUp("no-call", "the call is over");
  }

  #quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#host.log.warn(sentence(error)));
  }
}

/** It rings elsewhere: the result ends the tone. */
function ringBackTo({ session }: Leg): () => void {
  try {
    const tone = session.play(toneSound("ring-back", usualCountry), true);
    return () => tone.stop();
  } catch {
    // Another codec, or another program's media: it hears nothing instead.
    return () => {};
  }
}
