import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Silent, silentLimits } from "../../../src/sip/transport/silent.ts";

/** Enters `count` connections from a host each; gives those that were dropped, by their number. */
function crowd(silent: Silent, count: number, host: (n: number) => string): number[] {
  const dropped: number[] = [];
  for (let n = 0; n < count; n++) silent.enter(host(n), () => dropped.push(n));
  return dropped;
}

describe("connections that say nothing", () => {
  it("are 50 of one source at most: the oldest makes way for the newest", () => {
    const silent = new Silent();
    assert.deepEqual(
      crowd(silent, silentLimits.perSource + 2, () => "10.0.0.66"),
      [0, 1],
    );
    assert.equal(silent.size, silentLimits.perSource);
  });

  it("of one source cost no other its place", () => {
    const silent = new Silent();
    const other: string[] = [];
    silent.enter("10.0.0.7", () => other.push("dropped"));
    crowd(silent, 10_000, () => "10.0.0.66");
    assert.deepEqual(other, []);
  });

  it("count one IPv6 /64 together", () => {
    const silent = new Silent();
    assert.equal(crowd(silent, silentLimits.perSource + 5, (n) => `2001:db8::${n}`).length, 5);
  });

  it("are 1000 of all sources at most, so that there is always room for who speaks", () => {
    const silent = new Silent();
    const dropped = crowd(silent, silentLimits.together + 3, (n) => `10.1.${n >> 8}.${n & 255}`);
    assert.deepEqual([dropped, silent.size], [[0, 1, 2], silentLimits.together]);
  });

  it("are no longer counted once they spoke or ended, however often that is said", () => {
    const silent = new Silent();
    const ends = Array.from({ length: silentLimits.perSource }, () =>
      silent.enter("10.0.0.66", () => assert.fail("dropped")),
    );
    for (const end of [...ends, ...ends]) end();
    assert.equal(silent.size, 0);
    crowd(silent, silentLimits.perSource, () => "10.0.0.66");
  });
});
