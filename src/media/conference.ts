// A conference as the rest of the program sees it: sessions that all hear each other. The mixing is done in the worker
// (worker/audio/conference.ts); here is who is in it.
import { EventEmitter } from "node:events";
import { giveUp } from "../errors.ts";
import { understoodNames } from "./codec.ts";
import type { Pressed } from "./digits.ts";
import type { MediaSession } from "./session.ts";
import type { ConferenceOrder } from "./worker/messages.ts";

export interface ConferenceOptions {
  /** Parties at once; 10 where it is absent (H9). */
  readonly most?: number;
}

export interface ConferenceEvents {
  /** A party presses a key, and lets go of it. By RFC 4733 and as a tone it reaches the others by itself. */
  digit: [session: MediaSession, pressed: Pressed];
  /** A party is gone: removed, closed, or bridged with somebody. */
  left: [session: MediaSession];
  closed: [];
}

const mostParties = 10;

interface Host {
  order(order: ConferenceOrder): void;
  /** Takes a session out of whatever else it is in. */
  free(session: MediaSession): void;
}

export class Conference extends EventEmitter<ConferenceEvents> {
  readonly #host: Host;
  readonly #most: number;
  readonly #parties = new Map<MediaSession, () => void>();
  #open = true;

  /** Made by Media.conference(). */
  constructor(host: Host, { most = mostParties }: ConferenceOptions) {
    super();
    this.#host = host;
    this.#most = most;
  }

  get parties(): readonly MediaSession[] {
    return [...this.#parties.keys()];
  }

  has(session: MediaSession): boolean {
    return this.#parties.has(session);
  }

  /**
   * Lets a session in; it leaves its bridge or another conference for that. `muted`: it hears and is not heard.
   * @throws PorteroError `conference-closed`, `conference-full`; `no-codec` where its call has another codec: offer it
   * `session.offer("conference")` first
   */
  add(session: MediaSession, { muted = false }: { readonly muted?: boolean } = {}): void {
    if (!this.#open) throw giveUp("conference-closed", "The conference is over; open another one.");
    if (this.has(session)) return this.mute(session, muted);
    if (this.#parties.size >= this.#most)
      throw giveUp(
        "conference-full",
        `The conference has ${this.#parties.size} parties, and may not have more; somebody must leave it first.`,
      );
    if (!session.mixable)
      throw giveUp(
        "no-codec",
        session.codec === undefined
          ? "The call has no sound yet, so it cannot be put into a conference; answer it first."
          : `The call has the codec ${session.codec}, and a conference needs ${understoodNames}; offer the call one of those first.`,
      );
    this.#host.free(session);
    const closed = () => this.remove(session);
    const digit = (pressed: Pressed) => this.emit("digit", session, pressed);
    session.once("closed", closed).on("digit", digit);
    this.#parties.set(session, () => session.off("closed", closed).off("digit", digit));
    session.hearDigits({ events: "pass", tones: session.dtmf.tones ? "pass" : "ignore" });
    this.#host.order({ do: "add", session: session.number, muted });
  }

  /** Harmless for who is not in it. */
  remove(session: MediaSession): void {
    const forget = this.#parties.get(session);
    if (!forget) return;
    forget();
    this.#parties.delete(session);
    this.#host.order({ do: "remove", session: session.number });
    this.emit("left", session);
  }

  /** Whether the others hear it. */
  mute(session: MediaSession, on: boolean): void {
    if (this.has(session)) this.#host.order({ do: "mute", session: session.number, on });
  }

  /** Whether the others get its keys, where it sends them as RTP events; they do where nobody says. */
  passKeys(session: MediaSession, pass: boolean): void {
    if (this.has(session)) this.#host.order({ do: "keys", session: session.number, pass });
  }

  /** Everybody leaves; their calls go on in silence. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const session of this.parties) this.remove(session);
    this.#host.order({ do: "close" });
    this.emit("closed");
    this.removeAllListeners();
  }
}

export class Conferences {
  readonly #order: (conference: number, order: ConferenceOrder) => void;
  readonly #free: (session: MediaSession) => void;
  readonly #open = new Map<number, Conference>();

  constructor(order: (conference: number, order: ConferenceOrder) => void, free: (session: MediaSession) => void) {
    this.#order = order;
    this.#free = free;
  }

  open(number: number, options: ConferenceOptions): Conference {
    const order = (what: ConferenceOrder) => this.#order(number, what);
    const conference = new Conference({ order, free: this.#free }, options);
    this.#open.set(number, conference);
    conference.once("closed", () => this.#open.delete(number));
    return conference;
  }

  /** Takes a session out of the conference it is in. */
  leave(session: MediaSession): void {
    for (const conference of this.#open.values()) conference.remove(session);
  }

  end(): void {
    for (const conference of this.#open.values()) conference.close();
  }
}
