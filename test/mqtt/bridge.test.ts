import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { Broker } from "./broker.ts";
import { House, setting, type Setting } from "./house.ts";
import { Wire } from "./wire.ts";

const skip = without("mosquitto", "mosquitto_pub", "mosquitto_sub");

/** Starts the bridge; when this resolves it listens, and what is sent now is not "just connected". */
async function listening(broker: Broker, { bridge, clock }: Setting): Promise<void> {
  bridge.start();
  await broker.log(/Sending SUBACK to bridge/);
  await clock.advance(2_000);
}

describe("X6 a door on MQTT, with mosquitto", { skip }, () => {
  it("publishes states retained, events and results not", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/#");
    await using house = setting(broker.url);
    await listening(broker, house);
    house.bridge.publishEvent("front", { event_type: "ring", visit: "v1", from: "8000", button: "1" });
    house.bridge.publishCallState("front", "ringing");
    house.bridge.setDoorAvailability("front", false);
    house.bridge.publishDnd("front", true);
    house.bridge.publishDoorState("front", { contact: "open", relay: "off" });
    house.bridge.publishDoorState("front", { contact: "open", relay: "off", lock: "locked" });
    house.bridge.publishSnapshot("front", Buffer.from("jpeg"));
    house.bridge.publishResult("front", { id: "o1", ok: false, reason: "no", ts: 5 });
    house.bridge.publishResult("front", { id: "o1", ok: false, reason: "told twice", ts: 5 });
    house.bridge.publishEvent("front", { event_type: "ended", ts: 7 });
    await watcher.line(/"ended"/);
    const ring = `{"ts":${house.clock.now()},"event_type":"ring","visit":"v1","from":"8000","button":"1"}`;
    assert.deepEqual(watcher.lines, [
      "0 1 doorbell/bridge/availability online",
      "0 1 doorbell/front/availability online",
      "0 1 doorbell/front/call idle",
      `0 1 doorbell/front/event ${ring}`,
      "0 1 doorbell/front/call ringing",
      "0 1 doorbell/front/availability offline",
      "0 1 doorbell/front/dnd ON",
      "0 1 doorbell/front/contact open",
      "0 1 doorbell/front/relay off",
      "0 1 doorbell/front/lock locked",
      "0 0 doorbell/front/snapshot jpeg",
      '0 1 doorbell/front/door/result {"id":"o1","ok":false,"method":null,"reason":"no","ts":5}',
      '0 1 doorbell/front/event {"ts":7,"event_type":"ended"}',
    ]);
    await using late = await broker.watch("doorbell/#");
    await broker.publish("doorbell/end", "end");
    await late.line(/doorbell\/end/);
    assert.deepEqual(late.lines.sort(), [
      "0 0 doorbell/end end",
      "1 1 doorbell/bridge/availability online",
      "1 1 doorbell/front/availability offline",
      "1 1 doorbell/front/call ringing",
      "1 1 doorbell/front/contact open",
      "1 1 doorbell/front/dnd ON",
      "1 1 doorbell/front/lock locked",
      "1 1 doorbell/front/relay off",
    ]);
    assert.equal(house.bridge.status.text, `online: ${broker.url}`);
  });

  it("tells of a door that comes while it is connected, and that its presses ring nobody", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/back/#");
    await using house = setting(broker.url);
    await listening(broker, house);
    house.house.others = [{ id: "back", name: "Back", registered: false, call: "idle", quiet: true }];
    house.bridge.doorsChanged();
    house.bridge.doorsChanged();
    // Another client's message may overtake the bridge's.
    await watcher.line(/dnd ON$/);
    await broker.publish("doorbell/back/end", "end");
    await watcher.line(/ end$/);
    assert.deepEqual(
      watcher.lines.map((line) => line.slice("0 1 doorbell/back/".length)),
      ["availability offline", "call idle", "dnd ON", "end end"],
    );
  });

  it("takes states from the broker where it may, retained ones too, and nothing that is none", async () => {
    await using broker = await Broker.start();
    await broker.publish("doorbell/front/contact/set", "open", "-r");
    const reported: string[] = [];
    const owner = Object.assign(new House(), {
      report: (door: string, state: object) => void reported.push(`${door} ${JSON.stringify(state)}`),
    });
    await using house = setting(broker.url, { commands: "off" }, owner);
    await listening(broker, house);
    for (const [topic, payload] of [
      ...[
        ["front/contact/set", "ajar"],
        ["front/lock/set", "open"],
        ["back/contact/set", "open"],
      ],
      ...[
        ["front/contact/set", "x".repeat(200)],
        ["front/relay/set", " ON "],
        ["front/lock/set", "unlocked"],
      ],
    ] as const)
      await broker.publish(`doorbell/${topic}`, payload);
    while (reported.length < 3) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(reported, ['front {"contact":"open"}', 'front {"relay":"on"}', 'front {"lock":"unlocked"}']);
    await house.logged(/contact\/set of front takes open or closed/);
    await house.logged(/there is no such door here/);
    assert.deepEqual([owner.asked, house.refusals], [[], []]);
    await using deaf = setting(broker.url, { clientId: "deaf" });
    deaf.bridge.start();
    await broker.log(/Sending SUBACK to deaf/);
    assert.doesNotMatch(broker.said, /deaf 0 doorbell\/\+\/contact\/set/);
  });

  it("retains the last picture only where the settings say so", async () => {
    await using broker = await Broker.start();
    await using house = setting(broker.url, { snapshots: true, base: "home/bell" });
    await listening(broker, house);
    house.bridge.publishSnapshot("front", Buffer.from("jpeg"));
    await broker.log(/PUBLISH from bridge \(d0, q0, r1, m0, 'home\/bell\/front\/snapshot', \.\.\. \(4 bytes\)\)/);
  });

  it("connects with a clean session and MQTT 5, and subscribes at QoS 0 (rule 2)", async () => {
    await using broker = await Broker.start();
    await using house = setting(broker.url);
    await listening(broker, house);
    await broker.log(/New client connected from .* as bridge \(p5, c1, k30\)/);
    await broker.log(/bridge 0 doorbell\/\+\/door\/open/);
    assert.doesNotMatch(broker.said, /bridge [12] doorbell/);
  });

  it("opens on PRESS during a visit, once, and publishes the result", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/+/door/result");
    await using house = setting(broker.url);
    await listening(broker, house);
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/"ok":true/);
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/"ok":false.*a second PRESS within 2 s/);
    assert.deepEqual(house.house.asked, ["open front by mqtt for v1"]);
    assert.deepEqual(
      [house.commands[0]?.command, house.commands[0]?.visit, house.commands[0]?.door],
      ["open", "v1", "front"],
    );
    const { id } = house.commands[0] ?? {};
    assert.match(
      watcher.lines[0] ?? "",
      new RegExp(
        `^0 1 doorbell/front/door/result \\{"id":"${id}","ok":true,"method":"dtmf-info","reason":"opened by DTMF","ts":1\\}$`,
      ),
    );
  });

  it("refuses PRESS when nobody is at the door, and says so (rules 3 and 6)", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/+/door/result");
    await using house = setting(broker.url);
    house.house.visit = undefined;
    await listening(broker, house);
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/"ok":false,"method":null,"reason":"nobody is at the door: PRESS opens while/);
    assert.deepEqual(house.house.asked, []);
    assert.deepEqual(
      house.refusals.map(({ door, topic, code }) => [door, topic, code]),
      [["front", "door/open", "no-visit"]],
    );
  });

  it("ignores commands for 2 s after connecting (rule 2)", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/+/door/result");
    await using house = setting(broker.url, { commands: "always" });
    house.bridge.start();
    await broker.log(/Sending SUBACK to bridge/);
    await house.clock.advance(1_999);
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/"ok":false.*ignored for 2 s after connecting/);
    await house.clock.advance(1);
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/"ok":true/);
  });

  it("never carries out a retained PRESS: not the one waiting at the broker, nor one sent while we listen (rule 1)", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/+/door/result");
    await broker.publish("doorbell/front/door/open", "PRESS", "-r");
    await using house = setting(broker.url, { commands: "always" });
    await listening(broker, house);
    await broker.publish("doorbell/front/door/open", "PRESS", "-r");
    await watcher.line(/"ok":false.*a retained command is never carried out/);
    // With MQTT 5 the waiting one was not even delivered: only the second was refused.
    assert.deepEqual(
      house.refusals.map(({ code }) => code),
      ["retained"],
    );
    assert.deepEqual(house.house.asked, []);
  });

  it("clears retained commands where the settings say so (rule 1)", async () => {
    await using broker = await Broker.start();
    await broker.publish("doorbell/front/door/open", "PRESS", "-r");
    await using house = setting(broker.url, { clearRetained: true });
    await listening(broker, house);
    await using watcher = await broker.watch("doorbell/front/door/open");
    await broker.publish("doorbell/front/door/open", "PRESS", "-r");
    await watcher.line(/^0 1 \S+ $/);
    assert.deepEqual(watcher.lines, ["0 0 doorbell/front/door/open PRESS", "0 1 doorbell/front/door/open "]);
    await using late = await broker.watch("doorbell/front/door/open");
    await broker.publish("doorbell/front/door/open", "sentinel");
    await late.line(/sentinel/);
    assert.equal(late.lines.length, 1);
  });

  it("refuses what it does not know with a sentence: payloads, verbs, doors", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/+/door/result");
    await using house = setting(broker.url, { commands: "always" });
    await listening(broker, house);
    await broker.publish("doorbell/front/door/open", "press");
    await broker.publish("doorbell/front/door/open", "PRESS".padEnd(5_000));
    await broker.publish("doorbell/front/call/set", "park");
    await broker.publish("doorbell/front/dnd/set", "perhaps");
    await broker.publish("doorbell/nowhere/door/open", "PRESS");
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/"ok":true/);
    assert.deepEqual(
      house.refusals.map(({ door, code, reason }) => [door, code, reason]),
      [
        ["front", "unknown-command", "the payload must be PRESS or a signed request"],
        ["front", "too-long", "no command is longer than 1000 bytes"],
        ["front", "unknown-command", "the payload is not known on call/set: it takes hangup, stop"],
        ["front", "unknown-command", "the payload is not known on dnd/set: it takes ON, OFF"],
        ["nowhere", "unknown-door", "there is no such door here"],
      ],
    );
  });

  it("passes stop, hangup and do-not-disturb on to the doors' owner", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/front/dnd");
    await using house = setting(broker.url);
    await listening(broker, house);
    await broker.publish("doorbell/front/call/set", "stop");
    await broker.publish("doorbell/front/call/set", "hangup");
    await broker.publish("doorbell/front/dnd/set", "ON");
    await watcher.line(/0 1 doorbell\/front\/dnd ON/);
    assert.deepEqual(house.house.asked, ["stop front", "hangup front", "dnd front true"]);
  });

  it("reports an owner that fails, and goes on", async () => {
    class Failing extends House {
      override open(): never {
        throw new Error("the switchboard is closed");
      }
    }
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/+/door/result");
    await using house = setting(broker.url, {}, new Failing());
    await listening(broker, house);
    house.bridge.on("refused", () => {
      throw new Error("a listener fails too");
    });
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/"ok":false.*opening failed: the switchboard is closed/);
    await broker.publish("doorbell/front/call/set", "stop");
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/a second PRESS/);
    assert.deepEqual(house.house.asked, ["stop front"]);
  });
});

describe("A broker that goes and comes", { skip }, () => {
  it("speaks our last will when the connection is cut, and hears us again afterwards", async () => {
    await using broker = await Broker.start();
    await using wire = await Wire.to(broker.port);
    await using watcher = await broker.watch("doorbell/+/availability");
    await using house = setting(wire.url);
    await listening(broker, house);
    house.house.door = { ...house.house.door, registered: false };
    wire.cut();
    await watcher.line(/bridge\/availability offline/);
    await house.status(/^broker away: .*, trying again in 1 s$/);
    await house.clock.advance(1_000);
    await watcher.line(/front\/availability offline/);
    assert.deepEqual(watcher.lines, [
      "0 1 doorbell/bridge/availability online",
      "0 1 doorbell/front/availability online",
      "0 1 doorbell/bridge/availability offline",
      "0 1 doorbell/bridge/availability online",
      "0 1 doorbell/front/availability offline",
    ]);
  });

  it("gets what happened while it was away, except what is old, and of states the last", async () => {
    const [port = 0] = await freePorts(1);
    await using house = setting(`mqtt://127.0.0.1:${port}`);
    house.bridge.start();
    const { text, state } = await house.status(/away/);
    assert.deepEqual([state, text], ["offline", "broker away: connection refused, trying again in 1 s"]);
    house.bridge.publishEvent("front", { event_type: "ring", visit: "yesterday" });
    await house.clock.advance(1_000);
    await house.status(/trying again in 2 s/);
    await house.clock.advance(2_000);
    await house.status(/trying again in 4 s/);
    for (const [passed, next] of [
      [4, 8],
      [8, 16],
      [16, 32],
      [32, 60],
    ] as const) {
      await house.clock.advance(passed * 1000);
      await house.status(new RegExp(`trying again in ${next} s`));
    }
    await house.clock.advance(58_000);
    house.bridge.publishEvent("front", { event_type: "ring", visit: "v2" });
    house.bridge.publishCallState("front", "talking");
    house.house.door = { ...house.house.door, call: "ringing" };
    house.bridge.publishSnapshot("front", Buffer.from("nobody is there to see it"));
    await using broker = await Broker.start({ port });
    await using watcher = await broker.watch();
    await house.clock.advance(2_000);
    await house.status(/^online/);
    house.bridge.publishEvent("front", { event_type: "ended", visit: "v2" });
    await watcher.line(/"ended"/);
    const topics = watcher.lines.map((line) =>
      line
        .split(" ")
        .slice(2)
        .join(" ")
        .replace(/"ts":\d+,/, ""),
    );
    assert.deepEqual(topics, [
      "doorbell/bridge/availability online",
      "doorbell/front/call ringing",
      "doorbell/front/availability online",
      'doorbell/front/event {"event_type":"ring","visit":"v2"}',
      'doorbell/front/event {"event_type":"ended","visit":"v2"}',
    ]);
  });

  it("sends us no command of the time without it, and for 2 s after it is back we take none (rule 2)", async () => {
    await using broker = await Broker.start();
    await using wire = await Wire.to(broker.port);
    await using watcher = await broker.watch("doorbell/+/door/result");
    await using house = setting(wire.url, { commands: "always" });
    await listening(broker, house);
    wire.cut();
    await house.status(/trying again in 1 s/);
    await broker.publish("doorbell/front/door/open", "PRESS", "-q", "1");
    await house.clock.advance(1_000);
    await broker.log(/Sending SUBACK to bridge/, 2);
    await broker.publish("doorbell/front/door/open", "PRESS");
    await watcher.line(/ignored for 2 s after connecting/);
    await house.clock.advance(2_000);
    await broker.publish("doorbell/front/call/set", "stop");
    await broker.publish("doorbell/front/door/open", "no press");
    await watcher.line(/must be PRESS/);
    assert.deepEqual(house.house.asked, ["stop front"]);
    assert.equal(watcher.lines.length, 2);
  });

  it("refuses a wrong password: the status says so, and it is not tried every second", async () => {
    await using broker = await Broker.start({ login: { username: "bell", password: "right" } });
    await using house = setting(broker.url, { username: "bell", password: "geheim" });
    house.bridge.start();
    const { state, text } = await house.status(/refused/);
    assert.equal(state, "error");
    assert.match(text, new RegExp(`^broker ${broker.url} refused the (login|user name).*, trying again in 30 s$`));
    assert.doesNotMatch(house.statuses.map((s) => s.text).join(), /geheim/);
    await using right = setting(broker.url, { username: "bell", password: "right", clientId: "other" });
    right.bridge.start();
    await right.status(/^online/);
  });

  it("hears offline when we close, and nothing of ours is left running", async () => {
    await using broker = await Broker.start();
    await using watcher = await broker.watch("doorbell/bridge/availability");
    const house = setting(broker.url);
    await listening(broker, house);
    await house.bridge.close();
    await watcher.line(/^0 1 \S+ offline$/);
    await broker.log(/Received DISCONNECT from bridge/);
    house.bridge.publishEvent("front", { event_type: "ring" });
    await house.bridge.close();
    assert.equal(house.clock.pending, 0);
  });
});
