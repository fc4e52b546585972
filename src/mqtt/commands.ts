// Carries out what arrives for a door, or refuses it with a sentence. Nothing from the network throws past here.
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { sentence } from "../errors.ts";
import {
  verbs,
  type Command,
  type DoorForMqtt,
  type DoorsForMqtt,
  type OpeningForMqtt,
  type Refusal,
} from "./doors.ts";
import type { Arrival, CommandPolicy } from "./policy.ts";
import { slug, type CommandAddress, type CommandTopic } from "./topics.ts";

/** Where it is said what became of a command. */
export interface Outcomes {
  list(): readonly DoorForMqtt[];
  command(command: Command): void;
  refused(refusal: Refusal): void;
  result(door: string, opening: OpeningForMqtt): void;
  dnd(door: string, on: boolean): void;
  /** The broker holds a retained command. */
  retained(door: string, topic: CommandTopic, relay?: string): void;
}

// No payload that we know is longer; a longer one is not even decoded.
const longestPayload = 100;

export class Commands {
  readonly #doors: DoorsForMqtt;
  readonly #policy: CommandPolicy;
  readonly #clock: Clock;
  readonly #out: Outcomes;

  constructor(doors: DoorsForMqtt, policy: CommandPolicy, clock: Clock, out: Outcomes) {
    this.#doors = doors;
    this.#policy = policy;
    this.#clock = clock;
    this.#out = out;
  }

  received(read: CommandAddress, payload: Buffer, arrival: Arrival): void {
    const { command, relay: named } = read;
    const found = this.#out.list().find((d) => slug(d.id) === read.door);
    if (!found) {
      this.#refuse({ door: read.door.slice(0, 64), topic: command }, "unknown-door", "there is no such door here");
      return;
    }
    const door = found.id;
    const relay = found.relays?.find(({ id }) => slug(id) === named)?.id;
    if (named !== undefined && relay === undefined) {
      const about = { door, topic: command, relay: named.slice(0, 64) };
      this.#refuse(about, "unknown-relay", "the door has no such relay: name one of its list, or use door/open");
      return;
    }
    if (arrival.retained) this.#out.retained(door, command, relay);
    const text = payload.length > longestPayload ? "" : payload.toString("utf8");
    if (command === "door/open") void this.#open({ door, ...(relay === undefined ? {} : { relay }) }, text, arrival);
    else void this.#control(door, command, text, arrival);
  }

  async #open(at: { readonly door: string; readonly relay?: string }, text: string, arrival: Arrival): Promise<void> {
    const { door } = at;
    const about = { ...at, topic: "door/open", id: randomUUID() } as const;
    const { id } = about;
    try {
      const fresh = this.#policy.judge(arrival);
      if (fresh.ok && text !== "PRESS") {
        this.#refuse(about, "unknown-command", "the payload must be PRESS");
        return;
      }
      const visit = this.#doors.lastVisit(door);
      const verdict = this.#policy.judgePress(door, arrival, visit);
      if (!verdict.ok) {
        this.#refuse(about, verdict.code, verdict.reason);
        return;
      }
      try {
        const recent = visit === undefined ? {} : { visit: visit.id };
        this.#out.command({ ...at, command: "open", id, ...recent, ts: this.#clock.now() });
        const as = { kind: "mqtt", name: "mqtt" } as const;
        this.#out.result(door, await this.#doors.open({ ...at, id, by: "mqtt", as, ...recent }));
      } finally {
        this.#policy.opened(door);
      }
    } catch (error) {
      this.#refuse(about, "failed", `opening failed: ${sentence(error)}`);
    }
  }

  async #control(door: string, topic: "call/set" | "dnd/set", text: string, arrival: Arrival): Promise<void> {
    const about = { door, topic, id: randomUUID() } as const;
    const { id } = about;
    const ts = this.#clock.now();
    const { setDnd } = this.#doors;
    const able = topic === "call/set" ? verbs.filter((v) => this.#doors[v]) : setDnd ? ["ON", "OFF"] : [];
    const verb = verbs.find((v) => v === text);
    try {
      const verdict = this.#policy.judge(arrival);
      if (!verdict.ok) this.#refuse(about, verdict.code, verdict.reason);
      else if (!able.includes(text)) {
        const takes = able.length > 0 ? `it takes ${able.join(", ")}` : "nothing is possible there yet";
        this.#refuse(about, "unknown-command", `the payload is not known on ${topic}: ${takes}`);
      } else if (verb !== undefined) {
        this.#out.command({ door, command: verb, id, ts });
        await this.#doors[verb]?.(door);
      } else {
        const on = text === "ON";
        this.#out.command({ door, command: "dnd", id, on, ts });
        await setDnd?.(door, on);
        this.#out.dnd(door, on);
      }
    } catch (error) {
      this.#refuse(about, "failed", `the command failed: ${sentence(error)}`);
    }
  }

  #refuse(
    { id = randomUUID(), ...about }: { door: string; relay?: string; topic: CommandTopic; id?: string },
    code: Refusal["code"],
    reason: string,
  ): void {
    this.#out.refused({ ...about, code, reason, id, ts: this.#clock.now() });
  }
}
