// Homie convention 5.0: topics, states, descriptions and the last will, with mosquitto; and that /set is judged as any command.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Homie } from "../../src/mqtt/homie.ts";
import { checker } from "../../src/schema.ts";
import { without } from "../support/peers.ts";
import { Broker } from "./broker.ts";
import { House, setting } from "./house.ts";
import { Wire } from "./wire.ts";

const text = { type: "string", minLength: 1 } as const;
/** Topic ids of the convention. */
const id = "^[a-z0-9-]+$";
const byId = (value: object) => ({ type: "object", patternProperties: { [id]: value }, additionalProperties: false });
const property = {
  type: "object",
  additionalProperties: false,
  required: ["datatype"],
  properties: {
    name: text,
    datatype: { enum: ["integer", "float", "boolean", "string", "enum", "color", "datetime", "duration", "json"] },
    format: text,
    settable: { type: "boolean" },
    retained: { type: "boolean" },
  },
};
interface Description {
  readonly version: number;
  readonly root?: string;
  readonly children?: string[];
  readonly nodes?: Readonly<Record<string, { properties: Record<string, { settable?: boolean; retained?: boolean }> }>>;
}
/** Of properties that have any name no type can be made. */
type Check = (what: string, schema: object) => (value: unknown) => Description;
const checkDescription = (checker as Check)("$description", {
  type: "object",
  additionalProperties: false,
  required: ["homie", "version"],
  properties: {
    homie: { const: "5.0" },
    version: { type: "integer", minimum: 0 },
    name: text,
    type: text,
    root: { type: "string", pattern: id },
    children: { type: "array", items: { type: "string", pattern: id } },
    nodes: byId({
      type: "object",
      additionalProperties: false,
      properties: { name: text, properties: byId(property) },
    }),
  },
});

const relays = [
  { id: "door", name: "Door" },
  { id: "Gate 2", name: "Gate" },
];
const front = { id: "front", name: "Frontdoor", registered: true, call: "idle", relays } as const;

function described(commands: "off" | "visit", values: Record<string, string> = {}, signedOnly = false) {
  const homie = new Homie({
    settings: { base: "home/bell", commands, signedOnly },
    can: { setDnd: () => {}, stop: () => {} },
    value: (_door, topic) => values[topic],
  });
  const [door, root] = homie.announcements([front]);
  assert.ok(door && root);
  return { homie, door, root, about: checkDescription(JSON.parse(door.payload)) };
}

describe("A door in Homie 5", () => {
  it("is a child of the bridge, which has the last will for both", () => {
    const { homie, door, root, about } = described("visit");
    assert.equal(homie.state, "homie/5/portero-home-bell/$state");
    assert.equal(door.topic, "homie/5/portero-home-bell--front/$description");
    assert.deepEqual(checkDescription(JSON.parse(root.payload)).children, ["portero-home-bell--front"]);
    assert.equal(about.root, "portero-home-bell");
    assert.deepEqual(door.before, [["homie/5/portero-home-bell--front/$state", "init"]]);
    assert.deepEqual(door.after?.at(-1), ["homie/5/portero-home-bell--front/$state", "ready"]);
  });

  it("has momentary properties for what happens, and states for what is known; each relay can be opened", () => {
    const { about, door } = described("visit", { call: "ringing", availability: "online", contact: "open", dnd: "ON" });
    const { bell, door: itself, relays: others } = about.nodes ?? {};
    assert.deepEqual(Object.keys(bell?.properties ?? {}), ["ring", "button", "registered", "call", "dnd", "control"]);
    assert.deepEqual(Object.keys(itself?.properties ?? {}), ["open", "result", "contact"]);
    assert.deepEqual(Object.keys(others?.properties ?? {}), ["gate-2"]);
    const all = [bell, itself, others].flatMap((node) => Object.entries(node?.properties ?? {}));
    const momentary = all.filter(([, { retained }]) => retained === false).map(([name]) => name);
    assert.deepEqual(momentary, ["ring", "button", "control", "open", "result", "gate-2"]);
    assert.deepEqual(
      door.after?.slice(0, -1).map(([topic, value]) => `${topic.split("/").slice(3).join("/")} ${value}`),
      ["bell/registered true", "bell/call ringing", "bell/dnd true", "door/contact open"],
    );
  });

  it("lets nothing be set while commands are off, and nothing but doors where all else must be signed", () => {
    const settable = ({ about }: ReturnType<typeof described>) =>
      Object.values(about.nodes ?? {})
        .flatMap(({ properties }) => Object.entries(properties))
        .filter(([, one]) => one.settable)
        .map(([name]) => name);
    assert.deepEqual(settable(described("off")), []);
    assert.deepEqual(settable(described("visit", {}, true)), ["open", "gate-2"]);
  });

  it("changes the version of its description with the description, not with a restart", () => {
    const [one, same, other] = [described("visit"), described("visit"), described("off")].map(
      ({ about }) => about.version,
    );
    assert.equal(one, same);
    assert.notEqual(one, other);
  });

  it("takes only its own /set topics", () => {
    const { homie } = described("visit");
    const read = (topic: string) => {
      const { door, command, relay } = homie.read(`homie/5/${topic}`) ?? {};
      return [door, command, ...(relay === undefined ? [] : [relay])];
    };
    assert.deepEqual(read("portero-home-bell--front/door/open/set"), ["front", "door/open"]);
    assert.deepEqual(read("portero-home-bell--front/relays/gate-2/set"), ["front", "door/open", "gate-2"]);
    assert.deepEqual(read("portero-home-bell--front/bell/control/set"), ["front", "call/set"]);
    for (const other of [
      "portero-home-bell-2--front/door/open/set",
      "portero-home-bell--front/door/open",
      "x/door/open/set",
    ])
      assert.deepEqual(read(other), [undefined, undefined], other);
    assert.deepEqual(read("portero-home-bell--front/door/open/set/set"), [undefined, undefined]);
  });
});

const skip = without("mosquitto", "mosquitto_pub", "mosquitto_sub");
const device = "homie/5/portero-doorbell--front";

describe("Homie 5 at a broker, with mosquitto", { skip }, () => {
  it("tells ring and opening once and unretained, states retained; /set is judged as any command (X6)", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("homie/#");
    await using house = setting(broker.url, { discovery: "homie" });
    house.bridge.start();
    await broker.log(/Sending SUBACK to bridge/);
    await watcher.line(/portero-doorbell\/\$state ready/);
    const lines = watcher.lines.map((line) =>
      line.split(" ").slice(2, 4).join(" ").replace("homie/5/portero-doorbell", ""),
    );
    const order = [
      "--front/$state init",
      "--front/$description",
      "--front/$state ready",
      "/$state init",
      "/$state ready",
    ];
    assert.deepEqual(
      order.map((wanted) => lines.findIndex((line) => line.startsWith(wanted))).toSorted((a, b) => a - b),
      order.map((wanted) => lines.findIndex((line) => line.startsWith(wanted))),
    );
    await broker.publish(`${device}/door/open/set`, "PRESS");
    await watcher.line(/^0 0 \S+front\/door\/result commands are ignored for 2 s/);
    await house.clock.advance(2_000);
    await broker.publish(`${device}/door/open/set`, "PRESS", "-r");
    await watcher.line(/^0 0 \S+front\/door\/result a retained command is never carried out/);
    assert.deepEqual(house.house.asked, []);
    house.bridge.publishEvent("front", { event_type: "ring", button: "2" });
    house.bridge.publishCallState("front", "ringing");
    await broker.publish(`${device}/bell/dnd/set`, "true");
    await broker.publish(`${device}/bell/control/set`, "stop");
    await broker.publish(`${device}/door/open/set`, "PRESS");
    await watcher.line(/^0 0 \S+front\/door\/result opened by DTMF/);
    assert.deepEqual(house.house.asked, ["dnd front true", "stop front", "open front by mqtt for v1"]);
    const wanted = [
      "0 0 bell/button 2",
      "0 0 bell/ring pressed",
      "0 1 bell/call ringing",
      "0 1 bell/dnd true",
      "0 0 door/open PRESS",
    ];
    const seen = watcher.lines.map((line) => line.replace(`${device}/`, ""));
    assert.deepEqual(
      wanted.filter((line) => !seen.includes(line)),
      [],
    );
    house.bridge.publishDoorState("front", { contact: "open" });
    await house.clock.advance(10_000);
    await watcher.line(/\$description .*"contact"/);
  });

  it("clears a retained /set where the settings say so (rule 1)", async () => {
    await using broker = await Broker.start();
    await using house = setting(broker.url, { discovery: "homie", clearRetained: true });
    house.bridge.start();
    await broker.log(/Sending SUBACK to bridge/);
    await broker.publish(`${device}/door/open/set`, "PRESS", "-r");
    await broker.log(/Received PUBLISH from bridge .*door\/open\/set'.*\(0 bytes\)/);
    await using late = await broker.watch(`${device}/door/open/set`);
    await broker.publish(`${device}/door/open/set`, "end");
    await late.line(/ end$/);
    assert.equal(late.lines.length, 1);
  });

  it("is lost when its connection breaks, ready when it is back, and disconnected when we close", async () => {
    await using broker = await Broker.start();
    await using wire = await Wire.to(broker.port);
    await using watcher = await broker.watch("homie/5/portero-doorbell/$state");
    const house = setting(wire.url, { discovery: "both" });
    house.bridge.start();
    await broker.log(/New client connected from .* as bridge-homie/);
    await watcher.line(/ready/);
    wire.cut();
    await watcher.line(/ lost/);
    await house.clock.advance(1_000);
    await broker.log(/Sending CONNACK to bridge-homie/, 2);
    // It is said twice at the beginning, too: what counts is what stands there now.
    await using late = await broker.watch("homie/5/portero-doorbell/$state");
    await late.line(/ ready/);
    await house.bridge.close();
    await watcher.line(/disconnected/);
    assert.equal(watcher.lines.filter((line) => line.endsWith("lost")).length, 1);
    assert.equal(house.clock.pending, 0);
  });

  it("forgets a door that went: first its state, so that everybody knows (device lifecycle)", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("homie/#");
    const both = new House();
    both.others = [{ id: "back", name: "Back", registered: true, call: "idle" }];
    await using house = setting(broker.url, { discovery: "homie" }, both);
    house.bridge.start();
    await watcher.line(/portero-doorbell\/\$state ready/);
    await house.clock.advance(10_000);
    both.others = [];
    house.bridge.doorsChanged();
    await house.clock.advance(2_000);
    await watcher.line(/--back\/\$description $/);
    const back = watcher.lines.filter((line) => line.includes("--back/") && line.endsWith(" "));
    assert.deepEqual(
      back.map((line) => line.trim().split("/").slice(3).join("/")),
      ["$state", "bell/registered", "bell/call", "$description"],
    );
    await using late = await broker.watch("homie/#");
    await late.line(/portero-doorbell\/\$state ready/);
    assert.ok(late.lines.every((line) => !line.includes("--back/")));
  });
});
