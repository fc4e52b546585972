// A room: bells and phones that all hear each other. Bells, and phones that only listen in, wait for somebody marked and
// leave with the last of them; who is alone hears music; a door's code reaches the door from whoever may open (H9).
import type { Clock } from "../../clock.ts";
import { giveUp, sentence, tryAgain } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Conference } from "../../media/conference.ts";
import type { MediaEngine } from "../../media/engine.ts";
import type { Playback } from "../../media/media.ts";
import type { Sound } from "../../media/sound.ts";
import type { DoorSettings } from "../../door/door.ts";
import type { DoorKeys } from "../presses/door-keys.ts";
import { DigitRelay } from "../talk/digit-relay.ts";
import type { Key } from "../talk/keypad.ts";
import type { Leg } from "../talk/leg.ts";
import { notUnderstood } from "../sound/recording.ts";

export interface RoomHost {
  readonly media: MediaEngine;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RoomOptions {
  /** As people know it. */
  readonly name: string;
  /** Parties at once, bells among them. */
  readonly most: number;
  /** Whether a tone tells of who comes and goes. */
  readonly tones?: boolean;
  /** Whether marked members stay when the last visitor has gone. */
  readonly stay?: boolean;
  /** Whose keys go to the door, and are told; everybody's where it is absent. */
  readonly mayOpen?: (name: string) => boolean;
}

/** One party, as whoever brings it in describes it. */
export interface Guest {
  readonly leg: Leg;
  /** Whether it is waited for: without anybody marked nobody hears anybody. */
  readonly marked: boolean;
  /** The door whose bell it is. */
  readonly door?: Pick<DoorSettings, "answererDigits"> & { readonly keys: DoorKeys };
  /** What it hears while it is alone, where that is not the room's. */
  readonly music?: Sound;
  /** It is to leave, and is out of the room already; `text` says why. */
  dismissed(text: string): void;
  /** Somebody marked has come or gone. */
  changed?(event: "joined" | "left", who: Leg): void;
  /** A key of somebody marked that may open; `meant`: this door, since it is the only one here. */
  pressed?(key: Key, by: Leg, meant: boolean): void;
}

interface Presence {
  readonly guest: Guest;
  readonly detach: () => void;
  readonly keys: DigitRelay | undefined;
  music: Playback | undefined;
  /** Whose camera it is shown. */
  sees: Leg | undefined;
  muted: boolean;
  silent: boolean;
}

export const mixesNothing =
  "the media of this endpoint run in rtpengine, which mixes nothing: a conference needs our own engine";

/** 200 ms, as loud as a key. */
const note = (hertz: number): Sound => ({ kind: "tone", cadence: [{ frequencies: [hertz], ms: 200 }] });
const [comes, goes] = [note(880), note(440)];

export class Room {
  readonly name: string;
  /** What who is alone hears; silence where it is undefined. */
  music: Sound | undefined;
  readonly #host: RoomHost;
  readonly #options: RoomOptions;
  readonly #present = new Map<Leg, Presence>();
  #conference: Conference | undefined;
  #open = true;

  constructor(host: RoomHost, options: RoomOptions) {
    this.#host = host;
    this.#options = options;
    this.name = options.name;
  }

  /** Those who are waited for, in the order in which they came. */
  get marked(): Leg[] {
    return this.#legs(({ marked }) => marked);
  }

  get visitors(): Leg[] {
    return this.#legs(({ marked }) => !marked);
  }

  /** @throws PorteroError `room-closed` where nobody more gets in; its data has the SIP status for that */
  check(): void {
    const { most } = this.#options;
    if (!this.#open) throw giveUp("room-closed", `the conference ${this.name} is over`, { data: { status: 480 } });
    if (this.#present.size >= most)
      throw tryAgain("room-closed", `the conference ${this.name} has ${most} members already, and may not have more`, {
        data: { status: 486 },
      });
    if (!this.#host.media.conference) throw giveUp("room-closed", mixesNothing, { data: { status: 488 } });
  }

  /**
   * Lets a party in whose call is settled on G.711.
   * @throws PorteroError `room-closed`, `no-codec`
   */
  enter(guest: Guest): void {
    const { leg, marked } = guest;
    this.check();
    if (!leg.session.mixable) throw notUnderstood(leg.name, "a conference");
    // What it may change to from now on; who has offered nothing else may still leave that.
    leg.session.limitToUnderstood();
    this.#present.set(leg, {
      ...{ guest, detach: this.#watch(leg), keys: marked ? this.#relay(leg) : undefined },
      ...{ music: undefined, sees: undefined, muted: false, silent: false },
    });
    this.#settle();
    this.#tone(comes, leg);
    if (marked) for (const other of this.#others(leg)) other.changed?.("joined", leg);
  }

  /** Harmless for who is not in it. */
  leave(leg: Leg): void {
    const gone = this.#present.get(leg);
    if (!gone) return;
    this.#drop(leg, gone);
    this.#settle();
    this.#tone(goes, leg);
    const { marked } = gone.guest;
    if (marked) for (const other of this.#others(leg)) other.changed?.("left", leg);
    const left = marked ? this.marked : this.visitors;
    if (left.length > 0) return;
    if (marked) this.#dismiss((guest) => !guest.marked, "everybody has left the conference");
    else if (!this.#options.stay) this.#dismiss((guest) => guest.marked, "the visitor has left the conference");
  }

  /** Whether the others hear it. */
  mute(leg: Leg, on: boolean): void {
    const presence = this.#present.get(leg);
    if (!presence) return;
    presence.muted = on;
    this.#conference?.mute(leg.session, on);
  }

  /** Everybody is to leave. */
  close(text: string): void {
    this.#open = false;
    this.#dismiss(() => true, text);
    this.#conference?.close();
  }

  #legs(fits: (guest: Guest) => boolean): Leg[] {
    return [...this.#present.values()].flatMap(({ guest }) => (fits(guest) ? guest.leg : []));
  }

  #others(leg: Leg): Guest[] {
    return [...this.#present.values()].flatMap(({ guest }) => (guest.leg === leg ? [] : guest));
  }

  #drop(leg: Leg, presence: Presence): void {
    this.#present.delete(leg);
    presence.detach();
    presence.keys?.close();
    presence.music?.stop();
    this.#conference?.remove(leg.session);
  }

  #dismiss(fits: (guest: Guest) => boolean, text: string): void {
    const leaving = [...this.#present].filter(([, { guest }]) => fits(guest));
    for (const [leg, presence] of leaving) this.#drop(leg, presence);
    this.#settle();
    for (const [, { guest }] of leaving) guest.dismissed(text);
  }

  #watch(leg: Leg): () => void {
    const { call, session } = leg;
    const closed = () => this.leave(leg);
    const silent = () => {
      const presence = this.#present.get(leg);
      if (presence) presence.silent = true;
      // Who is muted may send nothing for long: only when nobody is heard any more the talk is dead.
      const all = [...this.#present.values()];
      if (all.every((one) => one.silent)) this.#dismiss(() => true, "no sound came from anybody any more");
    };
    const heard = () => {
      const presence = this.#present.get(leg);
      if (presence) presence.silent = false;
    };
    const settled = () => this.#settle();
    const picture = () => {
      const camera = this.#present.get(leg)?.sees;
      if (camera && !camera.session.requestPicture()) void camera.call.requestPicture();
    };
    session.on("closed", closed).on("silent", silent).on("heard", heard).on("settled", settled);
    call.on("pictureWanted", picture);
    return () => {
      session.off("closed", closed).off("silent", silent).off("heard", heard).off("settled", settled);
      call.off("pictureWanted", picture);
    };
  }

  /** The one door that keys go to. Of two nobody could say which is meant, and both would open. */
  get #door(): Guest | undefined {
    const [door, ...more] = [...this.#present.values()].filter(({ guest }) => guest.door);
    return more.length === 0 ? door?.guest : undefined;
  }

  #mayOpen(leg: Leg): boolean {
    return this.#options.mayOpen?.(leg.name) ?? true;
  }

  /** Whether there is a door here, beside itself, that nothing of what it presses may reach. */
  #keeps(leg: Leg): boolean {
    const mayOpen = this.#mayOpen(leg);
    return this.#others(leg).some(({ door }) => door !== undefined && (!mayOpen || door.keys.keeps));
  }

  #relay(leg: Leg): DigitRelay {
    return new DigitRelay(leg, {
      ...{ clock: this.#host.clock, log: this.#host.log },
      other: () => this.#door?.leg ?? leg,
      passes: () => {
        if (this.#keeps(leg)) return "never";
        const door = this.#door?.door;
        return this.#mayOpen(leg) && door !== undefined && door.answererDigits !== "flow";
      },
      told: (key) => {
        const meant = this.#door !== undefined;
        if (this.#mayOpen(leg)) for (const other of this.#others(leg)) other.pressed?.(key, leg, meant);
      },
    });
  }

  /** Who hears whom, what is played, where keys go: as it is to be now, whatever has changed. */
  #settle(): void {
    const present = [...this.#present.values()];
    const talk = present.length > 1 && present.some(({ guest }) => guest.marked);
    for (const presence of present) {
      try {
        if (talk) this.#connect(presence);
        else this.#separate(presence);
      } catch (error) {
        this.#host.log.warn(`${presence.guest.leg.name} hears nothing in the conference: ${sentence(error)}`);
      }
    }
  }

  #connect(presence: Presence): void {
    const { guest, keys, muted } = presence;
    const { leg, marked } = guest;
    const hides = guest.door?.keys.hides === true;
    presence.music?.stop();
    presence.music = undefined;
    const conference = (this.#conference ??= this.#start());
    if (!leg.session.mixable) conference?.remove(leg.session);
    if (!conference?.has(leg.session)) {
      presence.silent = false;
      conference?.add(leg.session, { muted });
    }
    if (keys) keys.settle();
    else {
      const tones = hides || this.#keeps(leg) ? "keep" : "ignore";
      leg.session.hearDigits({ events: hides ? "keep" : "pass", tones });
    }
    const door = this.#door;
    conference?.passKeys(leg.session, marked ? (keys?.passesEvents ?? false) : guest === door && !hides);
    const shown = marked && leg.session.agreed("video") ? door?.leg : undefined;
    if (shown && shown !== presence.sees) this.#host.media.show?.(shown.session, leg.session);
    presence.sees = shown;
  }

  #separate(presence: Presence): void {
    const { leg, music = this.music } = presence.guest;
    this.#conference?.remove(leg.session);
    if (!presence.music && music) presence.music = leg.session.play(music, true);
  }

  #start(): Conference | undefined {
    const { media } = this.#host;
    const conference = media.conference?.({ most: this.#options.most });
    // With the worker it is gone; the next one to come needs another.
    conference?.once("closed", () => (this.#conference = undefined));
    return conference;
  }

  #tone(sound: Sound, about: Leg): void {
    if (!this.#options.tones) return;
    for (const { guest } of this.#present.values())
      if (guest.leg !== about && this.#conference?.has(guest.leg.session)) guest.leg.session.play(sound);
  }
}
