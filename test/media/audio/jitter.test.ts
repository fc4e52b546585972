// N1: what a member of a conference hears of another one, whatever the network does to the packets.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seeded } from "../seeded.ts";
import { levelOf } from "../tone.ts";
import { played, purity, sine, steepest } from "./sender.ts";

const tone = sine(400);
/** The steepest step of a tone as loud as a full 8000, with a little room for G.711's own. */
const natural = 8000 * 2 * Math.sin((Math.PI * 400) / 8000) + 260;
const least = (depths: Int16Array) => depths.reduce((a, b) => Math.min(a, b));
const most = (depths: Int16Array) => depths.reduce((a, b) => Math.max(a, b));
const level = (samples: Int16Array) => levelOf([...samples], 400);

describe("jitter buffer", () => {
  it("plays what comes as it is, 40 ms after it was needed at the earliest, without a click at the beginning", () => {
    const { heard, depths } = played(100, tone);
    assert.ok(purity(heard.slice(800), 400) > 30, `${purity(heard.slice(800), 400)}`);
    assert.ok(steepest(heard) <= natural, `${steepest(heard)}`);
    assert.ok(most(depths.slice(5)) <= 480, `${most(depths)}`);
  });

  for (const samples of [80, 160, 240, 480])
    it(`takes packets of ${samples / 8} ms`, () => {
      const { heard } = played(150, tone, { samples });
      assert.ok(purity(heard.slice(8000), 400) > 30, `${purity(heard.slice(8000), 400)}`);
    });

  it("grows with the jitter until nothing comes too late any more, and shrinks again after it", () => {
    const random = seeded(1);
    const calmFrom = 1500;
    const travel = (packet: number) => [packet < calmFrom ? 10 + random(90) : 10];
    const { heard, depths } = played(3000, tone, { travel });
    const settled = heard.slice(500 * 160, calmFrom * 160);
    // What is left is a rare stretch by a pitch period.
    assert.ok(level(settled) > level(heard.slice(2900 * 160)) - 1);
    assert.ok(steepest(heard) <= natural * 1.3, `${steepest(heard)}`);
    assert.ok(most(depths.slice(500, calmFrom)) >= 700, `${most(depths.slice(500, calmFrom))}`);
    assert.ok(most(depths.slice(2500)) <= 560, `${most(depths.slice(2500))}`);
  });

  it("puts packets that overtook each other into their order, and plays twins once", () => {
    const random = seeded(2);
    const travel = (packet: number) => [packet % 3 === 0 ? 45 : 5, ...(random(4) === 0 ? [25] : [])];
    const { heard } = played(1000, tone, { travel });
    assert.ok(purity(heard.slice(400 * 160), 400) > 30, `${purity(heard.slice(400 * 160), 400)}`);
  });

  it("goes on in the pitch of what it heard where packets are lost, without a click", () => {
    const random = seeded(3);
    const { heard } = played(1500, tone, { travel: () => (random(100) < 5 ? [] : [10]) });
    const sent = level(played(1500, tone).heard.slice(8000));
    assert.ok(level(heard.slice(8000)) > sent - 0.5, `${level(heard.slice(8000)) - sent}`);
    assert.ok(steepest(heard) <= natural * 1.3, `${steepest(heard)} of ${natural}`);
  });

  it("fades out in 60 ms where nothing comes any more, and comes back softly", () => {
    const { heard } = played(300, tone, { travel: (packet) => (packet >= 100 && packet < 150 ? [] : [10]) });
    const gap = heard.slice(103 * 160 + 480, 148 * 160);
    assert.deepEqual(new Set(gap), new Set([0]));
    assert.ok(steepest(heard) <= natural * 1.3, `${steepest(heard)}`);
    assert.ok(purity(heard.slice(160 * 160), 400) > 30);
  });

  it("is not deeper after a gap than before: what was lost was made up for", () => {
    const { depths } = played(400, tone, { travel: (packet) => (packet % 100 >= 95 ? [] : [10]) });
    assert.ok(most(depths.slice(300)) <= most(depths.slice(5, 90)), `${most(depths.slice(300))}`);
  });

  it("knows silence that is not sent from loss: the next words come with the same delay", () => {
    const { heard, depths } = played(1000, tone, { sends: (packet) => packet % 200 < 100 });
    assert.ok(most(depths.slice(900)) <= 480, `${most(depths.slice(900))}`);
    assert.ok(purity(heard.slice(805 * 160, 890 * 160), 400) > 30);
  });

  it("never waits for more than 200 ms, also after a network that held everything back", () => {
    const travel = (packet: number) => [packet >= 100 && packet < 150 ? 10 + (150 - packet) * 20 : 10];
    const { heard, depths } = played(1000, tone, { travel });
    assert.ok(most(depths) <= 1600, `${most(depths)}`);
    assert.ok(most(depths.slice(900)) <= 560, `${most(depths.slice(900))}`);
    assert.ok(steepest(heard) <= natural * 1.3, `${steepest(heard)}`);
  });

  for (const fast of [0.0005, -0.0005])
    it(`keeps its depth for an hour though the sender's clock goes ${fast * 1e6} ppm wrong, correcting in pauses`, () => {
      // Words of a second, pauses of half a one.
      const speech = (sample: number) => (sample < 8000 ? tone(sample) * Math.sin((Math.PI * sample) / 8000) : 0);
      const random = seeded(4);
      const { heard, depths } = played(180_000, speech, { fast, period: 75, travel: () => [10 + random(20)] });
      const settled = depths.subarray(50);
      assert.ok(most(settled) <= 720 && least(settled) >= 40, `${least(settled)} … ${most(settled)}`);
      assert.ok(steepest(heard) <= natural, `${steepest(heard)}`);
      // No word is touched: of each tenth of a second that is loud all along.
      let worst = Infinity;
      for (let from = 8000 * 60; from + 800 <= heard.length; from += 800) {
        const parts = [0, 200, 400, 600].map((at) => most(heard.subarray(from + at, from + at + 200)));
        if (Math.min(...parts) > 6000) worst = Math.min(worst, purity(heard.subarray(from, from + 800), 400));
      }
      assert.ok(worst > 20, `${worst}`);
    });

  it("begins anew with another source, and with one that counts from elsewhere", () => {
    const source = (packet: number) =>
      [packet < 100 ? 7 : 8, packet * 160 + (packet < 200 ? 5000 : packet < 300 ? 9_000_000 : 40)] as const;
    const { heard, depths } = played(400, tone, { source });
    for (const from of [110, 210, 310])
      assert.ok(purity(heard.subarray(from * 160, (from + 85) * 160), 400) > 30, `from packet ${from} on`);
    assert.ok(steepest(heard) <= natural * 1.3, `${steepest(heard)}`);
    assert.ok(most(depths) <= 480, `${most(depths)}`);
  });
});
