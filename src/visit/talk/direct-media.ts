// Direct media (H1): two sides that may, and for whom nothing is heard or said here, are told by re-INVITE to send to each
// other; whatever needs their sound here, or changes the call, brings them back first (RFC 3725 §4, docs/decisions/027).
import type { Cancel, Clock } from "../../clock.ts";
import { giveUp, sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { contactOf } from "../../media/direct.ts";
import type { MediaSession } from "../../media/media.ts";
import type { Leg } from "./leg.ts";

export interface DirectHost {
  readonly clock: Clock;
  readonly log: Log;
  /** What somebody here wants of the call: its sound, or the keys that are pressed. */
  hears(): { readonly sound: boolean; readonly keys: boolean };
  /** Offers a side our own address; false where it refused. */
  offer(leg: Leg): Promise<boolean>;
  /** A side sends to the other still and does not come back. */
  lost(leg: Leg): void;
  /** Whether the sides are silent is worth looking at again. */
  listen(): void;
}

/** What became of an offer; `unsaid`: it could not be made. */
type Asked = "taken" | "refused" | "unsaid";

/** The call has settled, and where its media comes from is known. */
const settleMs = 1000;
/** After they have come back, sides may be silent so long. */
const graceMs = 15_000;

export class DirectMedia {
  readonly #host: DirectHost;
  readonly #legs: readonly [Leg, Leg];
  /** Goes up with whatever makes an attempt that is under way void. */
  #turn = 0;
  #timer: Cancel = () => {};
  #grace: Cancel = () => {};
  #unheard = false;
  /** It is not tried again. */
  #done = false;
  #closed = false;
  /** Who is asked to send past us just now. */
  #asked: { leg: Leg; exchange: Promise<Asked> } | undefined;
  readonly #askers = new Set<Leg>();
  readonly #refused = new Set<Leg>();
  readonly #coming = new Map<Leg, Promise<void>>();

  constructor(host: DirectHost, legs: readonly [Leg, Leg]) {
    this.#host = host;
    this.#legs = legs;
    if (!legs.every(({ session }) => session.direct)) return;
    for (const { session } of legs)
      session.comeBack = async () => {
        // Who has needed the sound once may need it again.
        this.#done = true;
        await this.back();
      };
    this.changed();
  }

  /** Whether nothing can be said of the silence of the sides. */
  get unheard(): boolean {
    return this.#unheard;
  }

  /** Whether something goes past us, or is about to. */
  get passes(): boolean {
    return this.#asked !== undefined || this.#legs.some(({ session }) => session.away);
  }

  /** Something was settled, at first or anew. */
  changed(): void {
    this.#timer();
    if (this.#may())
      this.#timer = this.#host.clock.after(settleMs, () => {
        this.#go().catch((error: unknown) => this.#host.log.error(sentence(error)));
      });
  }

  /** Has both send to us again; `asker` is one whose offer waits for our answer, which brings it back. */
  async back(asker?: Leg): Promise<void> {
    this.#turn++;
    this.#timer();
    if (asker) this.#askers.add(asker);
    const asked = this.#asked;
    // An offer to an asker is not made before it has its answer.
    if (asked && !this.#askers.has(asked.leg)) await asked.exchange;
    const away = this.#legs.filter((leg) => !this.#askers.has(leg) && leg.session.away);
    await Promise.all(away.map((leg) => this.#bring(leg)));
    if (asker) this.#askers.delete(asker);
    if (!this.#unheard || this.#closed) return;
    this.#grace();
    this.#grace = this.#host.clock.after(graceMs, () => {
      this.#unheard = false;
      this.#host.listen();
    });
  }

  close(): void {
    this.#turn++;
    [this.#done, this.#closed] = [true, true];
    this.#timer();
    this.#grace();
    for (const { session } of this.#legs) session.comeBack = undefined;
  }

  #may(): boolean {
    const { sound, keys } = this.#host.hears();
    return (
      !this.#done &&
      !sound &&
      !this.#asked &&
      this.#legs.every(
        ({ call, session }) =>
          session.direct &&
          !session.away &&
          call.state === "talking" &&
          !session.dtmf.tones &&
          !(keys && session.digitWays.includes("rfc4733")) &&
          addressOf(session) === call.flow?.remote.host,
      )
    );
  }

  async #go(): Promise<void> {
    const turn = ++this.#turn;
    const [first, second] = this.#legs;
    const from = await Promise.all(this.#legs.map(async ({ session }) => (await session.stats()).remote));
    // Behind NAT, others would not find it where it says that it is.
    const seen = this.#legs.every(({ session }, i) => hostOf(from[i]) === addressOf(session));
    if (turn !== this.#turn || !seen || !this.#may()) return;
    const told = this.#contact(second);
    const begun = await this.#ask(first, second, turn);
    // What cannot be now may be when something else has been settled.
    if (begun === "unsaid") return;
    const both = begun === "taken" && (await this.#ask(second, first, turn)) === "taken";
    if (turn !== this.#turn) return;
    if (both && this.#contact(second) === told) {
      this.#host.log.debug(`${first.name} and ${second.name} send their media to each other`);
      return;
    }
    this.#done = true;
    this.#host.log.info(`${first.name} and ${second.name} do not send their media to each other: it goes by here`);
    await this.back();
  }

  async #ask(leg: Leg, to: Leg, turn: number): Promise<Asked> {
    const exchange = this.#exchange(leg, to, turn);
    const asked = { leg, exchange };
    this.#asked = asked;
    const result = await exchange;
    if (this.#asked === asked) this.#asked = undefined;
    return result;
  }

  async #exchange(leg: Leg, to: Leg, turn: number): Promise<Asked> {
    const offered = { said: false };
    const { status, sdp } = await leg.call.reoffer(() => {
      const offer = turn === this.#turn ? leg.session.offerOf(to.session) : undefined;
      // Nothing is sent then.
      if (offer === undefined) throw giveUp("not-direct", `${leg.name} and ${to.name} cannot do without us`);
      [offered.said, this.#unheard] = [true, true];
      this.#grace();
      return offer;
    });
    if (!offered.said) return "unsaid";
    if (status >= 300 || sdp === undefined) {
      this.#refused.add(leg);
      return "refused";
    }
    try {
      leg.session.receiveAnswer(sdp);
      return "taken";
    } catch (error) {
      this.#host.log.warn(`${leg.name} gave an answer that cannot be used: ${sentence(error)}`);
      return "refused";
    }
  }

  #bring(leg: Leg): Promise<void> {
    const coming = this.#coming.get(leg) ?? this.#offer(leg).finally(() => this.#coming.delete(leg));
    this.#coming.set(leg, coming);
    return coming;
  }

  async #offer(leg: Leg): Promise<void> {
    const taken = await this.#host.offer(leg);
    // Who never left is where it was; who has hung up, or is no longer one of the two, is nobody's loss.
    if (!taken && !this.#closed && !leg.call.end && !this.#refused.has(leg)) this.#host.lost(leg);
  }

  #contact({ session }: Leg): string {
    return contactOf({ get: (kind) => session.agreed(kind) });
  }
}

const addressOf = (session: MediaSession): string | undefined => session.agreed("audio")?.remote.address;
/** Of `address:port`. */
const hostOf = (place: string | undefined): string | undefined => /^\[?(.*?)\]?:\d+$/.exec(place ?? "")?.[1];
