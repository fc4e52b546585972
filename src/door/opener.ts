// The one hand on the door: one opening at a time and door, at most three a minute, the same request once (X5, X6).
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { sentence } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { carryOut, hasMeans, whyNoMeans, type Means, type OpeningMethod, type Step } from "./plan.ts";
import { relayOf } from "./relays.ts";
import type { DoorSettings } from "./settings.ts";

/** Who opens, as rights know them: a phone, a number at another server, a user of a page … */
export interface OpenedAs {
  readonly kind: "extension" | "account" | "page" | "mqtt" | "code" | "hook" | "flow";
  readonly name: string;
}

export interface OpenRequest {
  readonly door: string;
  /** Which relay, by its id; the first where it is absent. */
  readonly relay?: string;
  /** Names the wish: the same id opens once, and later asks get the first answer. Default: a new one. */
  readonly id?: string;
  /** Who wants it: "dashboard", "mqtt", "6001" … */
  readonly by: string;
  /** On whose behalf; a flow's own where it is absent. */
  readonly as?: OpenedAs;
  readonly visit?: string;
}

/** Why an opening was not even tried, for programs. */
export type Refused = "unknown-door" | "unknown-relay" | "busy" | "no-means" | "too-many";

export interface Opening {
  readonly id: string;
  readonly door: string;
  readonly relay?: string;
  readonly visit?: string;
  readonly by: string;
  readonly as?: OpenedAs;
  readonly ok: boolean;
  /** Whether the device proved it: absent where it cannot tell, false where it took the wish and proved nothing. */
  readonly confirmed?: boolean;
  /** Absent where the door was asked to open. */
  readonly refused?: Refused;
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
    const relay = relayOf(door, request.relay);
    const { by, as, visit } = request;
    const moved = relay?.id ?? request.relay;
    const result = (step: Step & { readonly refused?: Refused }): Opening => ({
      ...{ id, door: door.id, ...(moved !== undefined && { relay: moved }), ...(visit !== undefined && { visit }) },
      ...{ by, ...(as && { as }) },
      ...step,
      ts,
      ms: this.#clock.now() - ts,
    });
    const refused = (code: Refused, reason: string) => this.#told(result({ ok: false, refused: code, reason }));

    const earlier = state.known.get(id);
    if (earlier) return earlier.opening;
    try {
      const preset = door.make;
      if (!relay) return refused("unknown-relay", noSuchRelay(door, request.relay ?? ""));
      if (state.busy) return refused("busy", "an opening of this door is under way: wait for its result");
      const one = { ...door, code: relay.code };
      // No preset's HTTP call says yet which relay it means.
      const ways: Means =
        relay.id === relayOf(door)?.id || !means.sendDigits ? means : { sendDigits: means.sendDigits };
      if (!hasMeans(one, preset, ways)) return refused("no-means", whyNoMeans(one, preset, ways));
      if (state.begun.length >= perMinute) {
        const seconds = Math.ceil(((state.begun[0] ?? ts) + minute - ts) / 1000);
        return refused("too-many", `opened ${perMinute} times within a minute already: try again in ${seconds} s`);
      }
      state.busy = true;
      state.begun.push(ts);
      const opening = carryOut(this.#clock, one, preset, means, relay.number)
        .catch((error: unknown) => ({ ok: false, reason: `opening failed: ${sentence(error)}` }))
        .then((step) => this.#told(result(step)))
        .finally(() => (state.busy = false));
      state.known.set(id, { at: ts, opening });
      return await opening;
    } catch (error) {
      return this.#told(result({ ok: false, reason: `opening failed: ${sentence(error)}` }));
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

function noSuchRelay({ name, relays = [] }: DoorSettings, wish: string): string {
  const asked = `${name} has no relay ${JSON.stringify(wish.slice(0, 64))}`;
  return relays.length === 0
    ? `${asked}: it has one without a name, so name none`
    : `${asked}: it has ${relays.map(({ id }) => id).join(", ")}`;
}
