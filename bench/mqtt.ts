// MQTT: from a press's ring inside to its `event` at a subscriber, and from a signed wish to open to the digit at the bell. The
// switchboard and the bridge run in this process with the bell and the client; mosquitto is a program of its own. Beside it
// what the broker alone takes from a client to itself.
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { eventOf } from "../nodes/mqtt-bridge/mqtt-bridge.ts";
import { systemClock, type Clock } from "../src/clock.ts";
import { checkMqtt, MqttBridge, type DoorsForMqtt } from "../src/mqtt/bridge.ts";
import { sign } from "../test/mqtt/sign.ts";
import { Secret } from "../src/secret.ts";
import { checkConfig } from "../src/server/config.ts";
import { startServer } from "../src/server/server.ts";
import { Broker } from "../test/mqtt/broker.ts";
import { Agent } from "./agent.ts";
import { p50p99, percentile, type Row } from "./figures.ts";
import { password } from "./server.ts";

const samples = 200;
const warm = 30;
const target = "600";
const minute = 61_000;
const key = { name: "bench", secret: new Secret("0123456789abcdef".repeat(4)) };

export async function mqtt(progress: (text: string) => void): Promise<Row[]> {
  // Three openings a minute and door: a minute is over when the bench says so.
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + ahead };
  const door = { id: "front", name: "Front", extension: "501", password, preset: "generic", code: "1", dtmf: "info" };
  const listeners = [{ transport: "udp", address: "127.0.0.1", port: 0 }];
  const media = { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] };
  const extensions = [{ extension: target, password }];
  const config = checkConfig({ sip: { listeners }, media, extensions, doors: [door] });
  const server = await startServer(config, () => {}, { clock });
  const { switchboard } = server;
  const rings = new EventEmitter();
  // Before the bridge: what is measured begins where the SIP layer is through.
  switchboard.on("visit", ({ event }) => event === "ring" && rings.emit("ring", performance.now()));
  await using broker = await Broker.start();
  const doors: DoorsForMqtt = {
    list: () => switchboard.doors(),
    lastVisit: () => undefined,
    open: (request) => switchboard.open(request),
  };
  const bridge = new MqttBridge(checkMqtt({ url: broker.url, keys: [key] }), doors, { clock });
  switchboard.on("visit", (event) => bridge.publishEvent("front", eventOf(event)));
  bridge.start();
  const client = await connectAsync(broker.url);
  const [sip] = switchboard.addresses;
  const address = { host: "127.0.0.1", port: sip?.port ?? 0 };
  await using bell = await Agent.open(address);
  await using phone = await Agent.open(address);
  try {
    await client.subscribeAsync(["doorbell/front/event", "doorbell/front/door/result", "plain"]);
    const heard = new EventEmitter();
    client.on("message", (topic, payload) => {
      const at = performance.now();
      const { event_type, id } = JSON.parse(payload.toString()) as { event_type?: string; id?: string };
      heard.emit(event_type ?? id ?? topic, at);
    });
    await bell.register(door.extension);
    await phone.register(target);
    const plain = await plainly(client, heard);
    progress("presses");
    const presses = await pressing({ bell, phone, rings, heard });
    progress("openings");
    const openings = await opening({ bell, phone, heard, client, clock, pass: () => (ahead += minute) });
    const beside = (ms: readonly number[]) => {
      const ratio = percentile(ms, 0.99) / percentile(plain, 0.99);
      return `publish → subscribe alone: ${p50p99(plain)} (p99 × ${ratio.toFixed(1)})`;
    };
    return [
      { what: "ring → `event` at a subscriber", result: p50p99(presses), target: "p99 ≤ 20 ms", peer: beside(presses) },
      {
        what: "signed wish to open → digit at the bell",
        ...{ result: p50p99(openings), target: "p99 ≤ 20 ms", peer: beside(openings) },
      },
    ];
  } finally {
    await client.endAsync();
    await bridge.close();
    await server.close();
  }
}

async function next(from: EventEmitter, event: string): Promise<number> {
  try {
    const [at] = (await once(from, event, { signal: AbortSignal.timeout(5000) })) as [number];
    return at;
  } catch (error) {
    throw new Error(`no "${event}" came within 5 s`, { cause: error });
  }
}

/** The broker between a client and itself. */
async function plainly(client: MqttClient, heard: EventEmitter): Promise<number[]> {
  const ms: number[] = [];
  for (let i = 0; i < warm + samples; i++) {
    const back = next(heard, "plain");
    const sent = performance.now();
    client.publish("plain", "{}", { qos: 1 });
    const at = await back;
    if (i >= warm) ms.push(at - sent);
    await sleep(5);
  }
  return ms;
}

interface Bell {
  readonly bell: Agent;
  readonly phone: Agent;
  readonly heard: EventEmitter;
}

async function pressing({ bell, phone, rings, heard }: Bell & { rings: EventEmitter }): Promise<number[]> {
  phone.request = (request) => {
    if (request.method === "INVITE") phone.answer(request, 180, "phone");
    else if (request.method === "CANCEL") phone.answer(request, 200, "phone");
  };
  const ms: number[] = [];
  for (let i = 0; i < warm + samples; i++) {
    const invite = bell.invite("501", target);
    bell.response = (response) => {
      if (response.callId === invite.callId && response.cseq?.method === "INVITE" && response.status >= 300)
        bell.send(bell.follow("ACK", invite, response));
    };
    const both = Promise.all([next(rings, "ring"), next(heard, "ring")]);
    bell.send(invite);
    const [ring, event] = await both;
    const over = next(heard, "ended");
    bell.send(bell.follow("CANCEL", invite));
    await over;
    if (i >= warm) ms.push(event - ring);
    await sleep(20);
  }
  return ms;
}

async function opening(given: Bell & { client: MqttClient; clock: Clock; pass: () => void }): Promise<number[]> {
  const { bell, phone, heard, client, clock, pass } = given;
  phone.request = (request) => {
    if (request.method !== "ACK") phone.answer(request, 200, "phone");
  };
  const digits = new EventEmitter();
  bell.request = (request, at) => {
    if (request.method === "INFO") digits.emit("digit", at);
    if (request.method !== "ACK") bell.answer(request, 200, "bell");
  };
  const invite = bell.invite("501", target);
  bell.response = (response) => {
    if (response.callId === invite.callId && response.cseq?.method === "INVITE" && response.status >= 200)
      bell.send(bell.follow("ACK", invite, response));
  };
  const answered = next(heard, "answered");
  bell.send(invite);
  await answered;
  const ms: number[] = [];
  for (let i = 0; i < warm + samples; i++) {
    pass();
    const request = sign({ door: "front", action: "open", ts: clock.now(), id: `bench-${i}` }, key);
    const [digit, result] = [next(digits, "digit"), next(heard, request.id)];
    const sent = performance.now();
    client.publish("doorbell/front/door/open", JSON.stringify(request), { qos: 0 });
    const at = await digit;
    await result;
    if (i >= warm) ms.push(at - sent);
  }
  return ms;
}
