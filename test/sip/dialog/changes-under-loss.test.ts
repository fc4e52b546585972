// Calls that change in the middle over a network that loses 10 % each way, doubles and puts out of order: acknowledged
// ringing, refreshes, glare and transfers. Nothing may hang, and nothing may be left.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Call, CallEnd } from "../../../src/sip/dialog/call.ts";
import { Endpoint } from "../../../src/sip/endpoint.ts";
import { Secret } from "../../../src/secret.ts";
import { house } from "../house.ts";
import type { Weather } from "../network.ts";
import { sdp } from "../party.ts";
import { Random } from "../random.ts";

const stories = ["early media", "refreshes", "glare", "transfer", "hold and hang up"] as const;

interface Tale {
  readonly story: (typeof stories)[number];
  early: number;
  answers: (string | undefined)[];
  reoffers: number[];
  progress: number[];
  ends: Partial<Record<"caller" | "callee", CallEnd>>;
}

async function play(count: number, weather: Weather, cutAfterMs?: number) {
  const random = new Random(weather.seed ?? 1);
  const chance = { random: () => random.below(1000) / 1000, calls: { sessionExpires: 90 } };
  const { clock, endpoint: server, network } = await house({ weather, ...chance });
  if (cutAfterMs !== undefined) clock.after(cutAfterMs, () => (network.weather = { loss: 1 }));
  const bell = new Endpoint({
    listeners: [{ transport: "udp", address: "10.0.0.2", port: 5060 }],
    ...{ clock, listen: network.listen, ...chance },
  });
  await bell.start();
  const tales: Tale[] = [];
  const talk = (call: Call, tale: Tale, side: "caller" | "callee") => {
    call.on("reoffer", (offer) => clock.after(random.below(300), () => offer.answer(sdp(6000))));
    call.on("ended", (end) => (tale.ends[side] = end));
    // As a visit does: nobody talks for ever.
    clock.after(400_000, () => call.hangUp());
  };
  const act = (call: Call, tale: Tale, side: "caller" | "callee") => {
    const both = tale.story === "glare";
    if (both || (tale.story === "hold and hang up" && side === "caller"))
      clock.after(1_000, () => void call.reoffer(() => sdp(7000)).then(({ status }) => tale.reoffers.push(status)));
    if (tale.story === "hold and hang up" && side === "callee")
      clock.after(1_000 + random.below(400), () => call.hangUp());
    // Late enough that its 2xx has come through: who has not answered yet is not transferred.
    if (tale.story === "transfer" && side === "callee")
      clock.after(5_000, () => void call.refer({ uri: "sip:6002@10.0.0.2" }));
    if (side === "caller" && tale.story !== "hold and hang up") clock.after(200_000, () => call.hangUp());
  };
  server.on("call", (call) => {
    const tale = tales[Number(call.dialled)];
    assert.ok(tale);
    talk(call, tale, "callee");
    call.on("progress", ({ status }) => tale.progress.push(status));
    if (tale.story === "early media") call.ring(183, sdp(5000));
    else call.ring();
    clock.after(1_000 + random.below(2_000), () => {
      call.answer(sdp(5000));
      act(call, tale, "callee");
    });
  });
  for (let index = 0; index < count; index++) {
    const tale: Tale = {
      story: stories[index % stories.length] ?? "glare",
      ...{ early: 0, answers: [], reoffers: [], progress: [], ends: {} },
    };
    tales[index] = tale;
    const call = await bell.callUri(`sip:${index}@10.0.0.1`, {
      ...{ from: { number: "8000", name: "Bell" }, sdp: sdp(4000) },
      credentials: { username: "8000", password: new Secret("pw8000") },
    });
    talk(call, tale, "caller");
    call.on("early", () => tale.early++);
    call.on("refer", (referral) => {
      const report = referral.accept();
      clock.after(3_000, () => report(200));
    });
    call.on("answered", (answer) => {
      tale.answers.push(answer.sdp);
      act(call, tale, "caller");
    });
    await clock.advance(100);
  }
  await clock.advance(600_000);
  return { clock, endpoints: [server, bell], tales };
}

describe("100 calls that change in the middle, 10 % lost each way, 5 % doubled, out of order", () => {
  for (const seed of [1, 2])
    it(`all come through, and leave no call, transaction or timer behind (seed ${seed})`, async () => {
      const { clock, endpoints, tales } = await play(100, { loss: 0.1, duplication: 0.05, delay: [5, 300], seed });
      for (const [index, tale] of tales.entries()) {
        const what = `call ${index}: ${JSON.stringify(tale)}`;
        assert.ok(tale.ends.caller && tale.ends.callee, what);
        if (tale.story === "hold and hang up") continue;
        assert.deepEqual(tale.answers, [sdp(5000)], what);
        // The ringing arrived, and the call was refreshed until one side hung up.
        assert.ok(tale.early > 0, what);
        assert.deepEqual([tale.ends.caller.cause, tale.ends.callee.cause], [16, 16], what);
        if (tale.story === "glare") assert.deepEqual(tale.reoffers, [200, 200], what);
        if (tale.story === "transfer") assert.equal(tale.progress.at(-1), 200, what);
      }
      for (const endpoint of endpoints) assert.deepEqual([endpoint.calls, endpoint.transactions.size], [0, 0]);
      assert.equal(clock.pending, 0);
    });

  it("end by their session timer where the network is cut for good", async () => {
    for (const cutAfterMs of [3_000, 12_000]) {
      const { clock, endpoints, tales } = await play(50, { loss: 0.1, delay: [5, 50], seed: 3 }, cutAfterMs);
      assert.ok(tales.every(({ ends }) => ends.caller));
      for (const endpoint of endpoints) assert.deepEqual([endpoint.calls, endpoint.transactions.size], [0, 0]);
      assert.equal(clock.pending, 0);
    }
  });
});
