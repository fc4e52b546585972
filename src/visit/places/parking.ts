// Parking places (H7, H8): where visitors wait, each in a slot with a number, until somebody of the house fetches one by
// dialling it. Whoever does is handed to whom it was parked by: a strategy that looks for an answer, or a talk.
import type { Clock } from "../../clock.ts";
import { giveUp, sentence } from "../../errors.ts";
import type { MediaSession } from "../../media/media.ts";
import { completedElsewhere } from "../../sip/causes.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import { answerFetcher } from "../talk/fetch.ts";
import { Forking } from "../ringing/fork.ts";
import type { Caller, ForkHost } from "../ringing/host.ts";
import { whyNobody } from "../ringing/results.ts";
import { letGo, type Leg } from "../talk/leg.ts";
import type { NumberPlan } from "../numbers/number-plan.ts";
import { checkParking, slotsOf, type ParkingForm, type ParkingSettings } from "./parking-settings.ts";
import type { TargetSettings } from "../ringing/target.ts";

/** Somebody who is parked. */
export interface Guest {
  /** What a phone shows that is rung to fetch it; `group` is its visit. */
  readonly caller: Caller;
  /** Its media: whom the one who fetches it will talk to. */
  readonly session: MediaSession;
  /** Aborts when it waits no more: it has gone, or something else is done with it. */
  readonly signal: AbortSignal;
  /** It is parked, or not any more. */
  parked(view: ParkedView | undefined): void;
}

/** Why nobody fetched it; `closed`: its place is no more, `gone`: itself. */
export type Unfetched = "time-out" | "closed" | "gone";
/** How a stay ended. */
export type StayEnd = { readonly why: "fetched"; readonly by: Leg } | { readonly why: Unfetched };

/** What the world is told of who is parked. */
export interface ParkedView {
  /** The number to dial. */
  readonly slot: string;
  readonly place: string;
  /** So long it may wait. */
  readonly seconds: number;
}

/** One guest in one slot, from its coming to its going. */
export class Stay {
  readonly guest: Guest;
  readonly view: ParkedView;
  readonly since: number;
  readonly over: Promise<StayEnd>;
  #taken = false;
  #end: ((how: StayEnd) => void) | undefined;

  constructor(clock: Clock, guest: Guest, view: ParkedView, left: () => void) {
    this.guest = guest;
    this.view = view;
    this.since = clock.now();
    const late = clock.after(view.seconds * 1000, () => this.end({ why: "time-out" }));
    const gone = () => this.end({ why: "gone" });
    this.over = new Promise((resolve) => {
      this.#end = (how) => {
        late();
        guest.signal.removeEventListener("abort", gone);
        left();
        guest.parked(undefined);
        resolve(how);
      };
    });
    guest.signal.addEventListener("abort", gone, { once: true });
    if (guest.signal.aborted) gone();
  }

  /** Whether it may be taken: nobody is about to answer for it, and it has not gone. */
  get waits(): boolean {
    return this.#end !== undefined && !this.#taken;
  }

  /** For who answers in this turn: until it is through nobody else gets it. False where somebody was faster. */
  take(): boolean {
    if (!this.waits) return false;
    this.#taken = true;
    return true;
  }

  giveBack(): void {
    this.#taken = false;
  }

  /** False where it was over already. */
  end(how: StayEnd): boolean {
    const end = this.#end;
    this.#end = undefined;
    end?.(how);
    return end !== undefined;
  }
}

export class ParkingPlace {
  readonly settings: ParkingSettings;
  readonly #host: ForkHost;
  readonly #slots: readonly string[];
  /** In the order in which they came. */
  readonly #stays = new Map<string, Stay>();

  constructor(host: ForkHost, settings: ParkingSettings) {
    this.#host = host;
    this.settings = settings;
    this.#slots = slotsOf(settings);
  }

  get stays(): readonly Stay[] {
    return [...this.#stays.values()];
  }

  /**
   * Takes its numbers, all or none.
   * @throws PorteroError `number-taken` (H20)
   */
  claim(plan: NumberPlan, owner: string): () => void {
    const { parkNumber, fetchNumber } = this.settings;
    const fetched = (slot?: string) => (call: IncomingCall) => this.#called(call, slot);
    return plan.claimAll(
      [
        [parkNumber, (call) => call.reject(403, `Transfer a visitor to ${parkNumber}`)],
        [fetchNumber, fetched()],
        ...this.#slots.flatMap((slot) => [slot, fetchNumber + slot].map((number) => [number, fetched(slot)] as const)),
      ],
      owner,
    );
  }

  /** Gives the guest the lowest free slot; nothing where there is none. */
  park(guest: Guest, seconds = this.settings.seconds): Stay | undefined {
    const slot = this.#slots.find((one) => !this.#stays.has(one));
    if (slot === undefined) return undefined;
    const view = { slot, place: this.settings.name, seconds };
    const stay = new Stay(this.#host.clock, guest, view, () => this.#stays.delete(slot));
    if (!stay.waits) return stay;
    this.#stays.set(slot, stay);
    guest.parked(view);
    return stay;
  }

  /** Rings these for a guest; gives who answered. Rejects with a sentence, the guest then waits on. */
  async ring(stay: Stay, targets: readonly TargetSettings[], seconds: number): Promise<string> {
    const { caller, session } = stay.guest;
    const over = new AbortController();
    void stay.over.then(({ why }) => over.abort(why === "fetched" ? "answered" : "cancelled"));
    const { winner, parties } = await new Forking(this.#host, caller, session, targets).run(seconds, over.signal);
    if (winner && stay.waits && stay.end({ why: "fetched", by: winner })) return winner.name;
    if (winner) letGo(winner, this.#host.log, completedElsewhere);
    if (over.signal.aborted) throw giveUp("not-parked", `${caller.name} is not parked at ${stay.view.slot} any more`);
    throw giveUp("not-fetched", `${caller.name} waits on at ${stay.view.slot}: ${whyNobody(parties)}`);
  }

  /** Everybody in it goes back to whom they were parked by. */
  close(): void {
    for (const stay of this.stays) stay.end({ why: "closed" });
  }

  #called(call: IncomingCall, slot?: string): void {
    const { caller } = call;
    if (caller.kind !== "extension" || !this.#host.mayTransfer(caller.number))
      return call.reject(403, "Only phones of this house fetch visitors");
    const stay = this.#waiting(slot);
    if (!stay) return call.reject(480, nobodyAt(slot));
    this.#fetch(call, stay, slot).catch((error: unknown) => this.#host.log.error(sentence(error)));
  }

  // H8: without a slot, whoever waits longest.
  #waiting(slot?: string): Stay | undefined {
    return this.stays.find(({ waits, view }) => waits && (slot === undefined || view.slot === slot));
  }

  async #fetch(call: IncomingCall, first: Stay, slot?: string): Promise<void> {
    let taken: Stay | undefined;
    const take = () => {
      // While its media were opened, somebody else may have been faster.
      taken = this.#waiting(slot);
      if (!taken?.take()) call.reject(480, nobodyAt(slot));
      return taken !== undefined;
    };
    const leg = await answerFetcher(this.#host, call, () => (taken ?? first).guest.session, take);
    if (!leg) return taken?.giveBack();
    this.#host.tracing.groups.add((taken ?? first).guest.caller.group, call.callId);
    if (!taken?.end({ why: "fetched", by: leg })) letGo(leg, this.#host.log, completedElsewhere);
  }
}

const nobodyAt = (slot?: string): string => (slot === undefined ? "Nobody is parked" : `Nobody is parked at ${slot}`);

/** All parking places of a house. */
export class Parkings {
  readonly #host: ForkHost;
  readonly #plan: NumberPlan;
  readonly #places = new Map<string, ParkingPlace>();

  constructor(host: ForkHost, plan: NumberPlan) {
    this.#host = host;
    this.#plan = plan;
  }

  /**
   * Adds a place; the result takes it away, and everybody in it goes back to whom they were parked by.
   * @throws PorteroError `invalid`, `place-taken`, `number-taken` (H20)
   */
  add(form: ParkingForm, owner: string): () => void {
    const settings = checkParking(form);
    const { name } = settings;
    if (this.#places.has(name))
      throw giveUp("place-taken", `two parking places are called "${name}": give one of them another name`);
    const place = new ParkingPlace(this.#host, settings);
    const free = place.claim(this.#plan, owner);
    this.#places.set(name, place);
    return () => {
      this.#places.delete(name);
      free();
      place.close();
    };
  }

  /**
   * The place of that name; where there is only one, it need not be named.
   * @throws PorteroError `no-place`
   */
  find(name = ""): ParkingPlace {
    const names = [...this.#places.keys()];
    const found = this.#places.get(name === "" && names.length === 1 ? (names[0] ?? "") : name);
    if (found) return found;
    const known = names.map((one) => `"${one}"`).join(", ");
    throw giveUp(
      "no-place",
      names.length === 0
        ? "there is no parking place: add one to the flow"
        : name === ""
          ? `there are several parking places: name one of ${known}`
          : `there is no parking place "${name}", only ${known}`,
    );
  }

  /** The place that a number parks at. */
  at(number: string): ParkingPlace | undefined {
    return [...this.#places.values()].find(({ settings }) => settings.parkNumber === number);
  }

  /** Who is parked, the one that waits longest first. */
  stays(): Stay[] {
    return [...this.#places.values()].flatMap(({ stays }) => stays).sort((one, other) => one.since - other.since);
  }

  /**
   * Rings phones for a visitor that is parked, named by its slot or its visit, and connects the first that answers; gives who.
   * @throws PorteroError `not-parked`, `not-fetched`: it waits on, while it has time
   */
  async fetch(what: string, targets: readonly TargetSettings[], seconds = 30): Promise<string> {
    for (const place of this.#places.values())
      for (const stay of place.stays)
        if (stay.view.slot === what || stay.guest.caller.group === what) return place.ring(stay, targets, seconds);
    throw giveUp("not-parked", `nobody is parked at ${what}: it was fetched, it has gone, or its time was over`);
  }
}

/** Why nobody can be parked there just now. */
export const takenUp = ({ settings: { name, firstSlot, lastSlot } }: ParkingPlace): string =>
  `every slot of the parking place "${name}" is taken (${firstSlot} to ${lastSlot})`;

/** Why nobody had it, as a sentence. */
export const whyUnfetched = ({ settings }: ParkingPlace, { slot, seconds }: ParkedView, why: Unfetched): string =>
  ({
    "time-out": `nobody fetched the visitor from ${slot} within ${seconds} s`,
    closed: `the parking place "${settings.name}" was taken out of the flow`,
    gone: `the visitor does not wait at ${slot} any more`,
  })[why];
