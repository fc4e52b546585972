// A visitor that talks is parked: by the phone, which transfers it to the number of a parking place, or by the flow. Who talked
// with it is let go; who fetches it talks with it, as after a transfer.
import { giveUp, sentence } from "../../errors.ts";
import { cause } from "../../sip/causes.ts";
import { known, type Known } from "../talk/side.ts";
import { Forking } from "../ringing/fork.ts";
import type { ChangedTalk } from "../talk/handover.ts";
import { letGo, type Leg } from "../talk/leg.ts";
import { musicOf } from "./music.ts";
import { takenUp, whyUnfetched, type ParkedView, type ParkingPlace, type Stay, type Unfetched } from "./parking.ts";
import type { ParkSettings } from "../strategies/verbs.ts";
import type { TransferHost } from "../talk/transfer.ts";

/** Who parked it is rung again for so long. */
const ringSeconds = 60;

/** What it needs of the talk. */
export interface ParkingTalk extends ChangedTalk {
  parked(view: ParkedView | undefined): void;
}

/** Where a talk's visitor is parked. */
export class TalkParking {
  readonly #host: TransferHost;
  readonly #talk: ParkingTalk;
  #gone: AbortController | undefined;

  constructor(host: TransferHost, talk: ParkingTalk) {
    this.#host = host;
    this.#talk = talk;
  }

  /** Whether the visitor waits there. */
  get isOn(): boolean {
    return this.#gone !== undefined;
  }

  /**
   * Parks the visitor; gives its slot, and who talked with it until now, which belongs to whoever asked.
   * @throws PorteroError `parked`, `full`, `no-call`
   */
  async park(place: ParkingPlace, settings: ParkSettings = {}): Promise<{ slot: string; from: Leg | undefined }> {
    if (this.#gone) throw giveUp("parked", "the visitor is parked already");
    const { bell } = this.#talk;
    const { answerer, bridge } = this.#talk.now();
    if (bridge?.over) throw giveUp("no-call", "a transfer of this call is under way: complete it, or take it back");
    const gone = new AbortController();
    const stay = place.park(
      {
        ...{ caller: this.#talk.caller(), session: bell.session, signal: gone.signal },
        parked: (view) => this.#talk.parked(view),
      },
      settings.seconds,
    );
    if (!stay) throw giveUp("full", takenUp(place));
    this.#gone = gone;
    // What went past us comes back, so that music can be heard.
    await bridge?.hold(bell.call, undefined);
    const parted = bridge ? this.#talk.part() : ([known(bell)] as const);
    if (gone.signal.aborted || !parted) {
      gone.abort();
      this.#gone = undefined;
      const end = await stay.over;
      if (end.why === "fetched") letGo(end.by, this.#host.log);
      throw giveUp("no-call", "the call ended before the visitor was parked");
    }
    this.#waits(place, stay, parted[0], answerer, settings).catch((error: unknown) =>
      this.#host.log.error(sentence(error)),
    );
    return { slot: stay.view.slot, from: answerer };
  }

  close(): void {
    this.#gone?.abort();
  }

  async #waits(
    place: ParkingPlace,
    stay: Stay,
    bell: Known,
    from: Leg | undefined,
    { music = place.settings.music }: ParkSettings,
  ): Promise<void> {
    const signal = this.#gone?.signal;
    const { session, name } = bell.leg;
    const hush = new AbortController();
    const play = async () => {
      const sound = await musicOf(music, this.#host.clock);
      if (hush.signal.aborted || signal?.aborted) return;
      const playback = session.play(sound, true);
      hush.signal.addEventListener("abort", () => playback.stop(), { once: true });
    };
    play().catch((error: unknown) => this.#host.log.warn(`${name} is parked and hears nothing: ${sentence(error)}`));
    const end = await stay.over;
    const winner = end.why === "fetched" ? end.by : await this.#back(place, stay, end.why, from);
    this.#gone = undefined;
    hush.abort();
    if (signal?.aborted) {
      if (winner) letGo(winner, this.#host.log);
    } else if (winner) this.#talk.join(winner, [bell, known(winner)]);
    else if (end.why !== "fetched")
      this.#talk.over({ by: "local", cause: cause.noAnswer, text: whyUnfetched(place, stay.view, end.why) });
  }

  /** Rings who parked it, unless the place says that its time is over then. */
  async #back(place: ParkingPlace, stay: Stay, why: Unfetched, from: Leg | undefined): Promise<Leg | undefined> {
    const isOver = why === "gone" || (why === "time-out" && place.settings.then === "hang-up");
    if (isOver || !from || !this.#gone) return undefined;
    const { caller, session } = stay.guest;
    const fork = new Forking(this.#host, caller, session, [from.name]);
    return (await fork.run(ringSeconds, this.#gone.signal)).winner;
  }
}
