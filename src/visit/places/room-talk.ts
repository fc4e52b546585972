// A bell's stay in a room, as its visit sees it: the bell waits there for somebody marked, talks with everybody, and
// leaves with the last of them. Beside Talk, which is one with one.
import { giveUp, sentence } from "../../errors.ts";
import type { Sound } from "../../media/sound.ts";
import { cause } from "../../sip/causes.ts";
import type { Message } from "../../sip/dialog/call.ts";
import { whyNobody } from "../ringing/results.ts";
import type { HandoverWish } from "../talk/handover.ts";
import { Forking } from "../ringing/fork.ts";
import type { ForkHost } from "../ringing/host.ts";
import type { Leg } from "../talk/leg.ts";
import type { Party } from "../messages.ts";
import type { Room } from "./room.ts";
import { seat, speaksOurs } from "./room-phone.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import type { TalkVisit } from "../talk/talk.ts";
import type { TargetSettings } from "../ringing/target.ts";

/** Nobody could say on whose channel somebody is, and the tone that tells of it would be heard by some only. */
const notRecorded = () =>
  giveUp("no-recordings", "a conversation of several people in a room is not recorded: record calls of two");

export interface RoomHooks {
  /** The first marked member is there. */
  met(by: Leg): void;
  /** The room is not any more, while nobody is met. */
  gone(text: string): void;
}

export class RoomTalk {
  readonly #host: ForkHost;
  readonly #visit: TalkVisit;
  readonly #room: Room;
  readonly #hooks: RoomHooks | undefined;
  readonly #forks = new Set<Forking>();
  readonly #parties: Party[] = [];
  /** Those who are here for this bell, and not by their own call. */
  readonly #rung = new Set<Leg>();
  /** Aborts with "answered" when the bell leaves whom somebody has talked to. */
  readonly #over = new AbortController();
  #bell: Leg | undefined;
  #answerer: Leg | undefined;
  #leaveTexts = () => {};

  /** Without hooks they talk already. */
  constructor(host: ForkHost, visit: TalkVisit, room: Room, hooks?: RoomHooks) {
    [this.#host, this.#visit, this.#room, this.#hooks] = [host, visit, room, hooks];
  }

  get room(): Room {
    return this.#room;
  }

  get bell(): Leg | undefined {
    return this.#bell;
  }

  /** Who talks with the bell, of several the one that is here longest; nobody where it stays when the bell has left. */
  get answerer(): Leg | undefined {
    return this.#answerer;
  }

  /** What came of ringing so far. */
  get parties(): readonly Party[] {
    return [...this.#parties, ...[...this.#forks].flatMap(({ parties }) => parties)];
  }

  /**
   * The bell comes in, or with another call than before (X1).
   * @throws PorteroError as Room.enter
   */
  async enter(bell: Leg, music?: Sound): Promise<void> {
    const before = this.#bell;
    if (before?.session === bell.session) return;
    await speaksOurs(bell);
    if (before) this.#leave(before);
    this.#come(bell, music);
    const [first] = this.#room.marked;
    if (first) this.#meet(first);
  }

  #come(bell: Leg, music?: Sound): void {
    this.#bell = bell;
    const { door, id } = this.#visit;
    this.#room.enter({
      ...{ leg: bell, marked: false, door, ...(music && { music }) },
      dismissed: (text) => {
        if (this.#answerer) this.#visit.over({ by: "remote", cause: cause.normal, text });
        else this.#hooks?.gone(text);
      },
      changed: (event, who) => this.#changed(event, who),
      pressed: (key, by, meant) => {
        if (this.#answerer) this.#visit.pressed(key, "answerer", by, { name: by.name, meant });
      },
    });
    const text = (message: Message) => this.#host.texts.came(message, bell.name, this.#room.name, id);
    bell.call.on("message", text);
    this.#leaveTexts = () => bell.call.off("message", text);
  }

  /** Rings into the room; who answers first of these is marked. Gives who, and what came of it. */
  async ring(
    targets: readonly TargetSettings[],
    seconds: number,
  ): Promise<{ readonly joined?: Leg; readonly parties: readonly Party[] }> {
    const bell = this.#bell;
    const caller = this.#visit.caller();
    if (!bell) return { parties: [] };
    const fork = new Forking(this.#host, caller, bell.session, targets);
    this.#forks.add(fork);
    const { winner, parties } = await fork.run(seconds, this.#over.signal);
    this.#forks.delete(fork);
    this.#parties.push(...parties);
    if (!winner) return { parties };
    try {
      await speaksOurs(winner);
      this.seat(winner);
      return { joined: winner, parties };
    } catch (error) {
      this.#host.log.warn(`${winner.name} is not let into the conference: ${sentence(error)}`);
      winner.call.hangUp();
      await winner.session.close();
      return { parties };
    }
  }

  /** As Visit.invite, while it is in a room. */
  async invite({ targets, seconds }: HandoverWish): Promise<string> {
    this.#room.check();
    const { joined, parties } = await this.ring(targets, seconds);
    if (joined) return joined.name;
    throw giveUp("not-reached", `nobody more has joined: ${whyNobody(parties)}`, { data: { parties } });
  }

  /** Lets somebody in who is here for this bell. @throws PorteroError as Room.enter */
  seat(leg: Leg): void {
    this.#rung.add(leg);
    try {
      seat(this.#host, this.#room, leg, true);
    } catch (error) {
      this.#rung.delete(leg);
      throw error;
    }
  }

  /** The two talk already, and others may join from now on. @throws PorteroError as Room.enter */
  begin(bell: Leg, answerer: Leg): void {
    this.#answerer = answerer;
    this.#visit.recorder.end(answerer.name);
    this.#come(bell);
    this.seat(answerer);
  }

  /** A device has registered: who is being rung into the room is rung there too (X1). */
  offer(contact: Contact): boolean {
    return [...this.#forks].map((fork) => fork.offer(contact)).includes(true);
  }

  mute(who: "door" | "answerer", on: boolean): void {
    const legs = who === "door" ? [this.#bell] : this.#room.marked;
    for (const leg of legs) if (leg) this.#room.mute(leg, on);
  }

  /** The bell leaves, and with it who was rung for it; `reason` says why. */
  close(reason?: string): void {
    this.#over.abort(this.#answerer ? "answered" : "cancelled");
    if (this.#bell) this.#leave(this.#bell);
    // Another visitor may be here whom they talk with.
    if (this.#room.visitors.length === 0) for (const { call } of this.#rung) call.hangUp(reason);
    if (this.#answerer && this.#room.marked.includes(this.#answerer)) this.#answerer = undefined;
  }

  #leave(bell: Leg): void {
    this.#leaveTexts();
    this.#room.leave(bell);
  }

  #changed(event: "joined" | "left", who: Leg): void {
    const { marked } = this.#room;
    if (!this.#answerer) return this.#meet(who);
    if (event === "joined" && who === this.#answerer) return;
    if (this.#answerer === who && marked[0]) this.#answerer = marked[0];
    this.#visit.tell(event, { by: who.name, members: marked.map(({ name }) => name) });
  }

  #meet(by: Leg): void {
    this.#answerer = by;
    this.#hooks?.met(by);
    const { recorder } = this.#visit;
    if (recorder.wanted) recorder.failed(notRecorded());
  }
}
