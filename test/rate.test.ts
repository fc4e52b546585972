// So many within so long, also where somebody sets the clock.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Rate } from "../src/rate.ts";
import { FakeClock } from "./support/clock.ts";

describe("A rate", () => {
  it("takes so many within its time, and more after it", async () => {
    const clock = new FakeClock();
    const rate = new Rate(clock, 2, 10_000);
    assert.deepEqual([rate.take(), rate.take(), rate.take()], [true, true, false]);
    await clock.advance(10_000);
    assert.equal(rate.take(), true);
  });

  it("is not used up for a day where the clock was set back by one", async () => {
    const clock = new FakeClock();
    const rate = new Rate(clock, 1, 10_000);
    rate.take();
    clock.set(clock.now() - 86_400_000);
    await clock.advance(10_000);
    assert.equal(rate.take(), true);
  });
});
