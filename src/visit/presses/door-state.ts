// What is known of a door itself: its contact, its relay and its lock, as hooks, pollers, sensors and flows tell it. These
// are reports and no commands: nothing here moves a door. Who holds one open too long is told of.
import type { Cancel, Clock } from "../../clock.ts";
import { doorParts, doorStates, type DoorPart, type DoorState } from "../../door-states.ts";
import type { Opening } from "../../door/door.ts";
import { checker } from "../../schema.ts";

/** What is told of a door's state; a contract, as the messages of visits are. */
export interface DoorReport extends DoorState {
  readonly door: string;
  /** Something changed, its contact has been open for too long, or the device says that it was opened. */
  readonly event: "state" | "held-open" | "device-opened";
  /** What is new; of `state` only. */
  readonly changed?: readonly DoorPart[];
  /** For so long; of `held-open` only. */
  readonly seconds?: number;
  /** The opening of ours that this proves: the contact opened, or the device said so, soon after it. */
  readonly opening?: string;
  /** Who told it: "hook", "poll", "mqtt", a flow's word … */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly ts: number;
}

/** So long after an opening a door that moves was moved by it: a visitor first hears the buzzer, then pushes. */
export const provesMs = 10_000;

const check = checker("door state", {
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  properties: {
    contact: { enum: doorStates.contact },
    relay: { enum: doorStates.relay },
    lock: { enum: doorStates.lock },
  },
});

export interface DoorStatesHost {
  readonly clock: Clock;
  tell(event: "door-state", report: DoorReport): void;
}

/** What of a door matters here. */
export interface WatchedDoor {
  readonly id: string;
  readonly heldOpenSeconds?: number;
}

interface Known {
  state: DoorState;
  /** The last opening of ours that nothing has proved yet. */
  opening?: { readonly id: string; readonly at: number } | undefined;
  held: Cancel;
}

export class DoorStates {
  readonly #host: DoorStatesHost;
  readonly #known = new Map<string, Known>();

  constructor(host: DoorStatesHost) {
    this.#host = host;
  }

  of(door: string): DoorState {
    return this.#known.get(door)?.state ?? {};
  }

  /**
   * Takes a report; what is news is told.
   * @throws PorteroError `invalid`
   */
  set({ id, heldOpenSeconds }: WatchedDoor, reported: DoorState, by: string): void {
    const known = this.#of(id);
    const changes = check(reported);
    const changed = doorParts.filter((part) => changes[part] !== undefined && changes[part] !== known.state[part]);
    if (changed.length === 0) return;
    known.state = { ...known.state, ...changes };
    const { contact } = known.state;
    const hasMoved = changed.includes("contact");
    this.#tell(id, { event: "state", changed, ...(hasMoved && contact === "open" && this.#proved(known)) }, by);
    if (!hasMoved) return;
    known.held();
    if (contact === "open" && heldOpenSeconds !== undefined)
      known.held = this.#host.clock.after(heldOpenSeconds * 1000, () =>
        this.#tell(id, { event: "held-open", seconds: heldOpenSeconds }, by),
      );
  }

  /** The device says that the door was opened: by us, by a card, by a key of its own. */
  opened(door: string, by: string): void {
    this.#tell(door, { event: "device-opened", ...this.#proved(this.#of(door)) }, by);
  }

  /** An opening of ours begins; the result takes what became of it. */
  begun(door: string, id: string): (opening: Pick<Opening, "ok" | "ts">) => void {
    const known = this.#of(door);
    const before = known.opening;
    const proof = { id, at: this.#host.clock.now() };
    known.opening = proof;
    return ({ ok, ts }) => {
      // One that was asked for twice did nothing the second time. What it did not move the one before it may still.
      if (known.opening === proof && (!ok || ts < proof.at)) known.opening = before;
    };
  }

  /** The door is taken away: what was known of it may be wrong when it comes back. */
  forget(door: string): void {
    this.#known.get(door)?.held();
    this.#known.delete(door);
  }

  close(): void {
    for (const door of [...this.#known.keys()]) this.forget(door);
  }

  #of(door: string): Known {
    const known: Known = this.#known.get(door) ?? { state: {}, held: () => {} };
    this.#known.set(door, known);
    return known;
  }

  /** The opening that a door which moves now proves; each is proved once. */
  #proved(known: Known): { opening?: string } {
    const { opening } = known;
    known.opening = undefined;
    return opening && this.#host.clock.now() - opening.at <= provesMs ? { opening: opening.id } : {};
  }

  #tell(door: string, what: Pick<DoorReport, "event" | "changed" | "seconds" | "opening">, by: string): void {
    this.#host.tell("door-state", { door, ...what, ...this.of(door), by, ts: this.#host.clock.now() });
  }
}
