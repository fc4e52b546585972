// The one hand on the door: one opening at a time and door, at most three a minute for each who asks, the same request once
// (X5, X6).
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { sentence } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { carryOut, stepsFor, whyNoMeans } from "./plan.ts";
import type { Means, OpeningMethod, OpeningStep, Step } from "./means.ts";
import { relayOf } from "./relays.ts";
import type { CodeRefusal } from "./codes.ts";
import type { Place } from "./lock-out.ts";
import { denied, type Denied, type OpenedAs } from "./rights.ts";
import type { DoorSettings } from "./settings.ts";

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
  /** Who had who asks called, where somebody did: that one has to have the right, too. */
  readonly sentBy?: OpenedAs;
  /** Why who asks may not, whatever the rights are. */
  readonly barred?: string;
  readonly visit?: string;
  /** A code that somebody typed: it has the right then, and not who asks. */
  readonly code?: string;
  /** Where it was typed; `by`, which anybody can call himself, where it is absent. */
  readonly typedAt?: Omit<Place, "door">;
}

/** Why an opening was not even tried, for programs. */
export type Refused =
  Denied["refused"] | CodeRefusal | "unknown-door" | "unknown-relay" | "busy" | "no-means" | "too-many";

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
  /** When openings began that may have moved the door (as `Clock.passed`), of which relay and for whom, of the last minute. */
  begun: { readonly at: number; readonly relay: string | undefined; readonly by: string }[];
  /** Openings by request id, the oldest first; for the one in flight its promise. */
  known: Map<string, { at: number; opening: Promise<Opening> }>;
}

/** What opened a door after its other step was refused: that goes first from then on. */
export interface Learned {
  of(door: string): OpeningStep | undefined;
  learn(door: string, step: OpeningStep): void;
}

export class DoorOpener {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #learned: Learned;
  readonly #doors = new Map<string, DoorState>();

  constructor(deps: { clock: Clock; log?: Log; learned?: Learned }) {
    this.#clock = deps.clock;
    this.#log = deps.log ?? silent;
    this.#learned = deps.learned ?? learnedHere();
  }

  /** Opens the door once with what `means` offers. Never rejects: a failure is an Opening with `ok: false`. */
  async open(door: DoorSettings, request: Omit<OpenRequest, "code" | "typedAt">, means: Means): Promise<Opening> {
    const id = request.id ?? randomUUID();
    const ts = this.#clock.now();
    const began = this.#clock.passed();
    const state = this.#stateOf(door.id, began);
    const relay = relayOf(door, request.relay);
    const { by, as, sentBy, barred, visit } = request;
    const moved = relay?.id ?? request.relay;
    const result = (step: Omit<Step, "untouched"> & { readonly refused?: Refused }): Opening => ({
      ...{ id, door: door.id, ...(moved !== undefined && { relay: moved }), ...(visit !== undefined && { visit }) },
      ...{ by, ...(as && { as }) },
      ...step,
      ts,
      ms: this.#clock.passed() - began,
    });
    const refused = (code: Refused, reason: string) => this.#told(result({ ok: false, refused: code, reason }));

    const earlier = state.known.get(id);
    if (earlier) return earlier.opening;
    try {
      if (!relay) return refused("unknown-relay", noSuchRelay(door, request.relay ?? ""));
      if (barred !== undefined) return refused("no-right", barred);
      const no =
        denied(door, relay, as ?? { kind: "flow", name: by }, ts) ?? (sentBy && denied(door, relay, sentBy, ts));
      if (no) return refused(no.refused, no.reason);
      if (state.busy) return refused("busy", "an opening of this door is under way: wait for its result");
      const aim = { door, relay, means };
      const steps = stepsFor(aim, this.#learned.of(door.id));
      if (steps.length === 0) return refused("no-means", whyNoMeans(aim));
      const asker = askerOf(as);
      const begun = state.begun.filter((one) => one.relay === relay.id && one.by === asker);
      if (begun.length >= perMinute) {
        const seconds = Math.ceil(((begun[0]?.at ?? began) + minute - began) / 1000);
        return refused("too-many", `opened ${perMinute} times within a minute already: try again in ${seconds} s`);
      }
      state.busy = true;
      const attempt = { at: began, relay: relay.id, by: asker };
      state.begun.push(attempt);
      const opening = carryOut(this.#clock, aim, steps)
        .then(({ by: step, after, untouched, ...made }) => {
          if (untouched) {
            state.begun = state.begun.filter((one) => one !== attempt);
            means.untouched?.();
          }
          if (made.ok && after && step) this.#learned.learn(door.id, step);
          return made;
        })
        .catch((error: unknown) => ({ ok: false, reason: `opening failed: ${sentence(error)}` }))
        .then((made) => this.#told(result(made)))
        .finally(() => (state.busy = false));
      state.known.set(id, { at: began, opening });
      return await opening;
    } catch (error) {
      return this.#told(result({ ok: false, reason: `opening failed: ${sentence(error)}` }));
    }
  }

  #stateOf(door: string, now: number): DoorState {
    const state: DoorState = this.#doors.get(door) ?? { busy: false, begun: [], known: new Map() };
    this.#doors.set(door, state);
    state.begun = state.begun.filter(({ at }) => now - at < minute);
    for (const [id, { at }] of state.known) if (now - at >= rememberMs) state.known.delete(id);
    return state;
  }

  #told(opening: Opening): Opening {
    const { door, by, ok, reason } = opening;
    this.#log[ok ? "info" : "warn"](`door ${door}: ${ok ? "" : "not opened, "}${reason} (asked by ${by})`);
    return opening;
  }
}

/** Flows are one asker, since each says any name. */
const askerOf = (as: OpenedAs | undefined): string => (as && as.kind !== "flow" ? `${as.kind} ${as.name}` : "flow");

function noSuchRelay({ name, relays = [] }: DoorSettings, wish: string): string {
  const asked = `${name} has no relay ${JSON.stringify(wish.slice(0, 64))}`;
  return relays.length === 0
    ? `${asked}: it has one without a name, so name none`
    : `${asked}: it has ${relays.map(({ id }) => id).join(", ")}`;
}

function learnedHere(): Learned {
  const steps = new Map<string, OpeningStep>();
  return { of: (door) => steps.get(door), learn: (door, step) => void steps.set(door, step) };
}
