// Signed requests and what pretends to be one, through a real mosquitto; and a broker that keeps us from something.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectAsync } from "mqtt";
import { sign } from "./sign.ts";
import { Secret } from "../../src/secret.ts";
import { without } from "../support/peers.ts";
import { Broker } from "./broker.ts";
import { House, setting } from "./house.ts";
import { Wire } from "./wire.ts";

const skip = without("mosquitto", "mosquitto_pub", "mosquitto_sub");
const key = { name: "phone", secret: new Secret("0123456789abcdef".repeat(4)) };
const topic = "doorbell/front/door/open";

describe("X6 signed requests, with mosquitto", { skip }, () => {
  it("open once at any time; retained, repeated, late, forged, broken, oversized ones and a flood never do", async () => {
    await using broker = await Broker.start();
    const empty = new House();
    empty.visit = undefined;
    await using house = setting(broker.url, { commands: "off", keys: [key], keepAlive: 3600 }, empty);
    house.bridge.start();
    await broker.log(/Sending SUBACK to bridge/);
    // Without a memory, nothing is taken that could be from before.
    await house.clock.advance(10_001);
    await using client = Object.assign(await connectAsync(broker.url), {
      [Symbol.asyncDispose]: () => client.endAsync(),
    });
    const results: { ok: boolean; refused?: string; id: string }[] = [];
    let heard = () => {};
    client.on("message", (_topic, payload) => {
      results.push(JSON.parse(payload.toString()) as never);
      heard();
    });
    const more = () => new Promise<void>((resolve) => (heard = resolve));
    await client.subscribeAsync("doorbell/front/door/result");
    const after = async (count: number) => {
      while (results.length < count) await more();
      return results.at(-1);
    };
    const wish = (id: string, ahead = 0) =>
      sign({ door: "front", action: "open", ts: house.clock.now() + ahead, id }, key);
    const text = JSON.stringify;
    const real = wish("real");

    await client.publishAsync(topic, text(real));
    assert.deepEqual([(await after(1))?.ok, results[0]?.id], [true, "real"]);
    const hostile: [code: string, payload: string, how?: { qos?: 0 | 1; retain?: boolean }][] = [
      ["replayed", text(real)],
      ["retained", text(wish("2")), { retain: true }],
      ["late", text(wish("3", -10_001))],
      ["late", text(wish("4", 10_001))],
      ["forged", text({ ...wish("5"), sig: real.sig })],
      ["forged", text(sign({ door: "back", action: "open", ts: house.clock.now() }, key))],
      ["unknown-key", text({ ...wish("6"), key: "mqtt" })],
      ["malformed", text({ ...wish("7"), nonce: 1 })],
      ["malformed", text(wish("8")).slice(0, -1)],
      ["too-long", text({ ...wish("9"), more: "x".repeat(100_000) })],
      ["duplicate", text(wish("real"))],
      ["off", "PRESS"],
    ];
    for (const [code, payload, how] of hostile) {
      const before = results.length;
      await client.publishAsync(topic, payload, how);
      assert.equal((await after(before + 1))?.refused, code);
    }
    assert.deepEqual(
      house.refusals.map(({ code }) => code),
      hostile.map(([code]) => code),
    );
    // Retained at the broker by now: whoever connects anew is not told of it, or refuses it.
    for (let i = 0; i < 1000; i++) client.publish(topic, "PRESS");
    await client.publishAsync(topic, text(wish("last")));
    while (results.at(-1)?.id !== "last") await more();
    const { length } = results;
    assert.ok(length < 250, `${length} results of ${1000 + hostile.length + 2} messages`);
    await house.clock.advance(60_000);
    const sum = house.refusals.at(-1);
    assert.deepEqual(
      [sum?.code, (sum?.counts?.["off"] ?? 0) + house.refusals.length - 1],
      ["flood", 1000 + hostile.length],
    );
    assert.deepEqual(house.house.asked, Array(2).fill("open front by mqtt:phone for nobody"));
  });
});

describe("A broker that keeps us from something", { skip }, () => {
  it("that lets us publish and receive nothing: we stay, and say which topics", async () => {
    const login = { username: "bell", password: "right" };
    await using broker = await Broker.start({ login, acl: ["user bell", "topic read nothing/#"] });
    await using house = setting(broker.url, { ...login });
    house.bridge.start();
    await house.status(/^online/);
    await broker.log(/Denied PUBLISH from bridge .*doorbell\/front\/availability/);
    house.bridge.publishEvent("front", { event_type: "ring" });
    await broker.log(/Denied PUBLISH from bridge .*doorbell\/front\/event/);
    await house.logged(/refuses what is published on doorbell\/front\/event .*: check its access rules/);
    assert.equal(house.bridge.status.state, "online");
  });

  it("that is restarted without its memory is told everything anew, messages of the user's own too", async () => {
    const messages = [
      { on: "call", topic: "panel/{door}", payload: "is {state}" },
      { on: "event", only: "ring", topic: "chime/{door}", payload: "1" },
    ];
    const before = await Broker.start();
    await using house = setting(before.url, { messages });
    house.bridge.start();
    await house.status(/^online/);
    house.bridge.publishCallState("front", "ringing");
    house.house.door = { ...house.house.door, call: "ringing" };
    await before.end();
    await house.status(/away/);
    house.bridge.publishEvent("front", { event_type: "ring" });
    await using broker = await Broker.start({ port: before.port });
    await using watcher = await broker.watch();
    await house.clock.advance(1_000);
    await house.status(/^online/);
    await watcher.line(/^0 1 chime\/front 1$/);
    assert.deepEqual(
      watcher.lines.filter((line) => /panel|call/.test(line)),
      ["0 1 doorbell/front/call ringing", "0 1 panel/front is ringing"],
    );
  });

  it("that is silent though its connection stands is noticed, and found again", async () => {
    await using broker = await Broker.start();
    await using wire = await Wire.to(broker.port);
    await using house = setting(wire.url, { keepAlive: 1 });
    house.bridge.start();
    await house.status(/^online/);
    wire.freeze();
    const { state, text } = await house.status(/away/);
    assert.equal(state, "offline");
    assert.match(text, /it does not answer any more \(half-open connection\), trying again in 1 s$/);
    await house.clock.advance(1_000);
    await house.status(/^online/);
  });
});
