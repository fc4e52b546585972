// Home Assistant's device discovery, checked by a schema written from its documentation: what a message must have, and which
// fields each platform knows.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { discovery } from "../../src/mqtt/discovery.ts";
import { checkMqtt, type MqttSettings } from "../../src/mqtt/settings.ts";
import { Topics } from "../../src/mqtt/topics.ts";
import { checker } from "../../src/schema.ts";
import { without } from "../support/peers.ts";
import { Broker } from "./broker.ts";
import { House, setting, type Setting } from "./house.ts";

const text = { type: "string", minLength: 1 } as const;
const topic = { type: "string", pattern: "^[^#+]+$" } as const;
const shared = { platform: text, unique_id: { type: "string", pattern: "^[a-zA-Z0-9_-]+$" } } as const;
const common = { name: { type: ["string", "null"] }, icon: text, entity_category: { enum: ["diagnostic"] } } as const;
const never = { const: false } as const;

/** A platform's own fields; those of `required` must be there. */
const platform = (name: string, required: readonly string[], properties: object) => ({
  type: "object",
  additionalProperties: false,
  required: ["platform", "unique_id", ...required],
  properties: { ...shared, ...common, platform: { const: name }, ...properties },
});

const platforms = [
  platform("event", ["state_topic", "event_types"], {
    state_topic: topic,
    event_types: { type: "array", items: text },
    device_class: { enum: ["button", "doorbell", "motion"] },
    value_template: text,
  }),
  platform("sensor", ["state_topic"], {
    ...{ state_topic: topic, device_class: { const: "enum" }, options: { type: "array", items: text } },
  }),
  platform("binary_sensor", ["state_topic"], {
    ...{ state_topic: topic, device_class: { enum: ["connectivity", "door", "lock"] } },
    ...{ payload_on: text, payload_off: text },
  }),
  platform("image", ["image_topic"], {
    ...{ image_topic: topic, content_type: { const: "image/jpeg" }, image_encoding: { const: "b64" } },
  }),
  platform("button", ["command_topic"], { command_topic: topic, payload_press: text, retain: never }),
  platform("switch", ["command_topic"], { command_topic: topic, state_topic: topic, retain: never }),
  platform("lock", ["command_topic"], {
    ...{ command_topic: topic, payload_unlock: text, payload_lock: { type: "string" }, retain: never },
    ...{ state_topic: topic, state_locked: text, state_unlocked: text, optimistic: never },
  }),
];

const checkMessage = checker("discovery", {
  type: "object",
  additionalProperties: false,
  required: ["device", "origin", "components"],
  properties: {
    device: {
      type: "object",
      additionalProperties: false,
      required: ["identifiers"],
      properties: {
        identifiers: { type: "array", minItems: 1, items: text },
        ...{ name: text, model: text, manufacturer: text, via_device: text, sw_version: text },
      },
    },
    origin: { type: "object", additionalProperties: false, required: ["name"], properties: { name: text } },
    availability: {
      type: "array",
      items: { type: "object", additionalProperties: false, required: ["topic"], properties: { topic } },
    },
    qos: { enum: [0, 1, 2] },
    components: { type: "object", additionalProperties: { type: "object", required: ["platform"] } },
  },
});
const checkComponent = new Map(
  platforms.map((schema) => [
    schema.properties.platform.const,
    checker(schema.properties.platform.const, schema as never),
  ]),
);

type Told = {
  device: { identifiers: string[]; via_device?: string };
  components: Record<string, { platform: string; unique_id: string } & Record<string, unknown>>;
};

/** Throws where a message is none that Home Assistant takes. */
function checked(payload: string): Told {
  const message = checkMessage(JSON.parse(payload)) as unknown as Told;
  for (const component of Object.values(message.components)) {
    const check = checkComponent.get(component.platform) ?? assert.fail(`no platform: ${component.platform}`);
    check(component);
  }
  return message;
}

const front = { id: "Front Tür", name: "Frontdoor", registered: true, call: "idle" } as const;

function told(more: Partial<MqttSettings> = {}, can: { setDnd?: () => void } = { setDnd: () => {} }) {
  const settings = checkMqtt({ url: "mqtt://broker", ...more });
  const list = discovery([front], { settings, topics: new Topics(settings.base), can });
  return list.map(({ topic, payload }) => ({ topic, message: checked(payload) }));
}

describe("Home Assistant's discovery", () => {
  for (const commands of ["off", "visit", "always"] as const)
    for (const openAs of ["button", "lock"] as const)
      for (const snapshots of [true, false])
        for (const can of [{}, { setDnd: () => {} }])
          it(`has all that its documentation asks for: ${commands}, ${openAs}, ${snapshots}, ${"setDnd" in can}`, () => {
            const [bridge, door] = told({ commands, openAs, snapshots, base: "home/bell" }, can);
            assert.deepEqual(
              [bridge?.topic, door?.topic],
              ["portero_home-bell", "portero_home-bell_front-tur"].map((id) => `homeassistant/device/${id}/config`),
            );
            assert.equal(door?.message.device.via_device, bridge?.message.device.identifiers[0]);
            const ids = [bridge, door].flatMap((one) => Object.values(one?.message.components ?? {}));
            assert.equal(new Set(ids.map(({ unique_id }) => unique_id)).size, ids.length);
            const names = Object.keys(door?.message.components ?? {});
            const open = commands === "off" ? [] : [openAs === "lock" ? "strike" : "open"];
            const wanted = ["bell", "call", "registered", "opening", ...(snapshots ? ["picture"] : []), ...open];
            assert.deepEqual(names, [...wanted, ...(commands !== "off" && "setDnd" in can ? ["dnd"] : [])]);
          });

  it("has a button for each relay, and what is known of the door itself", () => {
    const settings = checkMqtt({ url: "mqtt://broker" });
    const relays = [
      { id: "door", name: "Door" },
      { id: "Gate 2", name: "Gate" },
    ];
    const door = { ...front, relays, contact: "open", relay: "off", lock: "locked" } as const;
    const components = (openAs: "button" | "lock") => {
      const here = { settings: { ...settings, openAs }, topics: new Topics(settings.base), can: {} };
      return checked(discovery([door], here)[1]?.payload ?? "").components;
    };
    const { open, open_gate_2: none, "open_gate-2": gate, contact, relay, lock } = components("button");
    assert.deepEqual([open?.["name"], gate?.["name"], none], ["Door", "Gate", undefined]);
    assert.equal(gate?.["command_topic"], "doorbell/front-tur/relay/gate-2/open");
    assert.deepEqual(
      [contact, relay, lock].map((one) => [one?.["state_topic"], one?.["payload_on"], one?.["device_class"]]),
      [
        ["doorbell/front-tur/contact", "open", "door"],
        ["doorbell/front-tur/relay", "on", undefined],
        ["doorbell/front-tur/lock", "unlocked", "lock"],
      ],
    );
    // A lock that tells of itself is believed.
    assert.equal(components("lock")["strike"]?.["state_topic"], "doorbell/front-tur/lock");
  });

  it("has a doorbell that rings, and says nothing at the other events of a visit", () => {
    const { bell } = told()[1]?.message.components ?? {};
    assert.deepEqual([bell?.["device_class"], bell?.["event_types"]], ["doorbell", ["ring"]]);
    assert.match(String(bell?.["value_template"]), /^\{\{ value if value_json\.event_type == 'ring' else '' \}\}$/);
  });

  it("has no switch that would be refused for want of a signature", () => {
    assert.equal(told({ signedOnly: true })[1]?.message.components["dnd"], undefined);
  });

  it("takes another prefix", () => {
    assert.match(told({ discoveryPrefix: "ha/test" })[0]?.topic ?? "", /^ha\/test\/device\/portero_doorbell\/config$/);
  });
});

const skip = without("mosquitto", "mosquitto_pub", "mosquitto_sub");
const devices = "homeassistant/device/+/config";

async function announced(broker: Broker, { bridge }: Setting): Promise<void> {
  bridge.start();
  await broker.log(/Sending SUBACK to bridge/);
}

/** Lets time pass until a line is there: what the broker remembers takes its own time to reach us. */
async function inTime<T>({ clock }: Setting, line: Promise<T>): Promise<void> {
  const isThere = line.then(() => true);
  while (!(await Promise.race([isThere, clock.advance(2_000).then(() => false)])));
}

describe("Home Assistant at a broker, with mosquitto", { skip }, () => {
  it("is told of bridge and door, retained, and once more a moment after it came back", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch(devices);
    await using house = setting(broker.url, { discovery: "home-assistant" });
    await announced(broker, house);
    await watcher.line(/portero_doorbell_front\/config \{/);
    for (const line of watcher.lines) checked(line.slice(line.indexOf("{")));
    await broker.publish("homeassistant/status", "offline");
    await broker.publish("homeassistant/status", "online", "-r");
    await broker.log(/PUBLISH to bridge.*homeassistant\/status/, 2);
    await house.clock.advance(2_499);
    await broker.publish("homeassistant/device/end/config", "end");
    await watcher.line(/ end$/);
    assert.equal(watcher.lines.length, 3);
    await house.clock.advance(1);
    await watcher.line(/portero_doorbell_front\/config \{/);
    await using late = await broker.watch(devices);
    await late.line(/^1 1 homeassistant\/device\/portero_doorbell_front\/config \{/);
  });

  it("forgets a door that went while we were away, its own device where the node goes, and all where it is switched off", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch(devices);
    const both = new House();
    both.others = [{ id: "back", name: "Back", registered: true, call: "idle" }];
    const first = setting(broker.url, { discovery: "home-assistant" }, both);
    first.bridge.start();
    await inTime(first, broker.log(/PUBLISH from bridge.*bridge\/announced/));
    await watcher.line(/portero_doorbell_back\/config \{/);
    await first.bridge.close();
    const second = setting(broker.url, { discovery: "home-assistant" });
    second.bridge.start();
    await inTime(second, watcher.line(/portero_doorbell_back\/config $/));
    await second.bridge.close();
    await using third = setting(broker.url, { discovery: "off" });
    third.bridge.start();
    await inTime(third, watcher.line(/portero_doorbell_front\/config $/));
    const fourth = setting(broker.url, { discovery: "home-assistant", clientId: "other" });
    fourth.bridge.start();
    await watcher.line(/portero_doorbell_front\/config \{/);
    await fourth.bridge.close({ forget: true });
    await watcher.line(/portero_doorbell_front\/config $/);
    await using late = await broker.watch("#");
    await broker.publish("end", "end");
    await late.line(/end end/);
    assert.deepEqual(
      late.lines.filter((line) => line.includes("homeassistant") || line.includes("announced")),
      [],
    );
  });

  it("shows a strike as a lock that locks itself", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/front/strike");
    await using house = setting(broker.url, { discovery: "home-assistant", openAs: "lock" });
    await announced(broker, house);
    await house.clock.advance(2_000);
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/unlocked/);
    await house.clock.advance(5_000);
    await broker.publish("doorbell/front/strike", "end");
    await watcher.line(/ end$/);
    assert.deepEqual(
      watcher.lines.map((line) => line.split(" ")[3]),
      ["locked", "unlocked", "locked", "end"],
    );
  });
});
