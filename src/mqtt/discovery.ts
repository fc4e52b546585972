// What Home Assistant is told of a door: one device with its entities (device-based discovery: one retained message a
// device on <prefix>/device/<id>/config, with `device`, `origin` and `components`). Only what is there becomes an entity.
import type { DoorPart } from "../door-states.ts";
import type { Announcement } from "./announcements.ts";
import { callStates, type DoorForMqtt, type DoorsForMqtt } from "./doors.ts";
import type { MqttSettings } from "./settings.ts";
import { slugOf } from "../slug.ts";
import type { Topics } from "./topics.ts";

export type Component = Readonly<Record<string, unknown>> & { readonly platform: string };

/** What of the bridge decides which entities there are. */
export interface Surroundings {
  readonly settings: Pick<
    MqttSettings,
    "base" | "commands" | "signedOnly" | "snapshots" | "discoveryPrefix" | "openAs"
  >;
  readonly topics: Topics;
  readonly can: Pick<DoorsForMqtt, "setDnd">;
}

const origin = { name: "Portero" };

/** Ids hold [a-zA-Z0-9_-] only. */
const idOf = (base: string, door?: string): string =>
  ["portero", slugOf(base), ...(door === undefined ? [] : [slugOf(door)])].join("_");

/** Whether the bridge with this base may have announced something there, be it with another prefix. */
export function isDiscoveryOf(base: string, topic: string): boolean {
  const [, id] = /^[^#+]+\/device\/([a-z0-9_-]+)\/config$/.exec(topic) ?? [];
  return id !== undefined && (id === idOf(base) || id.startsWith(`${idOf(base)}_`));
}

/** The bridge first: the doors' devices hang on it. */
export function discovery(doors: readonly DoorForMqtt[], here: Surroundings): Announcement[] {
  return [bridgeDevice(here), ...doors.map((door) => doorDevice(door, here))];
}

function device(id: string, about: object, components: Readonly<Record<string, Component>>, here: Surroundings) {
  const { settings, topics } = here;
  const named = Object.entries(components).map(([key, part]) => [key, { ...part, unique_id: `${id}_${key}` }]);
  const payload = {
    device: { identifiers: [id], ...about },
    origin,
    components: Object.fromEntries(named) as Record<string, Component>,
    qos: 1,
  };
  const topic = `${settings.discoveryPrefix}/device/${id}/config`;
  return { topic, payload, available: { ...payload, availability: [{ topic: topics.availability }] } };
}

function bridgeDevice(here: Surroundings): Announcement {
  const connected = connectivity("Connection", here.topics.availability);
  const about = { name: `Portero (${here.settings.base})`, model: "MQTT bridge" };
  // Without availability: it is itself what says whether the bridge is there.
  const { topic, payload } = device(idOf(here.settings.base), about, { connected }, here);
  return announcement(topic, payload);
}

function doorDevice(door: DoorForMqtt, here: Surroundings): Announcement {
  const { base } = here.settings;
  const about = { name: door.name, model: "SIP door station", via_device: idOf(base) };
  const { topic, available } = device(idOf(base, door.id), about, entities(door, here), here);
  return announcement(topic, available);
}

function announcement(topic: string, payload: { components: Record<string, Component> }): Announcement {
  const parts = Object.fromEntries(Object.entries(payload.components).map(([key, { platform }]) => [key, platform]));
  return { topic, payload: JSON.stringify(payload), parts };
}

function entities(door: DoorForMqtt, here: Surroundings): Record<string, Component> {
  const { settings, topics, can } = here;
  const of = (topic: Parameters<Topics["of"]>[1]) => topics.of(door.id, topic);
  const commands = settings.commands !== "off";
  return {
    // The other events of a visit are not presses: an automation that waits for this entity must not run at its end.
    bell: {
      platform: "event",
      name: null,
      device_class: "doorbell",
      event_types: ["ring"],
      state_topic: of("event"),
      value_template: "{{ value if value_json.event_type == 'ring' else '' }}",
    },
    call: {
      platform: "sensor",
      name: "Call",
      device_class: "enum",
      options: callStates,
      state_topic: of("call"),
    },
    registered: connectivity("Registered", of("availability")),
    opening: {
      platform: "event",
      name: "Opening",
      event_types: ["opened", "refused"],
      state_topic: of("door/result"),
      value_template: `{{ dict(value_json, event_type='opened' if value_json.ok else 'refused') | tojson }}`,
    },
    ...(settings.snapshots && {
      picture: { platform: "image", name: "Picture", image_topic: of("snapshot"), content_type: "image/jpeg" },
    }),
    ...(commands && opening(door, here)),
    ...(commands &&
      !settings.signedOnly &&
      can.setDnd && {
        dnd: {
          platform: "switch",
          name: "Do not disturb",
          icon: "mdi:bell-off",
          command_topic: of("dnd/set"),
          state_topic: of("dnd"),
          retain: false,
        },
      }),
    ...states(door, topics),
  };
}

/** The first relay as a lock where that is asked for; else each is a button. */
function opening(
  { id, relays = [], ...door }: DoorForMqtt,
  { settings, topics }: Surroundings,
): Record<string, Component> {
  const of = (topic: Parameters<Topics["of"]>[1]) => topics.of(id, topic);
  const [first, ...more] = relays;
  const name = first?.name ?? "Open";
  return {
    ...(settings.openAs === "lock"
      ? { strike: lock(first?.name ?? "Door", of("door/open"), of(door.lock === undefined ? "strike" : "lock")) }
      : { open: button(name, of("door/open")) }),
    ...Object.fromEntries(
      more.map((relay) => [`open_${slugOf(relay.id)}`, button(relay.name, topics.ofRelay(id, relay.id))]),
    ),
  };
}

/** What nobody has told yet is not there yet. */
function states(door: DoorForMqtt, topics: Topics): Record<string, Component> {
  const sensor = (topic: DoorPart, payload_on: string, payload_off: string, more: object): Component | undefined =>
    door[topic] && {
      ...{ platform: "binary_sensor", state_topic: topics.of(door.id, topic), payload_on, payload_off, ...more },
    };
  const found = {
    contact: sensor("contact", "open", "closed", { name: "Contact", device_class: "door" }),
    relay: sensor("relay", "on", "off", { name: "Relay" }),
    // To Home Assistant "on" is what is unlocked.
    lock: sensor("lock", "unlocked", "locked", { name: "Lock", device_class: "lock" }),
  };
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, Component] => entry[1] !== undefined),
  );
}

const connectivity = (name: string, state_topic: string): Component => ({
  ...{ platform: "binary_sensor", name, device_class: "connectivity", entity_category: "diagnostic" },
  ...{ state_topic, payload_on: "online", payload_off: "offline" },
});

const button = (name: string, command_topic: string): Component => ({
  ...{ platform: "button", name, icon: "mdi:door-open", command_topic, payload_press: "PRESS", retain: false },
});

// A strike is momentary: it is unlocked, and locks itself. "Lock" sends nothing that anybody would carry out.
const lock = (name: string, command_topic: string, state_topic: string): Component => ({
  ...{ platform: "lock", name, command_topic, payload_unlock: "PRESS", payload_lock: "" },
  ...{ state_topic, state_locked: "locked", state_unlocked: "unlocked", optimistic: false, retain: false },
});
