// Whom the bell talks with: the other party of its bridge, what is heard and pressed there, what is recorded, and who takes
// over from whom.
import type { DoorSettings, TalkRules } from "../../door/door.ts";
import { giveUp, PorteroError } from "../../errors.ts";
import type { Playback } from "../../media/media.ts";
import type { Sound } from "../../media/sound.ts";
import { cause } from "../../sip/causes.ts";
import type { CallEnd } from "../../sip/dialog/call.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import type { Announcements } from "../sound/announcement.ts";
import { Bridge } from "./bridge.ts";
import type { Known } from "./side.ts";
import type { Caller } from "../ringing/host.ts";
import { Handover, type ChangedTalk } from "./handover.ts";
import type { Key } from "./keypad.ts";
import { letGo, type Leg } from "./leg.ts";
import type { Recorded, VisitEventName } from "../messages.ts";
import type { Button } from "../presses/buttons.ts";
import type { DoorKeys } from "../presses/door-keys.ts";
import type { CallRecorder, TapeSettings } from "../sound/recording.ts";
import type { ParkedView } from "../places/parking.ts";
import { TalkParking } from "../places/parking-talk.ts";
import { transfer, type TransferHost } from "./transfer.ts";

/** At which door it is. */
export type VisitDoor = Pick<DoorSettings, "id" | "name" | "extension" | "answererDigits"> & {
  readonly pressed: Button;
  readonly talks: TalkRules;
  readonly keys: DoorKeys;
};

/** What a talk needs of its visit. */
export interface TalkVisit {
  readonly id: string;
  readonly door: VisitDoor;
  readonly sounds: Announcements;
  readonly recorder: CallRecorder;
  /** What phones are shown. */
  caller(): Caller;
  /** The bell is in a bridge from now on, and its changes of mind are dealt with there; or it is not any more. */
  bridged(on: boolean): void;
  tell(event: VisitEventName, payload: unknown): void;
  /** Tells where the visitor is parked; nothing: not any more. */
  readonly parked: (view: ParkedView | undefined) => void;
  /** A key was let go of, at the door or by who talks with it; of several who have answered, by this member. */
  pressed(key: Key, from: Side, by?: Leg, member?: Member): void;
  /** Somebody else talks with the bell now; gives who did. */
  taken(by: string): string;
  /** Both sides are told already. */
  over(end: CallEnd): void;
}

/** What came of a hold. */
export interface Held {
  readonly told: boolean;
  readonly silence?: string;
}

export type Side = "door" | "answerer";

/** Who pressed a key in a room; `meant`: at this door, and not at one of several. */
export interface Member {
  readonly name: string;
  readonly meant: boolean;
}

const sides: readonly Side[] = ["door", "answerer"];

export class Talk {
  readonly handover: Handover;
  readonly parking: TalkParking;
  readonly #host: TransferHost;
  readonly #visit: TalkVisit;
  readonly #bell: Leg;
  #answerer: Leg | undefined;
  #bridge: Bridge | undefined;
  readonly #muted = new Set<Side>();
  readonly #held = new Set<Side>();
  /** The two are in no bridge with each other. */
  #apart = false;
  readonly #music = new Map<Side, Playback>();
  /** Who is not heard by the other just now, for whatever reason. */
  readonly #unheard = new Set<Leg>();

  /** Without an answerer the visitor talks with the flow. */
  constructor(host: TransferHost, visit: TalkVisit, bell: Leg, answerer?: Leg) {
    this.#host = host;
    this.#visit = visit;
    this.#bell = bell;
    this.#answerer = answerer;
    const changed: ChangedTalk = {
      ...{ bell, caller: () => visit.caller(), over: (end) => visit.over(end) },
      now: () => ({ bridge: this.#bridge, answerer: this.#answerer }),
      part: () => this.#part(),
      join: (by, known) => this.#joinLater(by, known),
    };
    const wait = { hold: (sound?: Sound) => this.hold("door", sound), unhold: () => this.unhold("door") };
    this.handover = new Handover(host, { ...changed, ...wait });
    const parked = (view: ParkedView | undefined) => visit.parked(view);
    this.parking = new TalkParking(host, { ...changed, part: () => this.#freed(), parked });
  }

  /** From now on the two hear each other. */
  begin(): void {
    const { session } = this.#bell;
    if (!this.#answerer) {
      session.on("silent", this.#silent);
      session.awaited = true;
      return;
    }
    this.#visit.recorder.begin(session, this.#answerer.session);
    this.#join(this.#answerer);
  }

  readonly #silent = (): void =>
    this.#visit.over({ by: "network", cause: cause.unspecified, text: "no sound came from the door any more" });

  #join(answerer: Leg, known?: readonly [Known, Known]): void {
    const visit = this.#visit;
    const host = this.#host;
    const bell = this.#bell;
    const { door, recorder } = visit;
    if (!this.#answerer) {
      bell.session.off("silent", this.#silent);
      bell.session.awaited = false;
    }
    this.#answerer = answerer;
    answerer.session.silenceMs = door.talks.silenceMs;
    const bridge: Bridge = new Bridge(
      host,
      bell,
      answerer,
      {
        passesDigits: (from) => {
          if (from === bell ? door.keys.hides : door.keys.keeps) return "never";
          return from === bell || door.answererDigits !== "flow";
        },
        hears: () => ({
          sound: recorder.wanted || visit.sounds.playing || this.#held.size > 0 || door.keys.keeps || door.keys.hides,
          keys: door.answererDigits !== "door" || door.keys.hears,
        }),
        digit: (key, from) => (from === bell ? visit.pressed(key, "door") : visit.pressed(key, "answerer", from)),
        text: (message, from) => host.texts.came(message, from.name, bridge.other(from.call).name, visit.id),
        refer: (referral, from) =>
          transfer(host, bridge, from, referral, visit.caller(), (place) => this.parking.park(place)),
        replaced: (_, by) => this.#replaced(by),
        over: (by, text, why = by ? cause.normal : cause.unspecified) =>
          visit.over({ by: by ? "remote" : "network", cause: why, text }),
      },
      false,
      known,
    );
    this.#bridge = bridge;
  }

  /** The bell and who answered, each by itself: the bell waits, and hears what it is played. */
  #part(): readonly [Known, Known] | undefined {
    const known = this.#bridge?.part();
    if (!known) return undefined;
    this.#visit.bridged(false);
    // Who speaks with somebody else meanwhile is to be heard there.
    this.#apart = true;
    this.#hush();
    return known;
  }

  /** Takes the two apart, for whoever lets them talk with more than each other; nothing where they are apart already. */
  leave(): readonly [Known, Known] | undefined {
    this.#muted.clear();
    this.#resume();
    return this.#part();
  }

  /** As `part`, and who answered talks with the visitor no more. */
  #freed(): readonly [Known, Known] | undefined {
    const known = this.#part();
    if (!known) return undefined;
    this.#resume();
    this.#muted.delete("answerer");
    [this.#bridge, this.#answerer] = [undefined, undefined];
    return known;
  }

  // After a time in which it was in no bridge.
  #joinLater(by: Leg, known: readonly [Known, Known]): void {
    const before = this.#answerer;
    this.parking.close();
    this.#visit.bridged(true);
    this.#join(by, known);
    if (!before) this.#visit.recorder.begin(this.#bell.session, by.session);
    if (by === before) this.#resume();
    else this.#replaced(by);
  }

  #replaced(by: Leg): void {
    this.#answerer = by;
    this.#muted.delete("answerer");
    this.#resume();
    this.#visit.recorder.replaced(by.session);
    const from = this.#visit.taken(by.name);
    this.#visit.tell("transferred", { from, to: by.name });
  }

  #resume(): void {
    this.#apart = false;
    this.#held.clear();
    for (const music of this.#music.values()) music.stop();
    this.#music.clear();
    this.#hush();
  }

  /** Who talks with the bell; undefined while that is the flow alone. */
  get answerer(): Leg | undefined {
    return this.#answerer;
  }

  /** A device has registered: it rings along where the bell is handed over to it (X1). */
  offer(contact: Contact): void {
    this.handover.offer(contact);
  }

  /** While it is on, one side is not heard by the other. @throws PorteroError `no-call`, `media-cannot` */
  mute(who: Side, on: boolean): void {
    this.#leg(who, "mute");
    if (on) this.#muted.add(who);
    else this.#muted.delete(who);
    this.#hush();
  }

  /**
   * Holds a side: neither hears the other, and that one hears the sound again and again, or nothing. `told` is whether its
   * device took part in that; where it does not, it is not heard all the same. `silence`: why it hears nothing.
   * @throws PorteroError `no-call`, `media-cannot`
   */
  async hold(who: Side, sound?: Sound): Promise<Held> {
    const leg = this.#leg(who, "hold");
    const bridge = this.#bridge;
    if (!bridge || bridge.over)
      throw giveUp("no-call", "the visitor waits already, parked or while a transfer is prepared");
    this.#music.get(who)?.stop();
    this.#music.delete(who);
    const silence = sound && (await this.#playTo(who, leg, sound));
    this.#held.add(who);
    this.#hush();
    const told = await bridge.hold(leg.call, this.#music.has(who) ? "sendonly" : "inactive");
    return { told, ...(silence !== undefined && { silence }) };
  }

  // Waiting matters more than music: where one of the two talks nothing that can be played in, it is silent. Gives why.
  async #playTo(who: Side, { session }: Leg, sound: Sound): Promise<string | undefined> {
    try {
      await this.speakOurs();
      this.#music.set(who, session.play(sound, true));
      return undefined;
    } catch (error) {
      if (error instanceof PorteroError && error.code === "no-codec") return error.message;
      throw error;
    }
  }

  /** Ends a hold. @throws PorteroError `no-call`, `not-held` */
  async unhold(who: Side): Promise<void> {
    const leg = this.#leg(who, "take back");
    if (!this.#held.delete(who))
      throw giveUp("not-held", `${who === "door" ? leg.name : "who answered"} is not on hold`);
    this.#music.get(who)?.stop();
    this.#music.delete(who);
    this.#hush();
    await this.#bridge?.hold(leg.call, undefined);
  }

  /** Records the two from now on; `recorded` tells the end of it. @throws PorteroError `no-call`, or what a CallRecorder gives */
  async record(settings: TapeSettings): Promise<void> {
    const { session } = this.#leg("answerer", "record");
    await this.speakOurs();
    return this.#visit.recorder.start(settings, this.#bell.session, session);
  }

  /** Has both talk what can be played in and recorded. @throws PorteroError `no-codec` */
  async speakOurs(): Promise<void> {
    await this.#bridge?.speakOurs();
  }

  /** @throws PorteroError `not-recording`, or what went wrong */
  stopRecording(): Promise<Recorded | undefined> {
    return this.#visit.recorder.stop(this.#answerer?.name ?? "");
  }

  #leg(who: Side, what: string): Leg {
    const leg = who === "door" ? this.#bell : this.#answerer;
    if (leg && this.#answerer) return leg;
    throw giveUp("no-call", `the visitor talks with nobody but the flow, so there is nobody to ${what}`);
  }

  #hush(): void {
    for (const who of sides) {
      const leg = who === "door" ? this.#bell : this.#answerer;
      const on = this.#muted.has(who) || (this.#held.size > 0 && !(this.#apart && who === "answerer"));
      if (!leg || this.#unheard.has(leg) === on) continue;
      leg.session.mute(on);
      if (on) this.#unheard.add(leg);
      else this.#unheard.delete(leg);
    }
  }

  /** Hangs up on the other party; `reason` says why. */
  close(reason: string): void {
    this.#bell.session.off("silent", this.#silent);
    this.handover.close(reason);
    this.parking.close();
    if (this.#answerer) letGo(this.#answerer, this.#host.log, reason);
  }
}
