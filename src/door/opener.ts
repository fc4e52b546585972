// The one hand on the door: one opening at a time and door, at most three a minute, the same request once (X5, X6).
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { sentence } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { carryOut, hasMeans, whyNoMeans, type Means, type OpeningMethod } from "./plan.ts";
import { presetOf } from "./presets.ts";
import type { DoorSettings } from "./settings.ts";

export interface OpenRequest {
  readonly door: string;
  /** Names the wish: the same id opens once, and later asks get the first answer. Default: a new one. */
  readonly id?: string;
  /** Who wants it: "dashboard", "mqtt", "6001" … */
  readonly by: string;
  readonly visit?: string;
}

export interface Opening {
  readonly id: string;
  readonly door: string;
  readonly visit?: string;
  readonly by: string;
  readonly ok: boolean;
  readonly method?: OpeningMethod;
  /** What happened, or why not and what to do. Never holds the code. */
  readonly reason: string;
  /** When it was asked, milliseconds since 1970. */
  readonly ts: number;
  /** How long it took. */
  readonly ms: number;
}

const perMinute = 3;
const minute = 60_000;
const rememberMs = 10 * minute;

interface DoorState {
  busy: boolean;
  /** When openings began, of the last minute. */
  begun: number[];
  /** Openings by request id, the oldest first; for the one in flight its promise. */
  known: Map<string, { at: number; opening: Promise<Opening> }>;
}

export class DoorOpener {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #doors = new Map<string, DoorState>();

  constructor(deps: { clock: Clock; log?: Log }) {
    this.#clock = deps.clock;
    this.#log = deps.log ?? silent;
  }

  /** Opens the door once with what `means` offers. Never rejects: a failure is an Opening with `ok: false`. */
  async open(door: DoorSettings, request: OpenRequest, means: Means): Promise<Opening> {
    const id = request.id ?? randomUUID();
    const ts = this.#clock.now();
    const state = this.#stateOf(door.id, ts);
    const result = (step: Pick<Opening, "ok" | "method" | "reason">): Opening => ({
      id,
      door: door.id,
      ...(request.visit === undefined ? {} : { visit: request.visit }),
      by: request.by,
      ...step,
      ts,
      ms: this.#clock.now() - ts,
    });
    const refused = (reason: string) => this.#told(result({ ok: false, reason }));

    const earlier = state.known.get(id);
    if (earlier) return earlier.opening;
    try {
      const preset = presetOf(door.preset);
      if (state.busy) return refused("an opening of this door is under way: wait for its result");
      if (!hasMeans(door, preset, means)) return refused(whyNoMeans(door, preset, means));
      if (state.begun.length >= perMinute) {
        const seconds = Math.ceil(((state.begun[0] ?? ts) + minute - ts) / 1000);
        return refused(`opened ${perMinute} times within a minute already: try again in ${seconds} s`);
      }
      state.busy = true;
      state.begun.push(ts);
      const opening = carryOut(this.#clock, door, preset, means)
        .catch((error: unknown) => ({ ok: false, reason: `opening failed: ${sentence(error)}` }))
        .then((step) => this.#told(result(step)))
        .finally(() => (state.busy = false));
      state.known.set(id, { at: ts, opening });
      return await opening;
    } catch (error) {
      return refused(`opening failed: ${sentence(error)}`);
    }
  }

  #stateOf(door: string, now: number): DoorState {
    const state: DoorState = this.#doors.get(door) ?? { busy: false, begun: [], known: new Map() };
    this.#doors.set(door, state);
    state.begun = state.begun.filter((at) => now - at < minute);
    for (const [id, { at }] of state.known) if (now - at > rememberMs) state.known.delete(id);
    return state;
  }

  #told(opening: Opening): Opening {
    const { door, by, ok, reason } = opening;
    this.#log[ok ? "info" : "warn"](`door ${door}: ${ok ? "" : "not opened, "}${reason} (asked by ${by})`);
    return opening;
  }
}
