import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Sent } from "../../src/mqtt/connection.ts";
import { mostWaiting, Outbox } from "../../src/mqtt/outbox.ts";
import { FakeClock, settle } from "../support/clock.ts";

const event = (payload: string) => ({ topic: "d/event", payload, qos: 1, retain: false }) as const;
const state = (payload: string) => ({ topic: "d/call", payload, qos: 1, retain: true }) as const;

function outbox(answer: Sent = "sent") {
  const clock = new FakeClock();
  const sent: string[] = [];
  const dropped: string[] = [];
  const network: { answer: Sent | Promise<Sent> } = { answer };
  const box = new Outbox(
    clock,
    ({ payload }) => {
      sent.push(String(payload));
      return Promise.resolve(network.answer);
    },
    ({ payload }) => dropped.push(String(payload)),
  );
  return { clock, box, sent, dropped, network };
}

describe("What waits while the broker is away", () => {
  it("is sent in order, states first and of each only the last value", () => {
    const { box, sent } = outbox();
    for (const letter of [state("idle"), event("ring"), state("ringing"), event("answered"), state("talking")])
      box.put(letter);
    box.flush();
    assert.deepEqual(sent, ["talking", "ring", "answered"]);
  });

  it("is bounded: the oldest events are given up, and said so; states stay", () => {
    const { box, sent, dropped } = outbox();
    box.put(state("idle"));
    for (let i = 0; i < mostWaiting + 3; i++) box.put(event(`${i}`));
    assert.deepEqual(dropped, ["0", "1", "2"]);
    box.flush();
    assert.deepEqual([sent.length, sent[0], sent[1]], [mostWaiting + 1, "idle", "3"]);
  });

  it("grows old: an event of more than 120 s ago is not news any more, a state is", async () => {
    const { clock, box, sent, dropped } = outbox();
    box.put(event("old"));
    box.put(state("idle"));
    await clock.advance(60_000);
    box.put(event("new"));
    await clock.advance(60_001);
    box.flush();
    assert.deepEqual([sent, dropped], [["idle", "new"], ["old"]]);
  });

  it("is sent again when the connection fell before the broker had it, and not when the broker refused it", async () => {
    const { box, sent, network } = outbox("lost");
    box.put(event("ring"));
    box.flush();
    box.flush();
    await settle();
    assert.deepEqual([sent, box.size], [["ring"], 1]);
    network.answer = "refused";
    box.flush();
    await settle();
    assert.deepEqual([sent, box.size], [["ring", "ring"], 0]);
  });

  it("drops a state that fell when a newer one is waiting, and a picture that nobody retains", async () => {
    const { box, network, sent } = outbox("lost");
    box.put(state("ringing"));
    box.flush();
    box.put(state("talking"));
    box.put({ topic: "d/snapshot", payload: "jpeg", qos: 0, retain: false });
    box.flush();
    await settle();
    assert.equal(box.size, 1);
    network.answer = "sent";
    box.flush();
    await settle();
    assert.deepEqual([sent.at(-1), box.size], ["talking", 0]);
  });

  it("never sends an old value of a state after a newer one, though it fell later", async () => {
    const { box, network, sent } = outbox();
    let fall = () => {};
    network.answer = new Promise((resolve) => (fall = () => resolve("lost")));
    box.put(state("ringing"));
    box.flush();
    network.answer = "sent";
    box.put(state("talking"));
    box.flush();
    await settle();
    fall();
    await settle();
    box.flush();
    assert.deepEqual([sent, box.size], [["ringing", "talking"], 0]);
  });

  it("is not given up while it is on its way, however much waits", async () => {
    const { box, network, sent, dropped } = outbox();
    let arrive = () => {};
    network.answer = new Promise((resolve) => (arrive = () => resolve("sent")));
    for (let i = 0; i < mostWaiting; i++) box.put(event(`${i}`));
    box.flush();
    for (let i = 0; i < mostWaiting; i++) box.put(event(`later ${i}`));
    assert.deepEqual(dropped, []);
    arrive();
    await settle();
    box.flush();
    assert.equal(sent.length, 2 * mostWaiting);
  });
});
