// Where the doors are at home besides our own topics: Home Assistant and Homie, as the settings say. The bridge tells what
// happens; what others know of our doors is kept true here. The two share the bridge's connection. Only Homie's last will
// needs one of its own, since a connection has one will, and that of the bridge's is taken.
import { doorParts } from "../door-states.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { Announcements, type Announcement } from "./announcements.ts";
import { Connection } from "./connection.ts";
import { discovery, isDiscoveryOf } from "./discovery.ts";
import type { DoorForMqtt, DoorsForMqtt, OpeningForMqtt, Verb } from "./doors.ts";
import { Homie, type Momentary } from "./homie.ts";
import type { Letter } from "./outbox.ts";
import type { MqttSettings } from "./settings.ts";
import { slugOf } from "../slug.ts";
import type { CommandAddress, DoorTopic, Topics } from "./topics.ts";

/** What they need of the bridge. */
export interface HomesHost {
  readonly settings: MqttSettings;
  readonly topics: Topics;
  readonly can: Pick<DoorsForMqtt, "setDnd" | Verb>;
  readonly online: boolean;
  list(): readonly DoorForMqtt[];
  value(door: string, topic: DoorTopic): string | undefined;
  put(letter: Letter): void;
  setState(door: string, topic: DoorTopic, payload: string): void;
}

export interface HomesDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1. */
  readonly random: () => number;
}

// All that announce themselves hear that Home Assistant is back: not all answer in the same moment.
const longestDelayMs = 5_000;
/** So long a momentary strike is shown as unlocked. */
const pulseMs = 5_000;

export class Homes {
  readonly #host: HomesHost;
  readonly #deps: HomesDeps;
  readonly #announcements: Announcements;
  readonly #assistant: boolean;
  readonly #homie: Homie | undefined;
  readonly #will: Connection | undefined;
  readonly #pulses = new Map<string, Cancel>();
  #begun = false;
  #cancelAgain: Cancel = () => {};

  constructor(host: HomesHost, deps: HomesDeps) {
    this.#host = host;
    this.#deps = deps;
    const { settings } = host;
    const { discovery: chosen, base } = settings;
    this.#assistant = chosen === "home-assistant" || chosen === "both";
    const homie = new Homie(host);
    this.#announcements = new Announcements(
      host.topics.announced,
      {
        list: () => this.#list(),
        put: (letter) => host.put(letter),
        isOurs: (topic) => homie.isOurs(topic) || isDiscoveryOf(base, topic),
      },
      deps.clock,
    );
    if (chosen !== "homie" && chosen !== "both") return;
    this.#homie = homie;
    const clientId = settings.clientId === undefined ? {} : { clientId: `${settings.clientId}-homie` };
    this.#will = new Connection({ ...settings, ...clientId }, { topic: homie.state, payload: "lost" }, deps);
    // After a broken connection of the will's the broker has said "lost".
    this.#will.on("online", () => this.#host.online && this.#retain(homie.state, "ready"));
  }

  /** What to listen to, besides the bridge's own. */
  get filters(): string[] {
    const { discoveryPrefix } = this.#host.settings;
    return [...(this.#assistant ? [`${discoveryPrefix}/status`] : []), ...(this.#homie?.filters ?? [])];
  }

  get #hasStrike(): boolean {
    const { openAs, commands } = this.#host.settings;
    return this.#assistant && openAs === "lock" && commands !== "off";
  }

  #list(): readonly Announcement[] {
    const { settings, topics, can } = this.#host;
    const doors = this.#host.list();
    return [
      ...(this.#assistant ? discovery(doors, { settings, topics, can }) : []),
      ...(this.#homie?.announcements(doors) ?? []),
    ];
  }

  /** The bridge's connection stands, and the states are said. */
  online(): void {
    if (this.#hasStrike) for (const { id } of this.#host.list()) this.#host.setState(id, "strike", "locked");
    this.#announcements.online();
    if (this.#begun) return;
    this.#begun = true;
    this.#will?.start();
  }

  lost(): void {
    // Nobody can reach the doors, although the will's own connection may still stand.
    if (this.#homie) void this.#will?.publish(this.#homie.state, "lost", { qos: 1, retain: true });
  }

  changed(): void {
    this.#announcements.changed();
  }

  /** A command for a door by its slug, `"taken"` for what is nobody else's, or undefined. */
  received(
    topic: string,
    payload: Buffer,
    retained: boolean,
  ): (CommandAddress & { payload: Buffer }) | "taken" | undefined {
    const { discoveryPrefix } = this.#host.settings;
    if (topic === this.#host.topics.announced) {
      // Our own words come back as well, but not as retained ones.
      if (retained) this.#announcements.remembered(payload.toString("utf8"));
      return "taken";
    }
    if (this.#assistant && topic === `${discoveryPrefix}/status`) {
      if (payload.toString("utf8") === "online") this.#again();
      return "taken";
    }
    const read = this.#homie?.read(topic);
    if (!read) return undefined;
    const text = payload.length > 100 ? payload : Buffer.from(read.payload(payload.toString("utf8")));
    return { ...read, payload: text };
  }

  #again(): void {
    this.#cancelAgain();
    const wait = Math.round(this.#deps.random() * longestDelayMs);
    this.#cancelAgain = this.#deps.clock.after(wait, () => this.#announcements.again());
  }

  /** `isNew`: nobody had told of it before, so it is to be announced. */
  state(door: string, topic: DoorTopic, payload: string, isNew: boolean): void {
    if (isNew && (doorParts as readonly string[]).includes(topic)) this.changed();
    const found = this.#homie?.mirror(door, topic, payload);
    if (found) this.#retain(...found);
  }

  event(door: string, event: Readonly<Record<string, unknown>>): void {
    if (event["event_type"] !== "ring") return;
    const { button } = event;
    if (typeof button === "string" && button !== "") this.#momentary(door, "bell/button", button);
    this.#momentary(door, "bell/ring", "pressed");
  }

  result(door: string, { ok, reason, relay }: Pick<OpeningForMqtt, "ok" | "reason" | "relay">): void {
    const { relays = [] } = this.#host.list().find(({ id }) => id === door) ?? {};
    const isFirst = relay === undefined || relays.length === 0 || relays[0]?.id === relay;
    if (ok) this.#momentary(door, isFirst ? "door/open" : `relays/${slugOf(relay)}`, "PRESS");
    this.#momentary(door, "door/result", reason);
    if (ok && isFirst && this.#hasStrike) this.#pulse(door);
  }

  #pulse(door: string): void {
    this.#pulses.get(door)?.();
    this.#host.setState(door, "strike", "unlocked");
    const lock = () => this.#host.setState(door, "strike", "locked");
    this.#pulses.set(door, this.#deps.clock.after(pulseMs, lock));
  }

  #momentary(door: string, property: Momentary, payload: string): void {
    const topic = this.#homie?.momentary(door, property);
    if (topic !== undefined) this.#host.put({ topic, payload, qos: 0, retain: false });
  }

  #retain(topic: string, payload: string): void {
    this.#host.put({ topic, payload, qos: 1, retain: true });
  }

  /** `forget`: the bridge goes for good, and with it what others know of it. To be called before the bridge's connection ends. */
  async close(forget: boolean): Promise<void> {
    this.#cancelAgain();
    for (const cancel of this.#pulses.values()) cancel();
    this.#announcements.close();
    if (forget) this.#announcements.withdraw();
    await this.#will?.close(forget ? "" : "disconnected");
  }
}
