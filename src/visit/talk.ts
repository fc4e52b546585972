// Whom the bell talks with: the other party of its bridge, what is pressed there, and what is recorded.
import { giveUp, sentence } from "../errors.ts";
import { cause } from "../sip/causes.ts";
import type { CallEnd } from "../sip/dialog/call.ts";
import type { Announcements } from "./announcement.ts";
import { Bridge } from "./bridge.ts";
import type { Caller } from "./fork.ts";
import type { Key } from "./keypad.ts";
import type { Leg } from "./leg.ts";
import type { VisitEventName } from "./messages.ts";
import type { CallRecorder } from "./recording.ts";
import { transfer, type TransferHost } from "./transfer.ts";
import type { VisitDoor } from "./visit.ts";

/** What a talk needs of its visit. */
export interface TalkVisit {
  readonly id: string;
  readonly door: VisitDoor;
  readonly sounds: Announcements;
  readonly recorder: CallRecorder;
  /** What phones are shown. */
  caller(): Caller;
  tell(event: VisitEventName, payload: unknown): void;
  /** A key was let go of. */
  pressed(key: Key, from: "door" | "answerer"): void;
  /** Somebody else talks with the bell now. */
  taken(by: string): void;
  /** Both sides are told already. */
  over(end: CallEnd): void;
}

export class Talk {
  readonly #host: TransferHost;
  readonly #visit: TalkVisit;
  readonly #bell: Leg;
  #answerer: Leg | undefined;

  /** Without an answerer the visitor talks with the flow. */
  constructor(host: TransferHost, visit: TalkVisit, bell: Leg, answerer?: Leg) {
    this.#host = host;
    this.#visit = visit;
    this.#bell = bell;
    this.#answerer = answerer;
  }

  /** From now on the two hear each other. */
  begin(): void {
    if (this.#answerer) this.#join(this.#answerer);
    else this.#bell.session.on("silent", this.#silent);
  }

  readonly #silent = (): void =>
    this.#visit.over({ by: "network", cause: cause.unspecified, text: "no sound came from the door any more" });

  #join(answerer: Leg): void {
    const visit = this.#visit;
    const host = this.#host;
    const bell = this.#bell;
    const { door, recorder } = visit;
    recorder.begin(bell.session, answerer.session);
    const bridge: Bridge = new Bridge(
      host,
      bell,
      answerer,
      {
        passesDigits: (from) => from === bell || door.answererDigits !== "flow",
        hears: () => ({ sound: recorder.wanted || visit.sounds.playing, keys: door.answererDigits !== "door" }),
        digit: (key, from) => visit.pressed(key, from === bell ? "door" : "answerer"),
        text: (message, from) => host.text(message, from.name, bridge.other(from.call).name, visit.id),
        refer: (referral, from) => transfer(host, bridge, from, referral, visit.caller()),
        replaced: (gone, by) => {
          this.#answerer = by;
          visit.taken(by.name);
          recorder.replaced(by.session);
          visit.tell("transferred", { from: gone.name, to: by.name });
        },
        over: (by, text, why = by ? cause.normal : cause.unspecified) =>
          visit.over({ by: by ? "remote" : "network", cause: why, text }),
      },
      false,
    );
  }

  /** Who talks with the bell; undefined while that is the flow alone. */
  get answerer(): Leg | undefined {
    return this.#answerer;
  }

  /** While it is on, one side is not heard by the other. */
  mute(who: "door" | "answerer", on: boolean): void {
    const leg = who === "door" ? this.#bell : this.#answerer;
    if (!leg) throw giveUp("no-call", "the visitor talks with nobody but the flow, so there is nobody else to mute");
    leg.session.mute(on);
  }

  /** Hangs up on the other party; `reason` says why. */
  close(reason: string): void {
    this.#bell.session.off("silent", this.#silent);
    if (!this.#answerer) return;
    const { call, session } = this.#answerer;
    call.hangUp(reason);
    session.close().catch((error: unknown) => this.#host.log.debug(sentence(error)));
  }
}
