// What others on the broker report of a door: `<base>/<door>/contact/set`, `relay/set`, `lock/set`. States and no commands:
// they move nothing, so a retained one counts like any other, and the rules of policy.ts are not asked.
import type { Clock } from "../clock.ts";
import { doorParts, doorStates, type DoorPart } from "../door-states.ts";
import { sentence } from "../errors.ts";
import type { Log } from "../log.ts";
import { reportRate, type Rate } from "../rate.ts";
import type { DoorsForMqtt } from "./doors.ts";
import { slugOf } from "../slug.ts";

const words: Readonly<Record<DoorPart, readonly string[]>> = doorStates;
const longest = 100;

export class Reports {
  readonly #doors: DoorsForMqtt;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #base: string;
  readonly #rates = new Map<string, Rate>();

  /** `doors.report` is where they go; without it none is taken. */
  constructor(base: string, doors: DoorsForMqtt, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#base = base;
    this.#doors = doors;
    [this.#clock, this.#log] = [deps.clock, deps.log];
  }

  /** Filters for all doors, those that are added later as well. */
  get filters(): string[] {
    return this.#doors.report ? doorParts.map((topic) => `${this.#base}/+/${topic}/set`) : [];
  }

  /** Whether that was a report, for which then all is done. Never throws. */
  received(topic: string, payload: Buffer): boolean {
    const report = this.#doors.report;
    const rest = topic.startsWith(`${this.#base}/`) ? topic.slice(this.#base.length + 1) : "";
    const [, name = "", part] = /^([^/]+)\/(contact|relay|lock)\/set$/.exec(rest) ?? [];
    const state = doorParts.find((known) => known === part);
    if (!report || state === undefined) return false;
    try {
      const door = this.#doors.list().find(({ id }) => slugOf(id) === name);
      if (!this.#mayTell(door?.id ?? "")) return true;
      const word = payload.length > longest ? "" : payload.toString("utf8").trim().toLowerCase();
      if (!door) this.#log.warn(`mqtt: ${topic.slice(0, 200)}: there is no such door here`);
      else if (!words[state].includes(word))
        this.#log.warn(`mqtt: ${state}/set of ${door.id} takes ${words[state].join(" or ")}`);
      else report(door.id, { [state]: word });
    } catch (error) {
      this.#log.warn(`mqtt: a state of ${name.slice(0, 64)} was not taken: ${sentence(error)}`);
    }
    return true;
  }

  /** `door` is empty for those that there are not: nobody fills the log with names that he makes up. */
  #mayTell(door: string): boolean {
    const rate = this.#rates.get(door) ?? reportRate(this.#clock);
    this.#rates.set(door, rate);
    return rate.take();
  }
}
