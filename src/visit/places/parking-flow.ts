// Where a visit is parked, as it tells the world, and what a flow does about it: it parks the visitor, whatever its strategy does
// just now, and rings somebody to fetch it.
import { giveUp } from "../../errors.ts";
import type { Outcome, VisitState } from "../messages.ts";
import type { ParkedView, ParkingPlace } from "./parking.ts";
import { parkIn } from "./parking-visit.ts";
import type { ParkSettings, Strategy } from "../strategies/verbs.ts";
import { Talk } from "../talk/talk.ts";
import type { TargetSettings } from "../ringing/target.ts";
import type { TransferHost } from "../talk/transfer.ts";

/** What it needs of the visit. */
export interface ParkedVisit {
  readonly id: string;
  readonly state: VisitState;
  readonly talk: unknown;
  tell(event: "parked", view: ParkedView): void;
  answerBy(strategy: Strategy): Promise<Outcome>;
}

export class VisitParking {
  /** What `msg.visit` says of it. */
  said: { readonly parked?: string } = {};
  readonly #host: TransferHost;
  readonly #visit: ParkedVisit;
  #told = () => {};

  constructor(host: TransferHost, visit: ParkedVisit) {
    [this.#host, this.#visit] = [host, visit];
  }

  /** Nothing: it is parked no more. */
  readonly at = (view: ParkedView | undefined): void => {
    this.said = view ? { parked: view.slot } : {};
    if (!view) return;
    this.#visit.tell("parked", view);
    this.#told();
  };

  /**
   * Parks the visitor, whether it rings or talks; gives the slot. Who talked with it is hung up.
   * @throws PorteroError `no-place`, `full`, `parked`, `not-parked`, `no-call`
   */
  async park(wish: ParkSettings = {}): Promise<string> {
    const place = this.#host.parking.find(wish.place);
    const visit = this.#visit;
    if (visit.state === "ended") throw giveUp("no-call", "the visit is over already");
    if (visit.state === "ringing") return this.#parkRinging(place, wish);
    const { talk } = visit;
    if (!(talk instanceof Talk))
      throw giveUp("no-call", "the visitor is in a conference, out of which nobody is parked");
    const { slot, from } = await talk.parking.park(place, wish);
    from?.call.hangUp();
    await from?.session.close();
    return slot;
  }

  /**
   * Rings somebody who has the visitor as soon as they answer; gives who. Else it waits on, while it has time.
   * @throws PorteroError `not-parked`, `not-fetched`
   */
  fetch(targets: readonly TargetSettings[], seconds?: number): Promise<string> {
    return this.#host.parking.fetch(this.#visit.id, targets, seconds);
  }

  async #parkRinging(place: ParkingPlace, wish: ParkSettings): Promise<string> {
    const told = new Promise<void>((resolve) => (this.#told = resolve));
    const { reason } = (await Promise.race([told, this.#visit.answerBy(parkIn(place, wish))])) ?? {};
    const slot = this.said.parked;
    if (slot === undefined) throw giveUp("not-parked", reason ?? "the visit ended before the visitor was parked");
    return slot;
  }
}
