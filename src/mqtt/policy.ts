// Whether a command from MQTT is carried out: the rules for doors that must not open by themselves (X6), without a wire.
// Threats: a retained command replayed at every reconnect, one delivered late or twice, any client of the broker.
import type { Cancel, Clock } from "../clock.ts";
import type { CommandRule } from "./settings.ts";

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

export type RefusalCode =
  | ("retained" | "duplicate" | "just-connected" | "off" | "unsigned" | "no-visit" | "busy" | "too-many")
  | ("unknown-key" | "forged" | "late" | "replayed");

export type Verdict =
  { readonly ok: true } | { readonly ok: false; readonly code: RefusalCode; readonly reason: string };

export const settleMs = 2_000;
export const lateMs = 120_000;
const sameMs = 2_000;
const minute = 60_000;
const perMinute = 3;
const rememberMs = 10 * minute;

interface DoorState {
  busy: boolean;
  /** When openings were allowed, of the last minute. */
  begun: number[];
  /** The ids of signed requests that were carried out, of the last ten. */
  readonly ids: Map<string, number>;
}

export const no = (code: RefusalCode, reason: string): Verdict => ({ ok: false, code, reason });

export class CommandPolicy {
  readonly #rule: CommandRule;
  readonly #clock: Clock;
  readonly #doors = new Map<string, DoorState>();
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

  /** For a plain PRESS that is fresh. After `ok: true` the door counts as busy until `opened(door)`. */
  judgePress(door: string, visit: LastVisit | undefined): Verdict {
    const now = this.#clock.now();
    const last = this.#stateOf(door, now).begun.at(-1);
    if (last !== undefined && now - last < sameMs)
      return no("duplicate", "a second PRESS within 2 s counts as the same one");
    if (this.#rule !== "always" && !isRecent(visit, now))
      return no("no-visit", "nobody is at the door: PRESS opens while it rings or talks, and until 120 s after");
    return this.#begin(door, now);
  }

  /** For a wish to open whose signature is right. After `ok: true` the door counts as busy until `opened(door)`. */
  judgeSigned(door: string, id: string): Verdict {
    const now = this.#clock.now();
    const { ids } = this.#stateOf(door, now);
    if (ids.has(id)) return no("duplicate", "the same id opens once: give each request its own");
    const verdict = this.#begin(door, now);
    if (verdict.ok) ids.set(id, now);
    return verdict;
  }

  #stateOf(door: string, now: number): DoorState {
    const state: DoorState = this.#doors.get(door) ?? { busy: false, begun: [], ids: new Map() };
    this.#doors.set(door, state);
    state.begun = state.begun.filter((at) => now - at < minute);
    for (const [id, at] of state.ids) if (now - at > rememberMs) state.ids.delete(id);
    return state;
  }

  #begin(door: string, now: number): Verdict {
    const state = this.#stateOf(door, now);
    if (state.busy) return no("busy", "an opening of this door is under way: wait for its result");
    if (state.begun.length >= perMinute) {
      const seconds = Math.ceil(((state.begun[0] ?? now) + minute - now) / 1000);
      return no("too-many", `opened ${perMinute} times within a minute already: try again in ${seconds} s`);
    }
    state.busy = true;
    state.begun.push(now);
    return { ok: true };
  }

  /** The opening that was allowed is over. */
  opened(door: string): void {
    const state = this.#doors.get(door);
    if (state) state.busy = false;
  }
}

const isRecent = (visit: LastVisit | undefined, now: number): boolean =>
  visit !== undefined && (visit.active || (visit.endedAt !== undefined && now - visit.endedAt <= lateMs));
