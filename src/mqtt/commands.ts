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
import { no } from "./verdict.ts";
import { readSigned, type Keys } from "./signed.ts";
import { slugOf } from "../slug.ts";
import type { CommandAddress, CommandTopic } from "./topics.ts";

/** Where it is said what became of a command. */
export interface Outcomes {
  list(): readonly DoorForMqtt[];
  command(command: Command): void;
  /** `again`: it is only to be counted. */
  refused(refusal: Refusal, again: boolean): void;
  result(door: string, opening: OpeningForMqtt): void;
  dnd(door: string, on: boolean): void;
  /** The broker holds a retained command. */
  retained(door: string, topic: CommandTopic, relay?: string): void;
}

export interface CommandRules {
  readonly policy: CommandPolicy;
  readonly keys: Keys;
  /** Whether `call/set` and `dnd/set` must be signed. */
  readonly signedOnly: boolean;
}

// A signed request has 600 letters at most; a longer payload is not even decoded.
const longestPayload = 1_000;

type About = Pick<Refusal, "door" | "topic" | "id" | "key" | "relay">;

/** What is wanted, once it is clear that it may be. */
interface Wish {
  readonly about: About;
  /** As in a signed request: `open`, `open:<relay>`, a verb, `ON` or `OFF`. */
  readonly action: string;
}

export class Commands {
  readonly #doors: DoorsForMqtt;
  readonly #rules: CommandRules;
  readonly #clock: Clock;
  readonly #out: Outcomes;

  constructor(doors: DoorsForMqtt, rules: CommandRules, clock: Clock, out: Outcomes) {
    this.#doors = doors;
    this.#rules = rules;
    this.#clock = clock;
    this.#out = out;
  }

  received(read: CommandAddress, payload: Buffer, arrival: Arrival): void {
    const { command: topic } = read;
    const door = this.#out.list().find((d) => slugOf(d.id) === read.door);
    const id = randomUUID();
    if (door === undefined) {
      this.#refuse({ door: read.door.slice(0, 64), topic, id }, "unknown-door", "there is no such door here");
      return;
    }
    const relay = read.relay === undefined ? {} : { relay: read.relay.slice(0, 64) };
    if (arrival.retained) this.#out.retained(door.id, topic, relay.relay);
    const about: About = { door: door.id, topic, id, ...relay };
    try {
      const wish = this.#wish(read, about, payload, arrival);
      if (!wish) return;
      if (topic === "door/open") void this.#open(door, wish);
      else void this.#control(door.id, wish);
    } catch (error) {
      this.#refuse(about, "failed", `the command failed: ${sentence(error)}`);
    }
  }

  /** False where it is refused, which is said. */
  #wish(read: CommandAddress, about: About, payload: Buffer, arrival: Arrival): Wish | false {
    const { policy, signedOnly } = this.#rules;
    const isLong = payload.length > longestPayload;
    const text = isLong ? "" : payload.toString("utf8").trim();
    const isSigned = isLong || text.startsWith("{");
    const fresh = policy.judge(arrival, isSigned ? "signed" : "plain");
    if (!fresh.ok) return this.#refuse(about, fresh.code, fresh.reason);
    if (isLong) return this.#refuse(about, "too-long", `no command is longer than ${longestPayload} bytes`);
    if (isSigned) return this.#signed(read, about, text);
    if (about.topic !== "door/open") {
      const why = "only signed commands are taken here: sign it, or allow others in the mqtt-bridge node";
      return signedOnly ? this.#refuse(about, "unsigned", why) : { about, action: text };
    }
    if (text !== "PRESS")
      return this.#refuse(about, "unknown-command", "the payload must be PRESS or a signed request");
    return { about, action: about.relay === undefined ? "open" : `open:${about.relay}` };
  }

  #signed(read: CommandAddress, about: About, text: string): Wish | false {
    let request: ReturnType<typeof readSigned>;
    try {
      request = readSigned(text);
    } catch (error) {
      return this.#refuse(about, "malformed", sentence(error));
    }
    const { keys } = this.#rules;
    const genuine = keys.signed(request);
    // Its id is its own business only from here on: a forged one must not take the place of a real one.
    if (!genuine.ok) return this.#refuse(about, genuine.code, genuine.reason);
    const { id, key, action, door } = request;
    const named: About = { ...about, id, key };
    const isMeant = door === read.door && (about.relay === undefined || action === `open:${about.relay}`);
    const verdict = isMeant ? keys.use(request) : no("forged", "signed for another door or relay than its topic names");
    if (!verdict.ok) return this.#refuse(named, verdict.code, verdict.reason);
    return { about: named, action };
  }

  async #open({ id: door, relays = [] }: DoorForMqtt, { about, action }: Wish): Promise<unknown> {
    const { policy } = this.#rules;
    const { id, key } = about;
    const named = /^open:(.+)$/.exec(action)?.[1];
    const relay = relays.find((one) => slugOf(one.id) === named)?.id;
    try {
      if (named === undefined && action !== "open")
        return this.#refuse(about, "unknown-command", "the action must be open or open:<relay>");
      if (named !== undefined && relay === undefined)
        return this.#refuse(
          { ...about, relay: named },
          "unknown-relay",
          "the door has no such relay: name one of its list, or use door/open",
        );
      const visit = this.#doors.lastVisit(door);
      const ask = { door, relay: relay ?? relays[0]?.id, key };
      const verdict = key === undefined ? policy.judgePress(ask, visit) : policy.judgeSigned(ask, id);
      if (!verdict.ok) return this.#refuse(about, verdict.code, verdict.reason, verdict.again);
      let isRefused = false;
      try {
        const recent = visit === undefined ? {} : { visit: visit.id };
        const asked = { door, ...(relay !== undefined && { relay }), id, ...recent };
        const signer = key === undefined ? {} : { key };
        this.#out.command({ ...asked, ...signer, command: "open", ts: this.#clock.now() });
        const as = { kind: "mqtt", name: key ?? "mqtt" } as const;
        const by = key === undefined ? "mqtt" : `mqtt:${key}`;
        const opening = await this.#doors.open({ ...asked, by, as });
        isRefused = opening.refused !== undefined;
        this.#out.result(door, opening);
      } finally {
        policy.opened(ask, isRefused);
      }
    } catch (error) {
      this.#refuse(about, "failed", `opening failed: ${sentence(error)}`);
    }
  }

  async #control(door: string, { about, action }: Wish): Promise<void> {
    const { topic, id, key } = about;
    const { setDnd } = this.#doors;
    const able = topic === "call/set" ? verbs.filter((v) => this.#doors[v]) : setDnd ? ["ON", "OFF"] : [];
    const verb = verbs.find((v) => v === action);
    const told = { door, id, ...(key !== undefined && { key }), ts: this.#clock.now() };
    try {
      if (!able.includes(action)) {
        const takes = able.length > 0 ? `it takes ${able.join(", ")}` : "nothing is possible there yet";
        this.#refuse(about, "unknown-command", `the payload is not known on ${topic}: ${takes}`);
      } else if (verb !== undefined) {
        this.#out.command({ ...told, command: verb });
        await this.#doors[verb]?.(door);
      } else {
        const on = action === "ON";
        this.#out.command({ ...told, command: "dnd", on });
        await setDnd?.(door, on);
        this.#out.dnd(door, on);
      }
    } catch (error) {
      this.#refuse(about, "failed", `the command failed: ${sentence(error)}`);
    }
  }

  #refuse(about: About, code: Refusal["code"], reason: string, again = false): false {
    this.#out.refused({ ...about, code, reason, ts: this.#clock.now() }, again);
    return false;
  }
}
