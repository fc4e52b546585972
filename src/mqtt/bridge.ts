// Doors on MQTT: states, events and results go out, commands come in under the rules of policy.ts (X6).
import { EventEmitter } from "node:events";
import type { Clock } from "../clock.ts";
import { doorParts, type DoorState } from "../door-states.ts";
import { sentence } from "../errors.ts";
import { silent, type Log } from "../log.ts";
import { Refusals } from "./audit.ts";
import { Commands } from "./commands.ts";
import { Connection, type BridgeStatus } from "./connection.ts";
import type { CallState, Command, DoorForMqtt, DoorsForMqtt, OpeningForMqtt, Refusal } from "./doors.ts";
import { Homes } from "./homes.ts";
import { Outbox } from "./outbox.ts";
import { CommandPolicy, type LastVisit } from "./policy.ts";
import { checkMqtt, type MqttSettings } from "./settings.ts";
import { Keys, type Key, type KeyMemory } from "./signed.ts";
import { occasions, Templates, type Occasion } from "./templates.ts";
import { Reports } from "./reports.ts";
import { Topics, type CommandTopic, type DoorTopic } from "./topics.ts";

export { checkMqtt };
export type { BridgeStatus, CallState, Command, DoorForMqtt, DoorsForMqtt, LastVisit, MqttSettings, OpeningForMqtt };
export type { Key, KeyMemory, Refusal };

export interface BridgeEvents {
  status: [BridgeStatus];
  command: [Command];
  refused: [Refusal];
}

const rememberedResults = 100;

/** What is known of a door, by topic. */
const told = ({ registered, call, quiet, ...state }: Partial<Omit<DoorForMqtt, "id">>) =>
  Object.entries({
    availability: registered === undefined ? undefined : registered ? "online" : "offline",
    ...{ call, dnd: quiet === undefined ? undefined : quiet ? "ON" : "OFF" },
    ...Object.fromEntries(doorParts.map((topic) => [topic, state[topic]])),
  }).flatMap(([topic, payload]) => (payload === undefined ? [] : [[topic as DoorTopic, payload] as const]));

export class MqttBridge extends EventEmitter<BridgeEvents> {
  readonly #settings: MqttSettings;
  readonly #doors: DoorsForMqtt;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #topics: Topics;
  readonly #connection: Connection;
  readonly #policy: CommandPolicy;
  readonly #outbox: Outbox;
  readonly #refusals: Refusals;
  readonly #templates: Templates;
  readonly #homes: Homes;
  readonly #reports: Reports;
  readonly #states = new Map<string, string>();
  readonly #told: string[] = [];
  #closed = false;

  /** @throws PorteroError `invalid` that names the setting. */
  constructor(
    settings: MqttSettings,
    doors: DoorsForMqtt,
    deps: { clock: Clock; log?: Log; keyMemory?: KeyMemory; random?: () => number },
  ) {
    super();
    const { clock, keyMemory: memory } = deps;
    this.#settings = checkMqtt(settings);
    this.#doors = doors;
    this.#clock = deps.clock;
    this.#log = deps.log ?? silent;
    this.#topics = new Topics(this.#settings.base);
    this.#templates = new Templates(this.#settings.messages, this.#settings.base);
    this.#policy = new CommandPolicy(this.#settings.commands, this.#clock);
    this.#connection = new Connection(this.#settings, { topic: this.#topics.availability, payload: "offline" }, deps);
    this.#outbox = new Outbox(
      this.#clock,
      ({ topic, payload, ...how }) => this.#connection.publish(topic, payload, how),
      ({ topic }) => this.#log.warn(`broker away: a message for ${topic} is given up`),
    );
    const keys = new Keys(this.#settings.keys, {
      ...{ clock, ...(memory && { memory }) },
      trouble: (error) => this.#log.warn(`what was signed cannot be kept over a restart: ${sentence(error)}`),
    });
    this.#refusals = new Refusals(clock, (refusal) => this.#refused(refusal));
    const rules = { policy: this.#policy, keys, signedOnly: this.#settings.signedOnly };
    const commands = new Commands(this.#doors, rules, this.#clock, {
      list: () => this.#list(),
      command: (command) => void this.emit("command", command),
      refused: (refusal, again) => this.#refusals.add(refusal, again),
      result: (door, opening) => this.publishResult(door, opening),
      dnd: (door, on) => this.publishDnd(door, on),
      retained: (door, topic, relay) => void (this.#settings.clearRetained && this.#clear(door, topic, relay)),
    });
    this.#reports = new Reports(this.#settings.base, this.#doors, { clock, log: this.#log });
    this.#homes = new Homes(this.#hostOfHomes(), {
      ...{ clock: this.#clock, log: this.#log, random: deps.random ?? Math.random },
    });
    this.#connection.on("status", (status) => void this.emit("status", status));
    this.#connection.on("online", () => void this.#online());
    this.#connection.on("lost", () => {
      this.#policy.lost();
      this.#homes.lost();
    });
    this.#connection.on("message", (topic, payload, { retain, dup }) => {
      // An empty message is the removal of a retained one, our own included.
      if (this.#closed || payload.length === 0 || this.#reports.received(topic, payload)) return;
      const own = this.#topics.read(topic);
      const read = own ? { ...own, payload } : this.#homes.received(topic, payload, retain);
      if (!read || read === "taken") return;
      // Our own topics are cleared by their doors; Homie's is this one.
      if (!own && retain && this.#settings.clearRetained)
        void this.#connection.publish(topic, "", { qos: 1, retain: true });
      commands.received(read, read.payload, { retained: retain, duplicate: dup });
    });
  }

  get status(): BridgeStatus {
    return this.#connection.status;
  }

  /** The first status comes at once; from then on the connection comes back by itself until `close`. */
  start(): void {
    this.#connection.start();
  }

  /** Not retained. `event.event_type` names it ("ring"); `ts` is added where it is missing. */
  publishEvent(door: string, event: Readonly<Record<string, unknown>>): void {
    const told = { ts: this.#clock.now(), ...event };
    const json = JSON.stringify(told);
    this.#say(door, "event", json);
    this.#sayOwn("event", door, { ...told, event: event["event_type"], json });
    this.#homes.event(door, event);
  }

  publishCallState(door: string, state: CallState): void {
    this.#state(door, "call", state);
  }

  setDoorAvailability(door: string, online: boolean): void {
    this.#state(door, "availability", online ? "online" : "offline");
  }

  /** What is known of the door's contact, relay and lock; each retained. */
  publishDoorState(door: string, state: DoorState): void {
    for (const [topic, payload] of told(state)) this.#state(door, topic, payload);
  }

  publishDnd(door: string, on: boolean): void {
    this.#state(door, "dnd", on ? "ON" : "OFF");
  }

  /** Retained only if the settings say so; otherwise a picture for which there is no connection is dropped. */
  publishSnapshot(door: string, jpeg: Buffer): void {
    const retain = this.#settings.snapshots;
    if (retain || this.#connection.online)
      this.#put({ topic: this.#topics.of(door, "snapshot"), payload: jpeg, qos: 0, retain });
    if (this.#settings.base64 && (retain || this.#connection.online))
      this.#put({ topic: this.#topics.of(door, "snapshot/base64"), payload: jpeg.toString("base64"), qos: 0, retain });
  }

  /** The same opening is published once, however often it is told. */
  publishResult(door: string, opening: OpeningForMqtt): void {
    if (this.#told.includes(opening.id)) return;
    this.#told.push(opening.id);
    if (this.#told.length > rememberedResults) this.#told.shift();
    this.#result(door, opening);
  }

  #result(door: string, { id, relay, ok, confirmed, method, reason, refused, ts }: OpeningForMqtt): void {
    // What is absent is left out.
    const told = { id, relay, ok, confirmed, method: method ?? null, reason, refused, ts };
    const json = JSON.stringify(told);
    this.#say(door, "door/result", json);
    this.#sayOwn("result", door, { ...told, json });
    this.#homes.result(door, { ok, reason, ...(relay !== undefined && { relay }) });
  }

  /** Doors came, went, or have other names or parts: Home Assistant and Homie are told. */
  doorsChanged(): void {
    if (this.#closed) return;
    for (const { id, ...door } of this.#list())
      for (const [topic, payload] of told(door)) this.#state(id, topic, payload);
    this.#homes.changed();
  }

  /** Says `offline` and ends the connection; takes two seconds at most. `forget`: others forget the doors. */
  async close({ forget = false } = {}): Promise<void> {
    if (this.#closed) return;
    this.#policy.lost();
    this.#refusals.close();
    const homes = this.#homes.close(forget);
    this.#closed = true;
    await Promise.all([homes, this.#connection.close("offline")]);
  }

  #say(door: string, topic: DoorTopic, payload: string): void {
    this.#put({ topic: this.#topics.of(door, topic), payload, qos: 1, retain: false });
  }

  /** What the user has asked for beside our own topics; retained where ours is. */
  #sayOwn(on: Occasion, door: string, told: Readonly<Record<string, unknown>>): void {
    const name = this.#list().find(({ id }) => id === door)?.name ?? door;
    const json = String(told["json"]);
    const retain = on !== "event" && on !== "result";
    for (const { topic, payload } of this.#templates.of(on, { ts: this.#clock.now(), ...told, door, name, json })) {
      if (retain) this.#states.set(topic, payload);
      this.#put({ topic, payload, qos: 1, retain });
    }
  }

  #state(door: string, name: DoorTopic, payload: string): void {
    const topic = this.#topics.of(door, name);
    const before = this.#states.get(topic);
    if (before === payload) return;
    this.#states.set(topic, payload);
    this.#put({ topic, payload, qos: 1, retain: true });
    this.#homes.state(door, name, payload, before === undefined);
    this.#ownState(door, name, payload);
  }

  #ownState(door: string, name: string, state: string): void {
    const on = occasions.find((one) => one === name);
    if (on) this.#sayOwn(on, door, { state, json: state });
  }

  #hostOfHomes(): ConstructorParameters<typeof Homes>[0] {
    const isOnline = () => this.#connection.online;
    return {
      ...{ settings: this.#settings, topics: this.#topics, can: this.#doors, list: () => this.#list() },
      get online() {
        return isOnline();
      },
      value: (door, topic) => this.#states.get(this.#topics.of(door, topic)),
      put: (letter) => this.#put(letter),
      setState: (door, topic, payload) => this.#state(door, topic, payload),
    };
  }

  #put(letter: Parameters<Outbox["put"]>[0]): void {
    if (this.#closed) return;
    this.#outbox.put(letter);
    if (this.#connection.online) this.#outbox.flush();
  }

  async #online(): Promise<void> {
    this.#policy.connected();
    // The broker may have been restarted without its memory, and our last will has spoken: everything is said anew.
    const states = new Map(this.#states);
    const known = this.#list().flatMap(({ id, ...door }) => told(door).map((one) => [id, ...one] as const));
    for (const [id, topic, payload] of known) states.set(this.#topics.of(id, topic), payload);
    this.#outbox.put({ topic: this.#topics.availability, payload: "online", qos: 1, retain: true });
    for (const [topic, payload] of states) {
      this.#states.set(topic, payload);
      this.#outbox.put({ topic, payload, qos: 1, retain: true });
    }
    for (const [id, topic, payload] of known) this.#ownState(id, topic, payload);
    this.#outbox.flush();
    this.#homes.online();
    // With MQTT 5 the retained ones are not even sent to us, so they are cleared unseen, and before we listen.
    if (this.#settings.clearRetained)
      await Promise.all(
        this.#list().flatMap(({ id, relays = [] }) =>
          [undefined, ...relays].map((relay) => this.#clear(id, "door/open", relay?.id)),
        ),
      );
    this.#connection.subscribe(
      [...this.#topics.commands, ...this.#homes.filters],
      [this.#topics.announced, ...this.#reports.filters],
    );
  }

  #clear(door: string, command: CommandTopic, relay?: string): Promise<unknown> {
    const topic = relay === undefined ? this.#topics.of(door, command) : this.#topics.ofRelay(door, relay);
    return this.#connection.publish(topic, "", { qos: 1, retain: true });
  }

  #list(): readonly DoorForMqtt[] {
    try {
      return this.#doors.list();
    } catch (error) {
      this.#log.error(`the doors cannot be listed: ${sentence(error)}`);
      return [];
    }
  }

  #refused(refusal: Refusal): void {
    const { door, relay, topic, code, reason, id, ts } = refusal;
    this.#log.warn(`mqtt: ${topic} for ${door} refused: ${reason}`);
    try {
      this.emit("refused", refusal);
    } catch (error) {
      this.#log.error(`a listener to refusals failed: ${sentence(error)}`);
    }
    const isOurs = this.#list().some((known) => known.id === door);
    // A refusal is no opening: the same id may still have one that succeeds.
    if (topic === "door/open" && isOurs)
      this.#result(door, { id, ...(relay !== undefined && { relay }), ok: false, reason, refused: code, ts });
  }
}
