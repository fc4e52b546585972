// Whether a command from MQTT is carried out: the rules for doors that must not open by themselves (X6), without a wire.
// Threats: a retained command replayed at every reconnect, one delivered late or twice, any client of the broker.
import { isNear, type Cancel, type Clock } from "../clock.ts";
import type { CommandRule } from "./settings.ts";
import { type Verdict, no } from "./verdict.ts";

export interface LastVisit {
  readonly id: string;
  readonly active: boolean;
  /** Milliseconds since 1970. */
  readonly endedAt?: number | undefined;
}

/** How a message came, as the packet says (MQTT 5 §3.3.1). */
export interface Arrival {
  readonly retained: boolean;
  /** The DUP flag: at QoS 0, as we subscribe, it must not be set. */
  readonly duplicate: boolean;
}

/** What a wish to open is for, and who has signed it; nobody where that is absent. All that is plain is one asker. */
export interface Ask {
  readonly door: string;
  /** Its id; where a door has several, also of the one that is opened where nobody says which. */
  readonly relay?: string | undefined;
  readonly key?: string | undefined;
}

const settleMs = 2_000;
const lateMs = 120_000;
const sameMs = 2_000;
const minute = 60_000;
const perMinute = 3;
const asksPerMinute = 30;
const rememberMs = 10 * minute;

interface DoorState {
  busy: boolean;
  /** The ids of signed requests that were carried out, of the last ten minutes. */
  readonly ids: Map<string, number>;
}

/** Of one asker at one relay, in the last minute: who floods a door takes no share but his own. */
interface Share {
  /** When openings were allowed. */
  begun: number[];
  /** When he asked, however it went. */
  asked: number[];
  /** When he was last told that this is too often. */
  toldAt: number | undefined;
}

export class CommandPolicy {
  readonly #rule: CommandRule;
  readonly #clock: Clock;
  readonly #doors = new Map<string, DoorState>();
  readonly #shares = new Map<string, Share>();
  #settled = false;
  #cancel: Cancel = () => {};

  constructor(rule: CommandRule, clock: Clock) {
    this.#rule = rule;
    this.#clock = clock;
  }

  /** A connection stands: what the broker has kept for us comes now. A timer, because the wall clock may jump. */
  connected(): void {
    this.lost();
    this.#cancel = this.#clock.after(settleMs, () => (this.#settled = true));
  }

  lost(): void {
    this.#settled = false;
    this.#cancel();
  }

  /** For every command: whether it is fresh, and allowed at all. A signed one needs no rule. */
  judge(arrival: Arrival, how: "plain" | "signed" = "plain"): Verdict {
    if (arrival.retained) return no("retained", "a retained command is never carried out: send it with retain off");
    if (arrival.duplicate) return no("duplicate", "a repeated delivery is never carried out: send it with QoS 0");
    if (!this.#settled)
      return no("just-connected", "commands are ignored for 2 s after connecting to the broker: send it again");
    if (this.#rule === "off" && how === "plain")
      return no("off", "unsigned commands are switched off: sign it, or allow them in the mqtt-bridge node");
    return { ok: true };
  }

  /** For a plain PRESS that is fresh. After `ok: true` the door counts as busy until `opened`. */
  judgePress(ask: Ask, visit: LastVisit | undefined): Verdict {
    return this.#judge(ask, (now, { begun }) => {
      const last = begun.at(-1);
      if (last !== undefined && isNear(last, now, sameMs))
        return no("duplicate", "a second PRESS within 2 s counts as the same one");
      if (this.#rule !== "always" && !isRecent(visit, now))
        return no("no-visit", "nobody is at the door: PRESS opens while it rings or talks, and until 120 s after");
      return { ok: true };
    });
  }

  /** For a wish to open whose signature is right. After `ok: true` the door counts as busy until `opened`. */
  judgeSigned(ask: Ask, id: string): Verdict {
    const { ids } = this.#stateOf(ask.door);
    const verdict = this.#judge(ask, (now) => {
      for (const [old, at] of ids) if (!isNear(at, now, rememberMs)) ids.delete(old);
      return ids.has(id) ? no("duplicate", "the same id opens once: give each request its own") : { ok: true };
    });
    if (verdict.ok) ids.set(id, this.#clock.now());
    return verdict;
  }

  #judge(ask: Ask, fresh: (now: number, share: Share) => Verdict): Verdict {
    const now = this.#clock.now();
    const [state, share] = [this.#stateOf(ask.door), this.#shareOf(ask, now)];
    if (share.asked.length >= asksPerMinute) {
      const again = share.toldAt !== undefined && isNear(share.toldAt, now, minute);
      if (!again) share.toldAt = now;
      const reason = `asked ${asksPerMinute} times within a minute already: ${inSeconds(share.asked, now)}`;
      return { ...no("too-many", reason), again };
    }
    share.asked.push(now);
    const verdict = fresh(now, share);
    if (!verdict.ok) return verdict;
    if (state.busy) return no("busy", "an opening of this door is under way: wait for its result");
    if (share.begun.length >= perMinute)
      return no("too-many", `opened ${perMinute} times within a minute already: ${inSeconds(share.begun, now)}`);
    state.busy = true;
    share.begun.push(now);
    return { ok: true };
  }

  #stateOf(door: string): DoorState {
    const state: DoorState = this.#doors.get(door) ?? { busy: false, ids: new Map() };
    this.#doors.set(door, state);
    return state;
  }

  #shareOf({ door, relay, key }: Ask, now: number): Share {
    const name = JSON.stringify([door, relay, key]);
    const share: Share = this.#shares.get(name) ?? { begun: [], asked: [], toldAt: undefined };
    this.#shares.set(name, share);
    share.begun = share.begun.filter((at) => isNear(at, now, minute));
    share.asked = share.asked.filter((at) => isNear(at, now, minute));
    return share;
  }

  /** The opening that was allowed is over. What the door's owner has `refused` was none. */
  opened(ask: Ask, refused = false): void {
    this.#stateOf(ask.door).busy = false;
    if (refused) this.#shareOf(ask, this.#clock.now()).begun.pop();
  }
}

const inSeconds = ([first = 0]: readonly number[], now: number): string =>
  `try again in ${Math.ceil((first + minute - now) / 1000)} s`;

const isRecent = (visit: LastVisit | undefined, now: number): boolean =>
  visit !== undefined && (visit.active || (visit.endedAt !== undefined && isNear(visit.endedAt, now, lateMs + 1)));
