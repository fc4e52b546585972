// Doors as devices of the Homie convention 5: each a child of one root device, which is the bridge. Ring, open and result are
// momentary (never retained, QoS 0), all else is a state. What may be set goes the way of every other command.
import { doorParts, doorStates } from "../door-states.ts";
import { createHash } from "node:crypto";
import type { Announcement } from "./announcements.ts";
import { callStates, verbs, type DoorForMqtt, type DoorsForMqtt, type Verb } from "./doors.ts";
import type { MqttSettings } from "./settings.ts";
import { slugOf } from "../slug.ts";
import type { CommandAddress, CommandTopic, DoorTopic } from "./topics.ts";

interface Property {
  readonly name: string;
  readonly datatype: "boolean" | "enum" | "string";
  readonly format?: string;
  readonly settable?: boolean;
  readonly retained?: false;
}

/** Which of our topics a property repeats, and how it says it. */
interface Mirror {
  readonly from: DoorTopic;
  readonly value: (payload: string) => string;
}

export interface HomieHost {
  readonly settings: Pick<MqttSettings, "base" | "commands" | "signedOnly">;
  readonly can: Pick<DoorsForMqtt, "setDnd" | Verb>;
  /** The last value of a state. */
  value(door: string, topic: DoorTopic): string | undefined;
}

const asIs = (payload: string): string => payload;

/** By `<node>/<property>`. */
const mirrors: Readonly<Record<string, Mirror>> = {
  "bell/registered": { from: "availability", value: (payload) => String(payload === "online") },
  "bell/call": { from: "call", value: asIs },
  "bell/dnd": { from: "dnd", value: (payload) => String(payload === "ON") },
  ...Object.fromEntries(doorParts.map((from) => [`door/${from}`, { from, value: asIs }])),
};

/** What nobody has told yet is not there yet. */
const states: Readonly<Record<string, Property>> = {
  "door/contact": { name: "Contact", datatype: "enum", format: doorStates.contact.join(",") },
  "door/relay": { name: "Relay", datatype: "enum", format: doorStates.relay.join(",") },
  "door/lock": { name: "Lock", datatype: "enum", format: doorStates.lock.join(",") },
};

const settable: Readonly<Record<string, CommandTopic>> = {
  "door/open": "door/open",
  "bell/control": "call/set",
  "bell/dnd": "dnd/set",
};

const nodes = [
  ["bell", { name: "Bell" }],
  ["door", { name: "Door" }],
  ["relays", { name: "Other relays" }],
] as const;

/** The properties that only tell what happens. */
export type Momentary = "bell/ring" | "bell/button" | "door/open" | "door/result" | `relays/${string}`;

export class Homie {
  /** The root device. */
  readonly root: string;
  readonly #host: HomieHost;

  constructor(host: HomieHost) {
    this.#host = host;
    this.root = `portero-${slugOf(host.settings.base)}`;
  }

  /** Where the root's state is: the last will is said there, and counts for all its children. */
  get state(): string {
    return this.#of(this.root, "$state");
  }

  get filters(): string[] {
    return [...Object.keys(settable), "relays/+"].map((property) => `homie/5/+/${property}/set`);
  }

  isOurs(topic: string): boolean {
    const device = topic.startsWith("homie/5/") ? topic.split("/")[2] : undefined;
    return device !== undefined && (device === this.root || device.startsWith(`${this.root}--`));
  }

  /** The children first, so that whoever reads of them in the root's description finds them. */
  announcements(doors: readonly DoorForMqtt[]): Announcement[] {
    const root = { name: `Portero (${this.#host.settings.base})`, children: doors.map(({ id }) => this.#child(id)) };
    return [...doors.map((door) => this.#announce(door)), this.#describe(this.root, root, [])];
  }

  /** The property's topic and payload, if there is one for this state. */
  mirror(door: string, topic: DoorTopic, payload: string): readonly [topic: string, payload: string] | undefined {
    const [property, found] = Object.entries(mirrors).find(([, { from }]) => from === topic) ?? [];
    return found && [this.#of(this.#child(door), property ?? ""), found.value(payload)];
  }

  momentary(door: string, property: Momentary): string {
    return this.#of(this.#child(door), property);
  }

  /** The command that arrives on a topic; undefined where it is none of ours. */
  read(topic: string): (CommandAddress & { payload: (text: string) => string }) | undefined {
    const [, , device = "", node = "", property = "", set, ...more] = topic.split("/");
    const relay = node === "relays" ? { relay: property } : {};
    const command = node === "relays" ? "door/open" : settable[`${node}/${property}`];
    if (set !== "set" || more.length > 0 || command === undefined || !device.startsWith(`${this.root}--`)) return;
    const said: Readonly<Record<string, string>> = command === "dnd/set" ? { true: "ON", false: "OFF" } : {};
    const payload = (text: string) => (Object.hasOwn(said, text) ? (said[text] ?? text) : text);
    return { door: device.slice(this.root.length + 2), command, ...relay, payload };
  }

  // A slug holds no two hyphens in a row: no door of this bridge has the id of another bridge.
  #child(door: string): string {
    return `${this.root}--${slugOf(door)}`;
  }

  #of(device: string, rest: string): string {
    return `homie/5/${device}/${rest}`;
  }

  #announce(door: DoorForMqtt): Announcement {
    const { id, name } = door;
    const device = this.#child(id);
    const properties = Object.entries(this.#properties(door));
    const described = nodes.flatMap(([node, about]) => {
      const own = properties.filter(([property]) => property.startsWith(`${node}/`));
      const named = Object.fromEntries(own.map(([at, one]) => [at.slice(node.length + 1), one]));
      return own.length > 0 ? [[node, { ...about, properties: named }] as const] : [];
    });
    const about = { name, type: "door-station", root: this.root, nodes: Object.fromEntries(described) as object };
    const values = properties.flatMap(([property]) => {
      const value = this.#value(id, property);
      return value === undefined ? [] : [[this.#of(device, property), value] as const];
    });
    return this.#describe(device, about, values);
  }

  #describe(device: string, about: object, values: readonly (readonly [string, string])[]): Announcement {
    const state = this.#of(device, "$state");
    const hash = createHash("sha256").update(JSON.stringify(about)).digest();
    return {
      topic: this.#of(device, "$description"),
      // Another number for another text, the same after a restart.
      payload: JSON.stringify({ homie: "5.0", version: hash.readUInt32BE(), ...about }),
      before: [[state, "init"]],
      after: [...values, [state, "ready"]],
    };
  }

  #value(door: string, property: string): string | undefined {
    const mirror = mirrors[property];
    const said = mirror && this.#host.value(door, mirror.from);
    return said === undefined ? undefined : mirror?.value(said);
  }

  #properties({ id, relays = [] }: DoorForMqtt): Record<string, Property> {
    const { settings, can } = this.#host;
    const able = verbs.filter((verb) => can[verb]).join(",");
    const may = settings.commands !== "off";
    const mayUnsigned = may && !settings.signedOnly;
    const open = (name: string): Property => ({
      ...{ name, datatype: "enum", format: "PRESS", settable: may, retained: false },
    });
    const [first, ...more] = relays;
    return {
      "bell/ring": { name: "Ring", datatype: "enum", format: "pressed", retained: false },
      "bell/button": { name: "Button", datatype: "string", retained: false },
      "bell/registered": { name: "Registered", datatype: "boolean" },
      "bell/call": { name: "Call", datatype: "enum", format: callStates.join(",") },
      ...(mayUnsigned &&
        can.setDnd && { "bell/dnd": { name: "Do not disturb", datatype: "boolean", settable: true } as const }),
      ...(mayUnsigned &&
        able !== "" && {
          "bell/control": {
            ...{ name: "End the visit", datatype: "enum", format: able, settable: true, retained: false },
          } as const,
        }),
      "door/open": open(first?.name ?? "Open"),
      "door/result": { name: "Result", datatype: "string", retained: false },
      ...Object.fromEntries(Object.entries(states).filter(([property]) => this.#value(id, property) !== undefined)),
      ...Object.fromEntries(more.map((relay) => [`relays/${slugOf(relay.id)}`, open(relay.name)])),
    };
  }
}
