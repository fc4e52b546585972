// Calls between two endpoints over a bad network: nothing may hang, and nothing may be left. The design's target is
// that all calls complete with 10 % of the packets lost each way.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Endpoint } from "../../src/sip/endpoint.ts";
import type { CallEnd } from "../../src/sip/dialog/call.ts";
import { Secret } from "../../src/secret.ts";
import { house } from "./house.ts";
import type { Weather } from "./network.ts";
import { sdp } from "./party.ts";
import { Random } from "./random.ts";

type Story = "caller hangs up" | "callee hangs up" | "busy" | "caller gives up" | "answer meets cancel";
const stories: readonly Story[] = [
  "caller hangs up",
  "callee hangs up",
  "busy",
  "caller gives up",
  "answer meets cancel",
];

/** What became of one call, on both sides. */
interface Tale {
  story: Story;
  answered: boolean;
  infos: (number | string)[];
  caller?: CallEnd;
  callee?: CallEnd;
}

/** Plays `count` calls, one every 100 ms; after `cutAfterMs` nothing arrives any more. */
async function play(count: number, weather: Weather, cutAfterMs?: number) {
  const { clock, endpoint: server, network } = await house({ weather });
  if (cutAfterMs !== undefined) clock.after(cutAfterMs, () => (network.weather = { loss: 1 }));
  const bell = new Endpoint({
    listeners: [{ transport: "udp", address: "10.0.0.2", port: 5060 }],
    ...{ clock, listen: network.listen },
  });
  await bell.start();
  const random = new Random(weather.seed ?? 1);
  const tales: Tale[] = [];
  server.on("call", (call) => {
    const tale = tales[Number(call.dialled)];
    assert.ok(tale);
    call.on("ended", (end) => (tale.callee = end));
    call.on("info", (info) => {
      tale.infos.push(info.body);
      info.reply(200);
    });
    call.ring();
    // As a visit does: nobody rings for ever.
    clock.after(60_000, () => call.hangUp());
    if (tale.story === "caller gives up") return;
    clock.after(1_000 + random.below(2_000), () => {
      if (tale.story === "busy") return call.reject(486);
      call.answer(sdp(5000));
      if (tale.story === "callee hangs up") clock.after(20_000, () => call.hangUp());
    });
  });
  const one = async (index: number, story: Story) => {
    const tale: Tale = { story, answered: false, infos: [] };
    tales[index] = tale;
    const call = await bell.callUri(`sip:${index}@10.0.0.1`, {
      ...{ from: { number: "8000", name: "Bell" }, sdp: sdp(4000) },
      credentials: { username: "8000", password: new Secret("pw8000") },
    });
    call.on("ended", (end) => (tale.caller = end));
    // As media that falls silent does.
    clock.after(90_000, () => call.hangUp());
    call.on("answered", () => {
      tale.answered = true;
      if (story === "answer meets cancel") return call.hangUp();
      void call.info("application/dtmf", "1").then((status) => tale.infos.push(status));
      if (story === "caller hangs up") clock.after(20_000, () => call.hangUp());
    });
    if (story === "caller gives up" || story === "answer meets cancel")
      clock.after(random.below(4_000), () => call.hangUp());
  };
  for (let index = 0; index < count; index++) {
    await one(index, stories[index % stories.length] ?? "busy");
    await clock.advance(100);
  }
  await clock.advance(200_000);
  return { clock, endpoints: [server, bell], tales, sent: network.sent };
}

describe("200 calls over a network that loses 10 % each way, doubles 5 % and puts them out of order", () => {
  for (const seed of [1, 2, 3])
    it(`all complete, and leave no call, transaction or timer behind (seed ${seed})`, async () => {
      const { clock, endpoints, tales } = await play(200, { loss: 0.1, duplication: 0.05, delay: [5, 300], seed });
      for (const [index, { story, answered, infos, caller, callee }] of tales.entries()) {
        const what = `call ${index} (${story}): ${JSON.stringify({ answered, infos, caller, callee })}`;
        assert.ok(caller, what);
        if (story === "busy") assert.deepEqual([caller.status, answered], [486, false], what);
        if (story === "caller hangs up" || story === "callee hangs up") {
          assert.ok(answered && callee, what);
          assert.deepEqual([...infos].sort(), ["1", 200].sort(), what);
          assert.deepEqual([caller.cause, callee.cause], [16, 16], what);
        }
        // Who gave up before the INVITE arrived is never seen by the other side.
        if (story === "caller gives up") assert.equal(answered, false, what);
        if (callee) assert.ok(["local", "remote"].includes(callee.by) || story === "answer meets cancel", what);
      }
      for (const endpoint of endpoints) assert.deepEqual([endpoint.calls, endpoint.transactions.size], [0, 0]);
      assert.equal(clock.pending, 0);
    });

  it("end by themselves where the network is cut for good in the middle", async () => {
    for (const cutAfterMs of [300, 2_000, 10_000, 25_000]) {
      const { clock, endpoints, tales } = await play(200, { loss: 0.1, delay: [5, 50], seed: 4 }, cutAfterMs);
      assert.ok(tales.every(({ caller }) => caller));
      for (const endpoint of endpoints) assert.deepEqual([endpoint.calls, endpoint.transactions.size], [0, 0]);
      assert.equal(clock.pending, 0);
    }
  });
});
