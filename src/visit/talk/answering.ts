// How a visit comes to talk: a phone that was rung has answered, the flow answers by itself, or the bell is answered so that
// its door can be opened.
import { giveUp, sentence } from "../../errors.ts";
import type { MediaSession } from "../../media/media.ts";
import { completedElsewhere } from "../../sip/causes.ts";
import type { BellLine } from "../presses/bell-line.ts";
import { mustTake, type DigitWish } from "./digits.ts";
import type { Leg } from "./leg.ts";
import type { VisitEnd, VisitState } from "../messages.ts";
import type { CallEnd } from "../../sip/dialog/call.ts";
import { RoomTalk } from "../places/room-talk.ts";
import { Talk, type TalkVisit } from "./talk.ts";
import type { TransferHost } from "./transfer.ts";

export interface AnsweredVisit extends Omit<TalkVisit, "bridged" | "taken" | "over"> {
  state(): VisitState;
  /** Which try it is. */
  attempt(): number;
  /** It talks from now on. */
  talks(): void;
  /** Nobody is looked for any more, unless by whoever has just found somebody. */
  found(by?: unknown): void;
  end(outcome: VisitEnd["outcome"], how: CallEnd): void;
}

export class Answering {
  /** Who has answered. */
  by: string | undefined;
  /** When, as `Clock.passed` has it. */
  at: number | undefined;
  talk: Talk | RoomTalk | undefined;
  /** As a talk sees it. */
  readonly visit: TalkVisit;
  readonly #host: TransferHost;
  readonly #line: BellLine;
  readonly #visit: AnsweredVisit;

  constructor(host: TransferHost, line: BellLine, visit: AnsweredVisit) {
    [this.#host, this.#line, this.#visit] = [host, line, visit];
    this.visit = {
      ...visit,
      bridged: (on) => line.bridged(on),
      taken: (by) => {
        const from = this.by ?? "";
        this.by = by;
        return from;
      },
      over: (end) => visit.end("answered", end),
    };
  }

  /** The room in which it talks with several. */
  get conference(): { readonly conference?: string } {
    return this.talk instanceof RoomTalk && this.bell ? { conference: this.talk.room.name } : {};
  }

  /** The bell's leg, while it talks. */
  get bell(): Leg | undefined {
    return this.#visit.state() === "talking" ? this.#line.leg : undefined;
  }

  /** The talk. @throws PorteroError `no-call` */
  get talking(): Talk | RoomTalk {
    if (this.talk && this.#visit.state() === "talking") return this.talk;
    throw giveUp("no-call", `nobody talks with ${this.#visit.door.name} just now`);
  }

  /** Has two who talk do so in what can be played in; a room has nothing else. @throws PorteroError `no-codec` */
  async speakOurs(): Promise<void> {
    if (this.talk instanceof Talk) await this.talk.speakOurs();
  }

  /** As Visit.answerAlone. */
  async alone(by?: string): Promise<void> {
    const session = await this.#line.session;
    const talks = this.#visit.state() === "talking";
    if (by !== undefined && talks) throw giveUp("answered", `the visitor talks with ${this.by ?? "somebody"} already`);
    if (by !== undefined) this.#answer(by, session, true);
    if (!talks) await this.#line.open("answered");
  }

  /** As Visit.answerForOpening. */
  async forOpening(by: string): Promise<Leg> {
    const session = await this.#line.session;
    // While the ports were opened a phone may have answered, or the bell may have gone.
    return this.bell ?? this.#answer(by, session, false);
  }

  /** `stays`: until somebody ends it, not only for an opening. */
  #answer(by: string, session: MediaSession, stays: boolean): Leg {
    const visit = this.#visit;
    if (visit.state() !== "ringing") throw giveUp("no-call", `the call of ${visit.door.name} is over`);
    const leg = this.#line.answer(session);
    const talk = stays ? new Talk(this.#host, this.visit, leg) : undefined;
    if (talk) this.talk = talk;
    this.#begin(by);
    visit.found();
    visit.tell("answered", { by });
    talk?.begin();
    return leg;
  }

  /** Joins the bell with who has answered, unless that came too late. `running`: who has found them. */
  async connect(answerer: Leg, running: unknown): Promise<void> {
    const visit = this.#visit;
    let session: MediaSession | undefined;
    try {
      // In no turn more than an opening that came later: who has answered goes before it.
      session = await this.#line.session;
    } catch {
      // A bell whose sound cannot be had ends the visit by itself.
    }
    if (!session || visit.state() !== "ringing") {
      answerer.call.hangUp(visit.state() === "talking" ? completedElsewhere : undefined);
      return answerer.session.close();
    }
    let bell: Leg;
    try {
      bell = this.#line.answer(session, answerer.session);
    } catch (error) {
      answerer.call.hangUp();
      await answerer.session.close();
      visit.end("failed", { by: "local", status: 488, cause: 58, text: sentence(error) });
      return;
    }
    const talk = new Talk(this.#host, this.visit, bell, answerer);
    this.#found(talk, answerer, running);
    talk.begin();
  }

  /** Somebody is in the room where the bell waits. Says whether it still does. */
  meet(talk: RoomTalk, by: Leg, running: unknown): boolean {
    const { bell } = talk;
    if (this.#visit.state() !== "ringing" || !bell) return false;
    this.#line.answer(bell.session);
    this.#found(talk, by, running);
    return true;
  }

  #found(talk: Talk | RoomTalk, by: Leg, running: unknown): void {
    const visit = this.#visit;
    this.talk = talk;
    this.#begin(by.name);
    // A strategy that took the place of this one meanwhile has nobody left to look for.
    visit.found(running);
    visit.tell("answered", { by: by.name, attempt: visit.attempt() });
  }

  /** As Visit.sendDigits. */
  async sendDigits(digits: string, { to = "door", ...how }: DigitWish): Promise<void> {
    const { name } = this.#visit.door;
    const leg = to === "door" ? this.bell : this.talk?.answerer;
    if (!leg) throw giveUp("no-call", `nobody talks with ${name} just now, so there is nowhere to send digits`);
    await mustTake(leg, to === "door" ? name : "the phone", this.#host.clock, digits, how);
  }

  #begin(by: string): void {
    [this.by, this.at] = [by, this.#host.clock.passed()];
    this.#visit.talks();
  }
}
